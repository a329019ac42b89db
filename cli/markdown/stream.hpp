#pragma once
#include <string>
#include <string_view>

#include "cli/markdown/block.hpp"

namespace delegate::cli::markdown {

/// Markdown that arrives in pieces. A block is returned when it is complete, so nothing printed must be taken back: at
/// an empty line that is neither in a fenced code block nor followed by an indented line. A block that is longer than
/// what is held back at most, and all that follows it, is plain text.
class Stream {
 public:
  explicit Stream(const Layout& layout) : layout_(layout) {}

  /// What can be printed now.
  std::string add(std::string_view text);
  /// The rest; the next piece begins a new text.
  std::string finish();

 private:
  std::string take_complete();
  std::string shown(std::string_view block);
  void pass_line(std::string_view line);
  bool begins_block() const;  // the line that was not looked at yet

  Layout layout_;
  std::string held_;
  std::size_t passed_ = 0;    // bytes of held_ whose lines have been looked at
  std::string fence_;         // what ends the fenced code block that is open
  bool after_empty_ = false;  // the last line that was looked at is empty
  bool has_printed_ = false;
  bool is_plain_ = false;
};

}  // namespace delegate::cli::markdown
