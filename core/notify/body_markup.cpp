#include "core/notify/body_markup.hpp"

#include <limits>
#include <vector>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::size_t kLongestSummary = 120;
constexpr std::size_t kLongestBody = 400;
constexpr std::size_t kUncut = std::numeric_limits<std::size_t>::max();

/// Noncharacters are valid UTF-8, but libsystemd rejects a string that contains one.
bool is_noncharacter(char32_t code) { return (code & 0xFFFEu) == 0xFFFEu || (code >= 0xFDD0 && code <= 0xFDEF); }

std::string only_characters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = take_code_point(text);
    out += is_noncharacter(point.value) ? std::string_view("\uFFFD") : point.bytes;
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}

}  // namespace

std::string summary_text(std::string_view text) { return only_characters(one_line(text, kLongestSummary)); }

std::string body_text(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(trim(text), '\n')) lines.push_back(one_line(line, kUncut));
  return shortened_to_bytes(only_characters(join(lines, "\n")), kLongestBody);
}

std::string body_markup(std::string_view text) { return escaped(body_text(text)); }

}  // namespace delegate::notify::desktop
