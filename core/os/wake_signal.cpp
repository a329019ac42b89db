#include "core/os/wake_signal.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "core/os/process.hpp"

namespace delegate {

WakeSignal::WakeSignal() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  received_ = Fd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
}

void WakeSignal::take() {
  signalfd_siginfo one;
  while (::read(received_.get(), &one, sizeof one) == static_cast<ssize_t>(sizeof one)) continue;
}

bool WakeSignal::send(const Fd& pidfd) { return send_signal(pidfd, SIGUSR1); }

}  // namespace delegate
