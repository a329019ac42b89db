#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "cli/terminal/answer_stream.hpp"
#include "core/run/ask.hpp"

namespace delegate::cli {

/// Shows the progress of a run: on a terminal as one line on stderr that is redrawn in place, with -v as a line for
/// each event. Writes the answer to stdout as it arrives.
class ProgressLine final : public Observer {
 public:
  enum class Volume { normal, quiet, verbose };

  /// `give_up` is cancelled when stdout cannot be written any more.
  ProgressLine(const Output& output, Volume volume, AnswerStream& answer, CancelToken& give_up);

  void preferred(const Preference& preference) override;
  void asking(const std::string& backend, bool probe) override;
  void skipped(const Skip& skip) override;
  void output(const std::string& backend, const OutputDelta& delta) override;
  void ended(const Attempt& attempt) override;
  void waiting_for_slot(const std::vector<std::string>& backends, int ahead) override;
  void waiting_for_state(const std::string& why) override;
  bool cannot_be_undone(const std::string& why) override;
  void waiting_for_directory(const std::string& other_run, const std::string& directory) override;
  Deadline tick() override;
  /// Removes the line.
  void clear();

 private:
  struct OpenCall {
    std::string backend;
    bool probe = false;
    Steady since = std::chrono::steady_clock::now();
    std::string doing;
  };
  std::string line() const;
  void wait_for(const std::string& what);
  void draw();
  bool is_enabled() const;  // by the options, on this terminal
  bool can_draw() const;    // at this moment

  const Output& output_;
  Volume volume_;
  AnswerStream& answer_;
  CancelToken& give_up_;
  std::vector<OpenCall> calls_;       // in progress
  std::vector<std::string> skipped_;  // backends that were skipped or failed, and why
  std::string waiting_;               // what it waits for before a call; empty: nothing
  std::string drawn_;
};

}  // namespace delegate::cli
