#pragma once
#include "core/base/deadline.hpp"
#include "core/os/cancel.hpp"
#include "core/os/fd.hpp"

namespace delegate {

/// Wakes one waiting thread from others, for a wait that a cancel must also end. Without a free descriptor it still
/// works, by polling.
class Event {
 public:
  Event();
  void signal();
  /// Waits until signalled, cancelled or timed out; takes all pending signals at once. A token that is already
  /// cancelled does not end the wait.
  void wait(const CancelToken& cancel, Deadline patience);

 private:
  Fd event_;
};

}  // namespace delegate
