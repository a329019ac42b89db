#include "core/os/terminal_write.hpp"

#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/os/errno_code.hpp"
#include "core/os/fork.hpp"

namespace delegate {
namespace {

constexpr const char* kWhere = "the terminal";
constexpr int kOnlyAPart = 255;  // exit status of the writer; the others are 0 and what errno can be

/// Of a terminal that was stopped there is no room.
Status wait_for_room(int terminal, Deadline end) {
  for (;;) {
    pollfd room{terminal, POLLOUT, 0};
    const int ready = ::poll(&room, 1, static_cast<int>(end.left()->count()));
    if (ready > 0) return {};
    if (ready == 0) return fail(Code::unavailable, std::string(kWhere) + " takes nothing");
    if (errno != EINTR) return fail_errno(kWhere, errno);
  }
}

/// After a fork: system calls only. All signals but the timer's are blocked, SIGTTOU too, which would stop it.
[[noreturn]] void write_until_alarm(int terminal, std::string_view bytes, milliseconds patience) {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  const auto ms = patience.count();
  const itimerval timer{{}, {ms / 1000, (ms % 1000) * 1000}};
  if (::setitimer(ITIMER_REAL, &timer, nullptr) != 0) ::_exit(errno);
  const ssize_t count = ::write(terminal, bytes.data(), bytes.size());
  if (count < 0) ::_exit(errno);
  ::_exit(count == static_cast<ssize_t>(bytes.size()) ? 0 : kOnlyAPart);
}

}  // namespace

/// The write is another process's. It can block although there is room for some bytes, and to be told not to is a
/// property of what all who have this terminal open share; opening it anew takes a right to it that we may lack.
Status write_to_terminal(int terminal, std::string_view bytes, milliseconds patience) {
  TRY_STATUS(wait_for_room(terminal, Deadline::in(patience)));
  pid_t writer = 0;
  {
    const AllSignalsBlocked blocked;
    writer = ::fork();
    if (writer == 0) write_until_alarm(terminal, bytes, patience);
  }
  if (writer < 0) return fail_errno(kWhere, errno);
  int status = 0;
  while (::waitpid(writer, &status, 0) < 0)
    if (errno != EINTR) return fail_errno(kWhere, errno);
  if (!WIFEXITED(status) || WEXITSTATUS(status) == kOnlyAPart)
    return fail(Code::deadline_exceeded, std::string(kWhere) + " took only a part of it");
  const int error = WEXITSTATUS(status);
  if (error == EIO) return fail(Code::closed, std::string(kWhere) + " has gone away");
  if (error != 0) return fail_errno(kWhere, error);
  return {};
}

}  // namespace delegate
