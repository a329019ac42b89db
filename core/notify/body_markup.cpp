#include "core/notify/body_markup.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::size_t kLongestSummary = 120;
constexpr std::size_t kLongestBody = 400;
constexpr std::size_t kUncut = std::numeric_limits<std::size_t>::max();

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

/// Length of the character that starts `text`, which is valid UTF-8.
std::size_t character_length(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

std::uint32_t code_point(std::string_view character) {
  if (character.size() == 1) return byte_at(character, 0);
  std::uint32_t code = byte_at(character, 0) & (0x7Fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte_at(character, i) & 0x3Fu);
  return code;
}

/// Valid UTF-8, but no characters: libsystemd takes a text with one of them for broken.
bool is_noncharacter(std::uint32_t code) { return (code & 0xFFFEu) == 0xFFFEu || (code >= 0xFDD0 && code <= 0xFDEF); }

std::string only_characters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, character_length(text));
    out += is_noncharacter(code_point(character)) ? std::string_view("\xEF\xBF\xBD") : character;
    text.remove_prefix(character.size());
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

std::string shortened(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t cut = longest;
  while (cut > 0 && (byte_at(text, cut) & 0xC0) == 0x80) --cut;
  text.resize(cut);
  return text + "…";
}

}  // namespace

std::string summary_text(std::string_view text) { return only_characters(one_line(text, kLongestSummary)); }

std::string body_markup(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(trim(text), '\n')) lines.push_back(one_line(line, kUncut));
  return escaped(shortened(only_characters(join(lines, "\n")), kLongestBody));
}

}  // namespace delegate::notify::desktop
