#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "cli/args/parse.hpp"
#include "cli/terminal/answer_stream.hpp"
#include "core/run/ask.hpp"

namespace delegate::cli {

/// Shows a person what happens while it happens: on a terminal one line on stderr that is redrawn in place, with -v a
/// line for each event, and the answer on stdout as it comes.
class Narrator final : public Observer {
 public:
  /// `give_up` is cancelled when stdout can take no more.
  Narrator(const Output& output, const AskCommand& command, AnswerStream& answer, CancelToken& give_up);

  void asking(const std::string& backend, bool probe) override;
  void skipped(const Skip& skip) override;
  void output(const std::string& backend, const OutputDelta& delta) override;
  void ended(const Attempt& attempt) override;
  Deadline tick() override;
  /// Nothing more is drawn.
  void clear();

 private:
  struct Asked {
    std::string backend;
    bool probe = false;
    Steady since = std::chrono::steady_clock::now();
    std::string doing;
  };
  std::string line() const;
  void draw();
  bool is_wanted() const;  // by this person, on this terminal
  bool draws() const;      // … at this moment

  const Output& output_;
  const AskCommand& command_;
  AnswerStream& answer_;
  CancelToken& give_up_;
  std::vector<Asked> asked_;         // who is being asked now
  std::vector<std::string> passed_;  // who is not, and why, shortly
  std::string drawn_;
};

}  // namespace delegate::cli
