#pragma once
#include <optional>
#include <string>

#include "core/base/deadline.hpp"
#include "core/os/cancel.hpp"

namespace delegate::jobs {

/// The process's end of what holds it: stdin, which is a request on one line and then silence, until it ends or says
/// that the run may go on alone.
class Lifeline {
 public:
  static constexpr char kDetach = 'k';

  explicit Lifeline(int fd) : fd_(fd) {}
  /// Waits for the first line. Nothing: it ended before, or was interrupted.
  std::optional<std::string> request(const CancelToken& cancel);
  /// Looks without waiting.
  void look() { read_within(Deadline::in(std::chrono::milliseconds(0))); }
  /// Waits until it is known whether anybody wants the end of the run.
  void wait(Deadline patience);
  bool is_detached() const { return detached_; }
  bool is_aborted() const { return ended_ && !detached_; }

 private:
  void read_within(Deadline patience);

  int fd_;
  std::string rest_;
  bool detached_ = false;
  bool ended_ = false;
};

}  // namespace delegate::jobs
