#include "cli/markdown/stream.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate::cli::markdown {
namespace {

constexpr std::size_t kLongestBlock = 64u << 10;
constexpr std::string_view kBlanks = " \t\r\n";

/// Without the indentation and the markers of a list's items.
std::string_view item_text(std::string_view line) {
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const std::size_t digits = line.find_first_not_of("0123456789");
    const std::size_t marker = digits == std::string_view::npos ? 0 : digits;
    const std::string_view ends = marker == 0 ? "-*+" : ".)";
    if (marker + 1 >= line.size() || ends.find(line[marker]) == std::string_view::npos || line[marker + 1] != ' ')
      return line;
    line.remove_prefix(marker + 2);
  }
}

/// The fence that a line begins with, like "```"; empty if none.
std::string_view fence_of(std::string_view text) {
  if (text.empty() || (text.front() != '`' && text.front() != '~')) return {};
  const std::string_view fence = text.substr(0, text.find_first_not_of(text.front()));
  const bool is_code_span = fence.front() == '`' && text.substr(fence.size()).find('`') != std::string_view::npos;
  return fence.size() < 3 || is_code_span ? std::string_view{} : fence;
}

/// `fence`: what ends the fenced code block that is open before the line, and then after it; empty: none is.
void pass_fence(std::string& fence, std::string_view line) {
  const std::string_view text = trim(line);
  if (fence.empty()) fence = fence_of(item_text(line));
  else if (text.starts_with(fence) && text.find_first_not_of(fence.front()) == std::string_view::npos) fence.clear();
}

/// Where the definition of a link or a footnote begins in a line: "[1]: https://a.example". npos: there is none.
std::size_t begin_of_definition(std::string_view line) {
  constexpr std::size_t kOfCode = 4;  // blanks in front of a line of code
  const std::size_t begin = line.find_first_not_of(" \t>-*+0123456789.)");
  if (begin == std::string_view::npos || line[begin] != '[' || line.find_first_not_of(' ') >= kOfCode)
    return std::string_view::npos;
  const std::size_t end = line.find(']', begin);
  const bool is_defined = end != std::string_view::npos && line.substr(end + 1).starts_with(':');
  return is_defined ? begin : std::string_view::npos;
}

/// What refers to a definition may have been printed before it comes, so definitions are text like any other.
std::string with_definitions_as_text(std::string_view block) {
  std::string out;
  std::string fence;
  for (std::string_view rest = block; !rest.empty();) {
    const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    const std::size_t definition = fence.empty() ? begin_of_definition(line) : std::string_view::npos;
    out += line.substr(0, definition);
    if (definition != std::string_view::npos) out.append("\\").append(line.substr(definition));
    pass_fence(fence, line);
  }
  return out;
}

}  // namespace

void Stream::pass_line(std::string_view line) {
  after_empty_ = trim(line).empty() && fence_.empty();
  pass_fence(fence_, line);
}

bool Stream::begins_block() const {
  return after_empty_ && passed_ < held_.size() && kBlanks.find(held_[passed_]) == std::string_view::npos;
}

std::string Stream::shown(std::string_view block) {
  if (block.find_first_not_of(kBlanks) == std::string_view::npos) return {};
  std::string out = rendered(with_definitions_as_text(block), layout_).value_or(with_newline(escape_controls(block)));
  if (has_printed_ && !out.empty()) out.insert(0, "\n");
  has_printed_ = has_printed_ || !out.empty();
  return out;
}

std::string Stream::take_complete() {
  std::string out;
  std::size_t begin = 0;
  while (passed_ - begin <= kLongestBlock) {
    if (begins_block()) {
      out += shown(std::string_view(held_).substr(begin, passed_ - begin));
      begin = passed_;
      after_empty_ = false;
    }
    const std::size_t end = held_.find('\n', passed_);
    if (end == std::string::npos) break;
    pass_line(std::string_view(held_).substr(passed_, end - passed_));
    passed_ = end + 1;
  }
  held_.erase(0, begin);
  passed_ -= begin;
  return out;
}

std::string Stream::add(std::string_view text) {
  if (is_plain_) return escape_controls(text);
  held_ += text;
  std::string out = take_complete();
  if (held_.size() <= kLongestBlock) return out;
  is_plain_ = true;
  if (has_printed_) out += "\n";
  out += escape_controls(held_);
  held_.clear();
  return out;
}

std::string Stream::finish() {
  std::string out = shown(held_);
  *this = Stream(layout_);
  return out;
}

}  // namespace delegate::cli::markdown
