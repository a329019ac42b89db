#include "core/config/quiet_hours.hpp"

#include <charconv>

#include "core/base/text.hpp"

namespace delegate::config {
namespace {

/// Of one or two digits, below the limit.
std::optional<int> clock_number(std::string_view digits, int limit) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || digits.size() > 2 || number < 0 || number >= limit) return std::nullopt;
  return number;
}

/// "7:00", "22:30".
std::optional<std::chrono::minutes> time_of_day(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.size() - colon != 3) return std::nullopt;
  const auto hour = clock_number(text.substr(0, colon), 24);
  const auto minute = clock_number(text.substr(colon + 1), 60);
  if (!hour || !minute) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

}  // namespace

std::optional<QuietHours> quiet_hours_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto begin = time_of_day(trim(text.substr(0, dash)));
  const std::string_view last = trim(text.substr(dash + 1));
  const auto end = last == "24:00" ? std::optional<std::chrono::minutes>(std::chrono::hours(24)) : time_of_day(last);
  if (!begin || !end) return std::nullopt;
  return QuietHours{*begin, *end};
}

}  // namespace delegate::config
