#include "core/quota/words.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/duration.hpp"

namespace delegate {
namespace {

/// The label of the window that a name begins with, and the model behind it; empty: it begins with none.
struct Parts {
  std::string window;
  std::string model;
  bool is_window = true;  // no: a limit of a server
};

std::string spaced(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

Parts parts_of(std::string_view name) {
  for (const auto& [window, words] : {std::pair{kFiveHour, "5 h"}, std::pair{kSevenDay, "week"}})
    if (name == window || (name.starts_with(window) && !model_of_window(name).empty()))
      return {words, spaced(model_of_window(name))};
  const bool is_spelt = window_length(name) && name.front() >= '0' && name.front() <= '9';
  if (!is_spelt) return {spaced(name), {}, false};
  return {std::string(name.substr(0, name.size() - 1)) + " " + name.back(), {}};  // "24h"
}

}  // namespace

std::string window_words(std::string_view name) {
  const Parts parts = parts_of(name);
  return parts.model.empty() ? parts.window : parts.window + " " + parts.model;
}

std::string window_noun(std::string_view name) {
  const Parts parts = parts_of(name);
  const bool is_week = parts.window == "week";
  return parts.window +
         (is_week           ? ""
          : parts.is_window ? " window"
                            : " limit") +
         (parts.model.empty() ? "" : " of " + parts.model);
}

int percent_used(double used) {
  if (used <= 0) return 0;
  if (used >= 1) return 100;
  return std::clamp(static_cast<int>(std::lround(used * 100)), 1, 99);
}

std::string used_percent_words(const WindowView& window) { return std::to_string(percent_used(window.used)) + " %"; }
std::string left_percent_words(const WindowView& window) { return std::to_string(percent_left(window.used)) + " %"; }

std::string moment_words(milliseconds at, milliseconds now) {
  constexpr milliseconds kWeek = std::chrono::hours(24 * 7);
  const milliseconds shown = std::chrono::ceil<std::chrono::minutes>(std::chrono::floor<std::chrono::seconds>(at));
  if (format_local(shown, "%F") == format_local(now, "%F")) return format_local(shown, "%H:%M");
  const bool is_clear = shown - now < kWeek && format_local(shown, "%a") != format_local(now, "%a");
  return format_local(shown, is_clear ? "%a %H:%M" : "%-d %b");
}

}  // namespace delegate
