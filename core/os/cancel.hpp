#pragma once
#include <atomic>

#include "core/base/deadline.hpp"
#include "core/os/fd.hpp"

namespace delegate {

/// Makes waiting threads stop at once. Cancelling is permanent and allowed in a signal handler and in any thread. From
/// then on the descriptor is readable, so any number of polls can wait on it. It must outlive them.
class CancelToken {
 public:
  static constexpr milliseconds kBlindCheck{100};  // how often to check a token that has no descriptor

  CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void cancel() noexcept;  // async-signal-safe
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  int fd() const { return event_.get(); }
  /// Waits for the cancel; false if the time is over first.
  bool cancelled_within(milliseconds time) const;

 private:
  std::atomic<bool> cancelled_{false};
  Fd event_;
};

}  // namespace delegate
