#include "core/quota/pace.hpp"

#include <algorithm>

namespace delegate {
namespace {

double share_of(milliseconds part, milliseconds whole) {
  return static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

/// Less of a window says nothing about its pace.
constexpr double kTooEarly = 0.05;

std::optional<double> headroom_of(const WindowView& window, milliseconds now) {
  if (!window.length || *window.length <= milliseconds(0)) return std::nullopt;
  // A window that has not begun has all of its time.
  const milliseconds time_left = window.ends_at ? *window.ends_at - now : *window.length;
  const double share = std::clamp(share_of(time_left, *window.length), 0.01, 1.0);
  return window.left() / share;
}

}  // namespace

bool may_steer(const WindowView& window) {
  const bool is_believed_long =
      window.length && (window.name == window_name(*window.length) || !model_of_window(window.name).empty());
  return window.ends_at || is_believed_long;
}

std::optional<milliseconds> used_up_at(const WindowView& window, milliseconds now) {
  if (!window.ends_at || !window.length || *window.length <= milliseconds(0)) return std::nullopt;
  const milliseconds began = *window.ends_at - *window.length;
  const milliseconds passed = window.heard_at - began;
  if (window.used <= 0 || window.used >= 1 || share_of(passed, *window.length) < kTooEarly) return std::nullopt;
  const double needed = static_cast<double>(passed.count()) / window.used;
  if (needed >= static_cast<double>(window.length->count())) return std::nullopt;  // also what no integer can hold
  const milliseconds at = began + milliseconds(static_cast<std::int64_t>(needed));
  return at > now ? std::optional(at) : std::nullopt;
}

std::optional<double> headroom(const std::vector<WindowView>& windows, std::string_view model, milliseconds now) {
  std::optional<double> least;
  for (const WindowView& window : windows) {
    if (!counts_model(window.name, model) || !may_steer(window)) continue;
    const auto one = headroom_of(window, now);
    if (one && (!least || *one < *least)) least = one;
  }
  return least;
}

}  // namespace delegate
