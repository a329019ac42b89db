#pragma once
#include <string>
#include <string_view>

#include "core/quota/windows.hpp"

// Windows and their figures as people read them. Pure, except that it reads the local time zone.
namespace delegate {

/// A label: "5 h", "week", "week opus", "24 h", "requests".
std::string window_words(std::string_view name);
/// The same inside of a sentence: "5 h window", "week", "week of opus", "requests limit".
std::string window_noun(std::string_view name);

/// Rounded, but 0 only if nothing is used and 100 only if nothing is left.
int percent_used(double used);
inline int percent_left(double used) { return 100 - percent_used(used); }
std::string used_percent_words(const WindowView& window);  // "88 %"
std::string left_percent_words(const WindowView& window);  // "12 %"

/// "16:40", or "Tue 09:00" if that is not today, or "8 Dec" if the weekday would not be clear. Rounded up to the
/// minute: nothing is announced as renewed before it is.
std::string moment_words(milliseconds at, milliseconds now);

}  // namespace delegate
