#include "core/os/fd.hpp"

#include <cerrno>
#include <ctime>

namespace delegate {
namespace {

sigset_t just_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

NoSigpipe::NoSigpipe() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  const sigset_t blocked = just_sigpipe();
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

NoSigpipe::~NoSigpipe() {
  const int error = errno;
  if (!was_pending_) {
    const sigset_t ours = just_sigpipe();
    const timespec at_once{};
    while (sigtimedwait(&ours, nullptr, &at_once) < 0 && errno == EINTR) {}
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = error;
}

}  // namespace delegate
