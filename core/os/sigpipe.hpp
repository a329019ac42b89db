#pragma once
#include <csignal>

namespace delegate {

/// While it exists, writing to a closed pipe or socket on this thread is an error and never a signal. The disposition
/// of the process and a SIGPIPE that was already pending stay as they were.
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
