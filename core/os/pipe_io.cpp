#include "core/os/pipe_io.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <vector>

#include "core/base/result.hpp"
#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

bool wait_for_input(int fd, Deadline deadline) {
  pollfd waited{fd, POLLIN, 0};
  const auto left = deadline.left();
  return ::poll(&waited, 1, left ? static_cast<int>(left->count()) : -1) > 0;
}

bool wait_for_input(int fd, const CancelToken& cancel) {
  while (!cancel.cancelled()) {
    pollfd waited[] = {{fd, POLLIN, 0}, {cancel.fd(), POLLIN, 0}};
    if (::poll(waited, 2, -1) > 0 && waited[0].revents != 0) return !cancel.cancelled();
  }
  return false;
}

void wait_for_any_input(std::span<const int> fds, Deadline deadline) {
  std::vector<pollfd> waited;
  for (const int fd : fds) waited.push_back({fd, POLLIN, 0});
  const auto left = deadline.left();
  ::poll(waited.data(), waited.size(), left ? static_cast<int>(left->count()) : -1);
}

ReadState read_some(int fd, std::string& text) {
  std::array<char, 16384> buffer;  // each page of a frame is touched, so it is not as large as a pipe
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return ReadState::nothing;
  if (count <= 0) return ReadState::end;
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return ReadState::some;
}

void wait_for_room(int fd) {
  pollfd waited{fd, POLLOUT, 0};
  ::poll(&waited, 1, -1);
}

Result<std::size_t> write_some(int fd, std::string_view bytes) {
  const NoSigpipe no_sigpipe;
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (count > 0) written += static_cast<std::size_t>(count);
    else if (errno == EAGAIN) return written;
    else if (errno != EINTR) return fail_errno("write", errno);
  }
  return written;
}

void write_if_room(int fd, std::string_view bytes) {
  // A pipe that is ready takes this much without blocking.
  pollfd ready{fd, POLLOUT, 0};
  if (bytes.size() > PIPE_BUF || ::poll(&ready, 1, 0) != 1 || (ready.revents & POLLERR) != 0) return;
  static_cast<void>(write_all(fd, bytes));  // a reader that has gone away needs nothing
}

}  // namespace delegate
