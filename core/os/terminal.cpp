#include "core/os/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/os/launch.hpp"

namespace delegate {
namespace {

constexpr const char* kWhere = "the terminal";
constexpr int kOnlyAPart = 255;  // exit status of the writer; otherwise 0 or an errno

/// A stopped terminal (Ctrl-S) has no room.
Status wait_for_room(int terminal, Deadline end) {
  for (;;) {
    pollfd room{terminal, POLLOUT, 0};
    const int ready = ::poll(&room, 1, static_cast<int>(end.left()->count()));
    if (ready > 0) return {};
    if (ready == 0) return fail(Code::unavailable, std::string(kWhere) + " accepts no output");
    if (errno != EINTR) return fail_errno(kWhere, errno);
  }
}

/// System calls only. All signals but the timer's stay blocked, also SIGTTOU, which would stop this process.
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

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

std::optional<TerminalSize> terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return TerminalSize{.columns = size.ws_col > 0 ? size.ws_col : 80, .rows = size.ws_row};
}

bool is_in_foreground(int terminal) {
  const pid_t foreground = ::tcgetpgrp(terminal);
  return foreground < 0 || foreground == ::getpgrp();
}

/// A separate process writes, because the write can block although there is room for some bytes: O_NONBLOCK would
/// change the open file for all processes that share it, and opening the terminal again may not be permitted.
Status write_to_terminal(int terminal, std::string_view bytes, milliseconds patience) {
  TRY_STATUS(wait_for_room(terminal, Deadline::in(patience)));
  const pid_t writer = fork_into([&] { write_until_alarm(terminal, bytes, patience); });
  if (writer < 0) return fail_errno(kWhere, errno);
  const auto status = wait_for_end(writer);
  if (!status) return fail_errno(kWhere, errno);
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) == kOnlyAPart)
    return fail(Code::deadline_exceeded, std::string(kWhere) + " accepted only a part of it");
  const int error = WEXITSTATUS(*status);
  if (error == EIO) return fail(Code::closed, std::string(kWhere) + " is gone");
  if (error != 0) return fail_errno(kWhere, error);
  return {};
}

}  // namespace delegate
