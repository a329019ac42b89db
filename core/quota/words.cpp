#include "core/quota/words.hpp"

#include <cmath>

#include "core/base/duration.hpp"

namespace delegate {
namespace {

constexpr milliseconds kSixDays{std::chrono::hours(6 * 24)};

/// "24h" -> "24 h".
std::string with_space(std::string_view length) {
  std::string text(length);
  const std::size_t unit = text.find_first_not_of("0123456789");
  if (unit != std::string::npos && unit > 0) text.insert(unit, 1, ' ');
  return text;
}

}  // namespace

std::string window_words(std::string_view name) {
  const std::string_view model = model_of_window(name);
  const std::string of_model = model.empty() ? "" : " of " + std::string(model);
  if (name.starts_with(kSevenDay)) return "week" + of_model;
  if (name.starts_with(kFiveHour)) return "5 h window" + of_model;
  return with_space(name) + (window_length(name) ? " window" : " limit");
}

std::string left_words(const WindowView& window) {
  constexpr double kRounding = 1e-9;
  return std::to_string(static_cast<int>(std::floor(window.left() * 100 + kRounding))) + " %";
}

std::string moment_words(milliseconds at, milliseconds now) {
  if (format_local(at, "%F") == format_local(now, "%F")) return format_local(at, "%H:%M");
  return format_local(at, at - now < kSixDays ? "%a %H:%M" : "%a %-d %b %H:%M");
}

}  // namespace delegate
