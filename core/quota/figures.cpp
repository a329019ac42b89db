#include "core/quota/figures.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/duration.hpp"

namespace delegate {

int percent_used(double used) {
  if (used <= 0) return 0;
  if (used >= 1) return 100;
  return std::clamp(static_cast<int>(std::lround(used * 100)), 1, 99);
}

std::string moment_words(milliseconds at, milliseconds now) {
  constexpr milliseconds kWeek = std::chrono::hours(24 * 7);
  const milliseconds shown = std::chrono::ceil<std::chrono::minutes>(std::chrono::floor<std::chrono::seconds>(at));
  if (format_local(shown, "%F") == format_local(now, "%F")) return format_local(shown, "%H:%M");
  const bool is_clear = shown - now < kWeek && format_local(shown, "%a") != format_local(now, "%a");
  return format_local(shown, is_clear ? "%a %H:%M" : "%-d %b");
}

}  // namespace delegate
