#include "core/notify/desktop/watchdog.hpp"

#include <sys/time.h>

#include <csignal>

namespace delegate::notify::desktop {

void end_process_in(milliseconds time) {
  // SIGALRM may be ignored and blocked in the parent, and both are inherited.
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm{};
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  const itimerval timer{.it_value = {.tv_sec = time.count() / 1000, .tv_usec = time.count() % 1000 * 1000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace delegate::notify::desktop
