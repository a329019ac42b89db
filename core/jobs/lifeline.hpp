#pragma once
#include <array>
#include <optional>
#include <string>

#include "core/base/deadline.hpp"
#include "core/os/cancel.hpp"

namespace delegate::jobs {

/// The job process's end of its stdin: a request on one line, then nothing until the starter detaches or ends.
class Lifeline {
 public:
  static constexpr char kDetach = 'k';

  explicit Lifeline(int fd) : fd_(fd) {}
  /// Of a job that has no starter.
  static Lifeline already_detached();

  /// Waits for the first line. Nothing: the starter ended before it was complete, or a cancel.
  std::optional<std::string> read_request(const CancelToken& cancel);
  /// Notices what happened meanwhile; does not wait.
  void check() { read_within(Deadline::in(std::chrono::milliseconds(0))); }
  /// Waits until the starter has detached or ended, or for the deadline.
  void wait(Deadline deadline);
  /// The same, but also until one of `others` is readable (-1: none) or the process is cancelled.
  void wait_beside(const CancelToken& cancel, std::array<int, 2> others, Deadline deadline);
  bool is_detached() const { return detached_; }
  bool is_aborted() const { return ended_ && !detached_; }

 private:
  void read_within(Deadline deadline);

  int fd_;
  bool detached_ = false;
  bool ended_ = false;
};

}  // namespace delegate::jobs
