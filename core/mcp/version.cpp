#include "core/mcp/version.hpp"

#include <array>
#include <cstddef>

namespace delegate::mcp {
namespace {

constexpr std::array<std::string_view, 5> kNames{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"};

}  // namespace

std::string_view name_of(Version version) { return kNames.at(static_cast<std::size_t>(version)); }

std::optional<Version> version_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames.at(i) == name) return static_cast<Version>(i);
  return std::nullopt;
}

}  // namespace delegate::mcp
