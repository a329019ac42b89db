#include "core/os/event.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdint>

namespace delegate {

Event::Event() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Event::signal() {
  if (event_) static_cast<void>(::eventfd_write(event_.get(), 1));
}

void Event::wait(const CancelToken& cancel, Deadline patience) {
  const bool blind = !event_ || cancel.fd() < 0;
  if (blind) patience = patience.or_earlier(Deadline::in(CancelToken::kBlindCheck));
  const auto left = patience.left();
  const int timeout = left ? static_cast<int>(std::min<std::int64_t>(left->count(), 1 << 30)) : -1;
  pollfd waited[] = {{event_.get(), POLLIN, 0}, {cancel.cancelled() ? -1 : cancel.fd(), POLLIN, 0}};
  static_cast<void>(::poll(waited, 2, timeout));
  eventfd_t signals = 0;
  if (event_) static_cast<void>(::eventfd_read(event_.get(), &signals));
}

}  // namespace delegate
