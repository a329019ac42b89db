#include "core/quota/window_words.hpp"

#include <algorithm>
#include <cmath>

#include "core/quota/windows.hpp"

namespace delegate {
namespace {

std::string spaced(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace

std::string window_words(std::string_view name) {
  for (const auto& [window, words] : {std::pair{kFiveHour, "5 h"}, std::pair{kSevenDay, "week"}}) {
    if (name == window) return words;
    const std::string_view model = name.starts_with(window) ? model_of_window(name) : std::string_view();
    if (!model.empty()) return std::string(words) + " " + spaced(model);
  }
  if (!window_length(name)) return spaced(name);
  return std::string(name.substr(0, name.size() - 1)) + " " + name.back();  // "24h"
}

std::string percent_words(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

}  // namespace delegate
