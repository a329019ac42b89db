#pragma once
#include <chrono>
#include <string>

// How the figures of a window are written for people. Pure, except that it reads the local time zone.
namespace delegate {

using std::chrono::milliseconds;

/// Rounded, but 0 only if nothing is used and 100 only if nothing is left.
int percent_used(double used);
inline int percent_left(double used) { return 100 - percent_used(used); }

/// "16:40", or "Tue 09:00" if that is not today, or "8 Dec" if the weekday would not be clear. Rounded up to the
/// minute: nothing is announced as renewed before it is.
std::string moment_words(milliseconds at, milliseconds now);

}  // namespace delegate
