#include "core/config/toml_hints.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace delegate::config {
namespace {

constexpr std::size_t kLongestShown = 60;
constexpr std::string_view kQuotes = "\"'";

bool is_name(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string written(std::string_view key, std::string_view value) {
  return "write `" + one_line(key, kLongestShown) + " = " + one_line(value, kLongestShown) + "`";
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// Each element that is a bare word in quotes: "[claude, \"codex\"]" as "[\"claude\", \"codex\"]".
std::string quoted_list(std::string_view list) {
  std::vector<std::string> elements;
  for (const std::string_view part : split(list.substr(1, list.size() - 2), ',')) {
    const std::string_view element = trim(part);
    elements.push_back(is_name(element) ? quoted(element) : std::string(element));
  }
  return "[" + join(elements, ", ") + "]";
}

/// The value that was meant; empty: it is not clear.
std::string meant_value(std::string_view value) {
  constexpr std::array<std::string_view, 2> kOn{"yes", "on"};
  constexpr std::array<std::string_view, 2> kOff{"no", "off"};
  const std::string small = lower(value);
  if (std::find(kOn.begin(), kOn.end(), small) != kOn.end() || small == "true") return "true";
  if (std::find(kOff.begin(), kOff.end(), small) != kOff.end() || small == "false") return "false";
  if (value.starts_with('[') && value.ends_with(']') && value.find_first_of("[{", 1) == std::string_view::npos)
    return quoted_list(value);
  if (value.size() > 1 && kQuotes.find(value.front()) != std::string_view::npos &&
      value.find(value.front(), 1) == std::string_view::npos)
    return std::string(value) + value.front();
  const bool is_plain = value.find_first_of("\"'[]{}=\\") == std::string_view::npos;
  return is_plain && !value.empty() ? quoted(value) : std::string();
}

}  // namespace

std::string hint_for_syntax(std::string_view line) {
  const std::string_view whole = trim(line);
  const std::string_view text = trim(whole.substr(0, whole.find(" #")));
  if (text.starts_with('[')) {
    if (text.find(']') == std::string_view::npos && is_name(trim(text.substr(1))))
      return "write `[" + std::string(trim(text.substr(1))) + "]`";
    return {};
  }
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.find(':');
  const std::size_t sign = std::min(equals, colon);
  if (sign == std::string_view::npos) return {};
  const std::string_view key = trim(text.substr(0, sign));
  const std::string_view value = trim(text.substr(sign + 1));
  if (!is_name(key)) return {};
  const bool is_value = !value.empty() && kQuotes.find(value.front()) != std::string_view::npos && value.size() > 1 &&
                        value.back() == value.front();
  if (sign == colon && is_value) return written(key, value);
  const std::string meant = meant_value(value);
  return meant.empty() || (sign == equals && meant == value) ? std::string() : written(key, meant);
}

}  // namespace delegate::config
