#pragma once
#include "core/base/deadline.hpp"
#include "core/os/cancel.hpp"
#include "core/os/fd.hpp"

namespace delegate {

/// Wakes one waiting thread from others: for a wait that must also hear of a cancel. Works, more slowly, when the
/// process is out of file descriptors: then it looks again every so often.
class Event {
 public:
  Event();
  void signal();
  /// Until signalled, cancelled or too late; all pending signals are taken at once. A token that is cancelled already
  /// does not end the wait.
  void wait(const CancelToken& cancel, Deadline patience);

 private:
  Fd event_;
};

}  // namespace delegate
