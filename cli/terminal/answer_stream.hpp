#pragma once
#include <optional>
#include <string>

#include "cli/markdown/stream.hpp"
#include "cli/terminal/output.hpp"
#include "core/run/output_delta.hpp"

namespace delegate::cli {

/// The answer on stdout, written as it arrives. Newlines at the end are held back until more text follows, so that a
/// streamed answer has the same bytes as one that is printed at once. Laid out as Markdown, each block is written when
/// it is complete.
class AnswerStream {
 public:
  explicit AnswerStream(const World& world, const std::optional<markdown::Layout>& layout = {});

  /// Part of the answer has come; of a block that is not complete nothing is written yet.
  bool has_begun() const { return begun_; }
  /// stdout is a terminal, probably the same one as stderr.
  bool shares_terminal() const { return on_terminal_; }
  /// The cursor is not in an unfinished line of the answer.
  bool is_at_line_start() const { return at_line_start_; }
  /// stdout cannot be written any more; `finish` reports why, unless the reader closed the pipe.
  bool is_closed() const { return !status_; }
  void add(const OutputDelta& delta);
  /// Writes the rest of the answer, of which `text` is what follows the first `streamed` bytes. Returns the exit code:
  /// 0 if all was written or the reader closed the pipe.
  int finish(const Output& output, std::string_view text, std::size_t streamed = 0);
  /// The run has no answer: ends the text written so far with a newline.
  int break_off(const Output& output);

 private:
  void write(std::string_view text);  // of the answer
  void print(std::string_view text);  // as it is
  void end_line();
  void note_written(std::string_view text);
  bool continues_with(std::string_view text, std::size_t streamed) const;

  const World& world_;
  bool on_terminal_;
  std::optional<markdown::Stream> layout_;
  bool begun_ = false;
  bool at_line_start_ = true;
  // Of the current draft:
  std::size_t written_ = 0;  // bytes
  std::string end_;          // the last ones of these
  std::string held_;         // newlines that are not written yet
  Status status_;
};

}  // namespace delegate::cli
