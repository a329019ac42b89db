#pragma once
#include <atomic>

#include "core/os/fd.hpp"

namespace delegate {

/// Tells waiting threads to stop at once. Cancelling is sticky, may come from a signal handler and from any thread; the
/// fd is readable for ever after, so any number of polls can wait on it. Must outlive those who wait.
class CancelToken {
 public:
  CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void cancel() noexcept;  // async-signal-safe
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  int fd() const { return event_.get(); }

 private:
  std::atomic<bool> cancelled_{false};
  Fd event_;
};

}  // namespace delegate
