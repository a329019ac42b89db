#pragma once
#include "core/quota/windows.hpp"

// Where the use of a window leads. Pure.
namespace delegate {

/// Does it say something about the next calls? A server's limit without a stated end is renewed before long, and as
/// long as no call is made no newer figure comes: it is only shown.
bool may_steer(const WindowView& window);

/// When the window will be used up if its use goes on as on average since it began; nothing: not before its end, or too
/// little of it has passed to say so.
std::optional<milliseconds> used_up_at(const WindowView& window, milliseconds now);

/// How much a login can still take: the share that is left divided by the share of the window's time that is left, the
/// smallest over its windows. 1: it lasts exactly. Windows of another model than `model` do not count (empty: only
/// those that count all do). Nothing: no window has the figures for it.
std::optional<double> headroom(const std::vector<WindowView>& windows, std::string_view model, milliseconds now);

}  // namespace delegate
