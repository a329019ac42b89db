#include "core/os/foreground_proxy.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/os/launch.hpp"

namespace delegate {
namespace {

volatile std::sig_atomic_t g_worker = 0;  // a global, because the signal handler needs it

void pass_on(int signal) {
  const int saved = errno;
  ::kill(static_cast<pid_t>(g_worker), signal);
  errno = saved;
}

/// Leaves with the code that the worker reports, or with its exit status if it ends without a report.
[[noreturn]] void run_foreground(pid_t worker, int report) {
  g_worker = worker;
  struct sigaction action {};
  action.sa_handler = pass_on;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
  unsigned char code = 0;
  for (;;) {
    const ssize_t count = ::read(report, &code, 1);
    if (count == 1) ::_exit(code);
    if (count < 0 && errno == EINTR) continue;
    break;
  }
  ::_exit(shell_exit_code(wait_for_end(worker).value_or(0)));
}

/// Away from the terminal and the streams.
void detach() {
  ::setsid();
  detach_standard_streams();
}

}  // namespace

bool ForegroundProxy::start() {
  auto pipe = make_pipe("start: pipe");
  if (!pipe) return false;
  const pid_t foreground = ::getpid();
  const pid_t worker = ::fork();
  if (worker < 0) return false;
  if (worker > 0) {
    pipe->write.reset();
    run_foreground(worker, pipe->read.get());
  }
  report_ = std::move(pipe->write);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != foreground) ::raise(SIGTERM);  // it ended before the line above
  return true;
}

void ForegroundProxy::leave(int exit_code) {
  if (!report_) return;
  ::prctl(PR_SET_PDEATHSIG, 0);
  detach();
  const auto code = static_cast<unsigned char>(exit_code);
  while (::write(report_.get(), &code, 1) < 0 && errno == EINTR) continue;
  report_.reset();
}

bool ForegroundProxy::stay_behind(int exit_code) {
  if (report_) {
    leave(exit_code);
    return true;
  }
  if (::fork() != 0) return false;  // the parent, or no process is available
  detach();
  return true;
}

}  // namespace delegate
