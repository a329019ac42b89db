#pragma once
#include <string>
#include <string_view>

#include "cli/world.hpp"
#include "core/base/redact.hpp"
#include "core/base/result.hpp"
#include "core/run/remarks.hpp"

namespace delegate::cli {

/// The two streams of the program. stdout carries the answer and nothing else; everything said about it goes to stderr,
/// where no secret of the environment and nothing that looks like one is ever said.
class Output {
 public:
  explicit Output(const World& world);

  /// 0 when all was written or the reader has gone away (no error of ours), else the exit code for a failed write.
  int answer(std::string_view text) const;
  /// The same for words that quote what a person wrote into a file: secrets are taken out.
  int quote(std::string text) const { return answer(redact_(std::move(text))); }
  void note(std::string_view line) const;  // to stderr, with a newline
  void error(const Error& error) const;    // `delegate: where: what: why` and its hint
  /// A line for each remark; with `quiet` only for those about a failure.
  void remarks(const Remarks& remarks, bool quiet) const;
  /// An error that ends the command: on stderr, and with --json as an object on stdout.
  void failure(const Error& error, std::string_view outcome) const;
  /// stderr is a terminal on which a line may be redrawn: not a dumb one, and not one of a person who wants it plain.
  bool err_is_lively() const { return lively_; }
  /// … and nobody else's turn: a job in the background would paint over what is typed at the shell. It may become ours
  /// again at any time.
  bool has_the_floor() const;
  bool is_painted() const { return painted_; }  // stdout takes colours
  /// One line on a terminal that is written over in place; empty clears it. Nothing elsewhere, and nothing without the
  /// floor.
  void progress(std::string_view line) const;

 private:
  int out_;
  int err_;
  bool json_;
  bool painted_;
  bool lively_;
  Redactor redact_;
};

}  // namespace delegate::cli
