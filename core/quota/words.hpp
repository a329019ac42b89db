#pragma once
#include <string>

#include "core/quota/windows.hpp"

// Windows in words for people.
namespace delegate {

/// "week", "5 h window", "week of opus", "30 d window".
std::string window_words(std::string_view name);
/// "12 %": rounded down, so that no more is promised than is left.
std::string left_words(const WindowView& window);
/// "16:40", or "Tue 09:00" on another day, in local time; with the date from a week on.
std::string moment_words(milliseconds at, milliseconds now);

}  // namespace delegate
