#include "core/mcp/lines.hpp"

#include <utility>

namespace delegate::mcp {

Lines::Found Lines::take(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  keep(bytes.substr(0, end));
  if (end == std::string_view::npos) {
    bytes = {};
    return Found::nothing;
  }
  bytes.remove_prefix(end + 1);
  return end_line();
}

Lines::Found Lines::finish() {
  keep({});
  return line_.empty() && !overlong_ ? Found::nothing : end_line();
}

void Lines::keep(std::string_view part) {
  if (std::exchange(complete_, false)) {
    // One long line is no reason to hold its memory for ever.
    if (line_.capacity() > 1u << 20) line_ = {};
    line_.clear();
  }
  if (part.size() > longest_ - line_.size()) overlong_ = true;
  if (overlong_) line_.clear();
  else line_ += part;
}

Lines::Found Lines::end_line() {
  complete_ = true;
  return std::exchange(overlong_, false) ? Found::too_long : Found::line;
}

}  // namespace delegate::mcp
