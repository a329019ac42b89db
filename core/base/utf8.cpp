#include "core/base/utf8.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace delegate {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";
constexpr std::string_view kEllipsis = "…";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

int columns_of(const CodePoint& point) {
  return std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(point.value)));
}

}  // namespace

CodePoint take_code_point(std::string_view& text) {
  utf8proc_int32_t value = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const utf8proc_ssize_t length = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &value);
  CodePoint point{.value = U'\uFFFD', .bytes = text.substr(0, 1), .is_valid = false};
  if (length > 0) point = {static_cast<char32_t>(value), text.substr(0, static_cast<std::size_t>(length)), true};
  text.remove_prefix(point.bytes.size());
  return point;
}

bool is_control(char32_t value) { return value < 0x20 || (value >= 0x7F && value <= 0x9F); }

bool is_direction_mark(char32_t value) { return value == 0x061C || value == 0x200E || value == 0x200F; }

bool is_steering(char32_t value) {
  return is_direction_mark(value) || (value >= 0x2028 && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
}

std::string code_point_name(char32_t value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string digits;
  for (int shift = value > 0xFFFF ? 20 : 12; shift >= 0; shift -= 4) digits += kDigits[value >> shift & 0xF];
  return "<U+" + digits + ">";
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = take_code_point(text);
    out += point.is_valid ? point.bytes : kReplacement;
  }
  return out;
}

std::string_view cut_to_bytes(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && continues(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

std::string shortened_to_bytes(std::string_view text, std::size_t bytes) {
  std::string out(cut_to_bytes(text, bytes));
  return text.size() <= bytes ? out : out.append(kEllipsis);
}

int display_width(std::string_view text) {
  int columns = 0;
  while (!text.empty()) columns += columns_of(take_code_point(text));
  return columns;
}

std::string cut_to_columns(std::string_view line, int columns) {
  if (display_width(line) <= columns) return std::string(line);
  std::string out;
  for (int left = columns - 1; !line.empty();) {
    const CodePoint point = take_code_point(line);
    left -= columns_of(point);
    if (left < 0) break;
    out += point.bytes;
  }
  return columns > 0 ? out.append(kEllipsis) : out;
}

}  // namespace delegate
