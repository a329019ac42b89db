#include "core/base/pieces.hpp"

#include <algorithm>

#include "core/base/utf8.hpp"

namespace delegate {
namespace {

constexpr std::string_view kBrokenCharacter = "\uFFFD";
constexpr std::size_t kHalf = 3;  // bytes of half a pair

unsigned value_of(char byte) { return static_cast<unsigned char>(byte); }
bool is_not_ascii(char byte) { return value_of(byte) >= 0x80; }
bool is_continuation(char byte) { return (value_of(byte) & 0xC0) == 0x80; }

/// Half of a surrogate pair at the beginning of `text`; 0: there is none.
char16_t half_at(std::string_view text) {
  if (text.size() < kHalf || value_of(text[0]) != 0xED || value_of(text[1]) < 0xA0 || !is_continuation(text[1]) ||
      !is_continuation(text[2]))
    return 0;
  return static_cast<char16_t>(0xD000 | (value_of(text[1]) & 0x3F) << 6 | (value_of(text[2]) & 0x3F));
}

bool is_first(char16_t half) { return half >= 0xD800 && half < 0xDC00; }
bool is_second(char16_t half) { return half >= 0xDC00; }

std::string joined(char16_t first, char16_t second) {
  const unsigned value = 0x10000u + ((first & 0x3FFu) << 10) + (second & 0x3FFu);
  return {static_cast<char>(0xF0 | value >> 18), static_cast<char>(0x80 | (value >> 12 & 0x3F)),
          static_cast<char>(0x80 | (value >> 6 & 0x3F)), static_cast<char>(0x80 | (value & 0x3F))};
}

std::size_t length_by_first(char byte) {
  const unsigned value = value_of(byte);
  return value >= 0xF0 && value < 0xF5 ? 4 : value >= 0xE0 && value < 0xF0 ? 3 : value >= 0xC2 && value < 0xE0 ? 2 : 1;
}

/// All of `text` is the beginning of a character.
bool is_begun(std::string_view text) {
  if (text.empty() || text.size() >= length_by_first(text[0])) return false;
  for (const char byte : text.substr(1))
    if (!is_continuation(byte)) return false;
  return true;
}

/// Nothing: only the beginning of a character is left.
std::string take_character(std::string_view& text, bool more_may_come) {
  const char16_t half = half_at(text);
  if (is_first(half) && is_second(half_at(text.substr(kHalf)))) {
    const char16_t second = half_at(text.substr(kHalf));
    text.remove_prefix(2 * kHalf);
    return joined(half, second);
  }
  const bool is_open = is_begun(text) || (is_first(half) && (text.size() == kHalf || is_begun(text.substr(kHalf))));
  if (more_may_come && is_open) return {};
  if (half != 0) {
    text.remove_prefix(kHalf);
    return std::string(kBrokenCharacter);
  }
  const CodePoint point = take_code_point(text);
  return std::string(point.is_valid ? point.bytes : kBrokenCharacter);
}

void append_characters(std::string& text, std::string_view& rest, bool more_may_come) {
  while (!rest.empty()) {
    const auto plain = static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), is_not_ascii) - rest.begin());
    text += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) return;
    const std::string character = take_character(rest, more_may_come);
    if (character.empty()) return;
    text += character;
  }
}

}  // namespace

void append_piece(std::string& text, std::string& cut, std::string_view piece) {
  const std::string bytes = cut.append(piece);
  std::string_view rest = bytes;
  append_characters(text, rest, true);
  cut = std::string(rest);
}

void append_end(std::string& text, std::string& cut) {
  std::string_view rest = cut;
  append_characters(text, rest, false);
  cut.clear();
}

std::string valid_pieces(std::string_view piece) {
  std::string text;
  append_characters(text, piece, false);
  return text;
}

std::string bytes_of_half(char16_t half) {
  return {static_cast<char>(0xE0 | half >> 12), static_cast<char>(0x80 | (half >> 6 & 0x3F)),
          static_cast<char>(0x80 | (half & 0x3F))};
}

}  // namespace delegate
