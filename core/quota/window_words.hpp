#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// A window's name as a person would say it: "5 h", "week", "week opus", "24 h", "requests".
std::string window_words(std::string_view name);

/// "37 %", of a share.
std::string percent_words(double share);

}  // namespace delegate
