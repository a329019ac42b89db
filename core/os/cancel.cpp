#include "core/os/cancel.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

namespace delegate {

CancelToken::CancelToken() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void CancelToken::cancel() noexcept {
  const int error = errno;  // a signal handler must not change it under the code it interrupts
  cancelled_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // The counter is never read, so the write fails only if it is full, and then it is readable already.
  if (::write(event_.get(), &one, sizeof one) < 0) errno = 0;
  errno = error;
}

bool CancelToken::cancelled_within(milliseconds time) const {
  pollfd event{fd(), POLLIN, 0};
  ::poll(&event, 1, static_cast<int>(time.count()));
  return cancelled();
}

}  // namespace delegate
