#pragma once
#include <csignal>

namespace delegate {

/// While it lives, writing to a closed pipe or socket on this thread is an error value and never a signal. The process'
/// own disposition and a SIGPIPE that was already pending are left as they were.
class NoSigpipe {
 public:
  NoSigpipe();
  ~NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace delegate
