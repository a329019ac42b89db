#include "cli/terminal/terminal.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace delegate::cli {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

/// The first one of a text that is not empty; a byte that is no UTF-8 stands for itself.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  std::size_t bytes = 1;
  if (lead >= 0xF0) bytes = 4;
  else if (lead >= 0xE0) bytes = 3;
  else if (lead >= 0xC0) bytes = 2;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  std::uint32_t code = lead & (0xFFu >> (bytes + 1));
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {lead, 1};
    code = (code << 6) | (byte(at) & 0x3Fu);
  }
  return {code, bytes};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};
// The blocks that terminals draw over two columns (Unicode's East Asian Width W and F, and emoji).
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 4> kCombining = {{{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

template <std::size_t size>
bool is_in(const std::array<Range, size>& ranges, std::uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

int columns_for(std::uint32_t code) {
  if (is_in(kCombining, code)) return 0;
  return is_in(kWide, code) ? 2 : 1;
}

}  // namespace

std::optional<int> columns_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return size.ws_col > 0 ? size.ws_col : 80;  // a terminal that does not know its size
}

int width_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    columns += columns_for(next.code);
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string cut_to(std::string_view line, int columns) {
  if (width_of(line) <= columns) return std::string(line);
  std::string out;
  for (int left = columns - 1; !line.empty();) {
    const Character next = first_of(line);
    left -= columns_for(next.code);
    if (left < 0) break;
    out += line.substr(0, next.bytes);
    line.remove_prefix(next.bytes);
  }
  return columns > 0 ? out + "…" : out;
}

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_of(text);
    const bool is_c0 = next.code < 0x20 && next.code != '\n' && next.code != '\t';
    const bool is_c1 = next.code >= 0x80 && next.code < 0xA0;
    const bool is_broken = next.bytes == 1 && next.code >= 0x80;
    if (is_c0) out += {'^', static_cast<char>(next.code + '@')};
    else if (next.code == 0x7F) out += "^?";
    else if (is_c1 || is_broken) out += "\uFFFD";
    else out += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace delegate::cli
