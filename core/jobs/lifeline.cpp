#include "core/jobs/lifeline.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace delegate::jobs {

std::optional<std::string> Lifeline::request(const CancelToken& cancel) {
  std::string text;
  while (!cancel.cancelled()) {
    pollfd waited[] = {{fd_, POLLIN, 0}, {cancel.fd(), POLLIN, 0}};
    if (::poll(waited, 2, -1) < 0 || waited[0].revents == 0) continue;
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return std::nullopt;
    const std::size_t searched = text.size();
    text.append(buffer.data(), static_cast<std::size_t>(count));
    const std::size_t end = text.find('\n', searched);
    if (end == std::string::npos) continue;
    detached_ = text.find(kDetach, end) != std::string::npos;
    text.resize(end);
    return text;
  }
  return std::nullopt;
}

void Lifeline::read_within(Deadline patience) {
  if (ended_ || detached_) return;
  pollfd waited{fd_, POLLIN, 0};
  const auto left = patience.left();
  if (::poll(&waited, 1, left ? static_cast<int>(left->count()) : -1) <= 0) return;
  char word = 0;
  const ssize_t count = ::read(fd_, &word, 1);
  if (count == 1 && word == kDetach) detached_ = true;
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
}

void Lifeline::wait(Deadline patience) {
  while (!ended_ && !detached_ && !patience.passed()) read_within(patience);
}

}  // namespace delegate::jobs
