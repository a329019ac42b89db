#pragma once
#include "core/quota/windows.hpp"

namespace delegate {

/// Raises `announced` of each window to the highest of these shares (percent) that its use has reached. A window that
/// is over is left out, and so is one that is shorter than an hour or of unknown length: limits per minute are reached
/// and renewed all the time. Pure.
void announce(Quota& quota, const std::vector<int>& shares, milliseconds now);

}  // namespace delegate
