#include "backends/quota_fields.hpp"

#include <cmath>

namespace delegate {

std::optional<double> amount_at(const Json& json, std::initializer_list<const char*> places) {
  constexpr double kMost = 1e12;
  for (const char* place : places)
    if (const auto value = number_at(json, place); value && *value >= 0 && *value < kMost) return value;
  return std::nullopt;
}

std::optional<milliseconds> seconds_at(const Json& json, std::initializer_list<const char*> places) {
  const auto seconds = amount_at(json, places);
  return seconds ? std::optional(milliseconds(std::llround(*seconds * 1000))) : std::nullopt;
}

}  // namespace delegate
