#include "cli/front.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "core/os/fork.hpp"

namespace delegate::cli {
namespace {

volatile std::sig_atomic_t g_worker = 0;  // for the handler: only there can a signal be passed on

void pass_on(int signal) {
  const int saved = errno;
  ::kill(static_cast<pid_t>(g_worker), signal);
  errno = saved;
}

/// Waits for the worker's report, or for its end without one.
[[noreturn]] void be_the_front(pid_t worker, int report) {
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
  int status = 0;
  while (::waitpid(worker, &status, 0) < 0 && errno == EINTR) continue;
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/// Away from the terminal and the streams.
void detach() {
  ::setsid();
  let_go_of_standard_streams();
}

}  // namespace

bool Front::start() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  const pid_t front = ::getpid();
  const pid_t worker = ::fork();
  if (worker < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return false;
  }
  if (worker > 0) {
    ::close(ends[1]);
    be_the_front(worker, ends[0]);
  }
  ::close(ends[0]);
  report_ = ends[1];
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != front) ::raise(SIGTERM);  // it was gone before we asked to be told
  return true;
}

void Front::leave(int exit_code) {
  if (report_ < 0) return;
  ::prctl(PR_SET_PDEATHSIG, 0);
  detach();
  const auto code = static_cast<unsigned char>(exit_code);
  while (::write(report_, &code, 1) < 0 && errno == EINTR) continue;
  ::close(report_);
  report_ = -1;
}

bool Front::stay_behind(int exit_code) {
  if (report_ >= 0) {
    leave(exit_code);
    return true;
  }
  if (::fork() != 0) return false;  // or there are no processes to be had
  detach();
  return true;
}

}  // namespace delegate::cli
