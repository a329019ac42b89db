#include "cli/terminal/terminal.hpp"

#include <sys/ioctl.h>

#include "core/base/utf8.hpp"

namespace delegate::cli {
std::optional<int> columns_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return size.ws_col > 0 ? size.ws_col : 80;  // a terminal that does not know its size
}

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = take_code_point(text);
    const bool is_c0 = next.value < 0x20 && next.value != '\n' && next.value != '\t';
    const bool is_c1 = next.value >= 0x80 && next.value < 0xA0;
    if (is_c0) out += {'^', static_cast<char>(next.value + '@')};
    else if (next.value == 0x7F) out += "^?";
    else if (is_c1 || !next.is_valid) out += "\uFFFD";
    else out += next.bytes;
  }
  return out;
}

}  // namespace delegate::cli
