#pragma once
#include <string>

#include "cli/terminal/output.hpp"
#include "core/run/output_delta.hpp"

namespace delegate::cli {

/// The answer on stdout while it is being written. Newlines at the end are held back until more follows, so that what
/// came in pieces is the same, byte for byte, as what comes whole.
class AnswerStream {
 public:
  explicit AnswerStream(const World& world);

  /// Something of it is out.
  bool has_begun() const { return begun_; }
  /// It stands on a terminal, as stderr probably does.
  bool shares_terminal() const { return on_terminal_; }
  /// Nothing of an unfinished line would be written over.
  bool is_at_line_start() const { return at_line_start_; }
  /// stdout can take no more; `finish` says why, or that nobody reads any longer.
  bool is_closed() const { return !status_; }
  void add(const OutputDelta& delta);
  /// The whole answer: writes what of it is not out yet. Returns the exit code: 0 when all was written or the reader
  /// has gone away.
  int finish(const Output& output, const std::string& answer);
  /// There will be no answer: what is out ends in a newline.
  int break_off(const Output& output);

 private:
  void write(std::string_view text);
  void end_line();
  int exit_code(const Output& output) const;

  const World& world_;
  bool on_terminal_;
  bool begun_ = false;
  bool at_line_start_ = true;
  std::string out_;   // of the current draft: what has been written
  std::string held_;  // … and newlines that have not
  Status status_;
};

}  // namespace delegate::cli
