#pragma once
#include <string>
#include <string_view>

#include "cli/world.hpp"
#include "core/base/redact.hpp"
#include "core/base/result.hpp"
#include "core/run/remarks.hpp"

namespace delegate::cli {

/// The two output streams of the program. stdout carries the answer only; everything else goes to stderr, one line
/// each, with the secrets of the environment and everything that looks like one removed.
class Output {
 public:
  explicit Output(const World& world);

  /// On a terminal, characters that steer the direction of text are shown, not obeyed.
  /// 0 if all was written or the reader closed the pipe, which is no error; otherwise the exit code for a failed write.
  int answer(std::string_view text) const;
  /// The same for text that quotes a file of the user: secrets are removed.
  int quote(std::string text) const { return answer(redact_(std::move(text))); }
  /// For who writes to stdout without `answer`: the exit code, after saying why the write failed. One that a signal has
  /// ended is no error either.
  int exit_code_of(const Status& written) const;
  void note(std::string_view text) const;  // to stderr, with a newline
  void error(const Error& error) const;    // `delegate: where: what: why` and its hint
  /// One line per remark; with `quiet` only those about a failure.
  void remarks(const Remarks& remarks, bool quiet) const;
  /// An error that ends the command: on stderr, and with --json also as an object on stdout.
  void failure(const Error& error, std::string_view outcome) const;
  /// stderr is a terminal on which a line may be redrawn: not a dumb one, and not with --color never or NO_COLOR.
  bool can_redraw() const { return redraws_; }
  /// The same, and this process is in the foreground: a background job must not draw over what is typed at the shell.
  /// This can change at any time.
  bool owns_terminal() const;
  bool is_painted() const { return painted_; }  // stdout shows colours
  /// Draws one line over the previous one; an empty line clears it. Does nothing unless owns_terminal().
  void progress(std::string_view line) const;

 private:
  /// One line to stderr. `label` is the beginning of it that gets the colour with this code.
  void line(std::string_view text, std::string_view label = {}, std::string_view colour = {}) const;

  int out_;
  int err_;
  bool on_terminal_;  // stdout
  bool json_;
  bool painted_;
  bool redraws_;
  Redactor redact_;
};

}  // namespace delegate::cli
