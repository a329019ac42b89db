#include "core/os/input.hpp"
#include "core/os/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

namespace delegate {
namespace {

/// True: there is something to read, or the end. False: cancelled, or nothing within `patience`.
bool wait_for(int fd, const CancelToken& cancel, Deadline patience) {
  while (!cancel.cancelled()) {
    pollfd waited[] = {{fd, POLLIN, 0}, {cancel.fd(), POLLIN, 0}};
    const auto left = patience.left();
    const int ready = ::poll(waited, 2, left ? static_cast<int>(left->count()) : -1);
    if (ready > 0 && waited[0].revents != 0) return !cancel.cancelled();
    if (ready == 0 && patience.passed()) return false;
  }
  return false;
}

}  // namespace

InputKind input_kind(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return InputKind::nothing;
  if (is_terminal(fd)) return InputKind::terminal;
  if (S_ISDIR(facts.st_mode)) return InputKind::directory;
  const bool has_end = S_ISFIFO(facts.st_mode) || S_ISREG(facts.st_mode) || S_ISSOCK(facts.st_mode);
  return has_end ? InputKind::stream : InputKind::nothing;
}

Result<Fd> open_input(const Path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return fail(Code::invalid_argument, errno_text(errno));
  return fd;
}

Result<std::string> read_input(int fd, const InputLimits& limits, const CancelToken& cancel) {
  std::string text;
  if (!wait_for(fd, cancel, Deadline::in(limits.slow)) && !cancel.cancelled() && limits.on_slow) limits.on_slow();
  for (;;) {
    if (!wait_for(fd, cancel, Deadline::never())) return fail(Code::cancelled, "interrupted");
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return fail(Code::unavailable, errno_text(errno));
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limits.bytes) return fail(Code::resource_exhausted, "too long");
  }
}

}  // namespace delegate
