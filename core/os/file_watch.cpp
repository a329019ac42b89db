#include "core/os/file_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace delegate {
namespace {

constexpr std::uint32_t kChanges = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE;

int poll_timeout(Deadline deadline) {
  const auto left = deadline.left();
  constexpr milliseconds kLongest{3'600'000};
  return static_cast<int>(std::min(left.value_or(kLongest), kLongest).count());
}

}  // namespace

FileWatch::FileWatch(const Path& directory, std::string prefix) : prefix_(std::move(prefix)) {
  Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (watch && ::inotify_add_watch(watch.get(), directory.c_str(), kChanges) >= 0) watch_ = std::move(watch);
}

/// True: one of them concerns a file that is watched.
bool FileWatch::take_changes() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool found = false;
  for (;;) {
    const ssize_t size = ::read(watch_.get(), buffer.data(), buffer.size());
    if (size <= 0) return found;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      const bool is_lost = (event.mask & IN_Q_OVERFLOW) != 0;
      found = found || is_lost || (event.len > 0 && std::string_view(name).starts_with(prefix_));
      at += sizeof event + event.len;
    }
  }
}

void FileWatch::wait(const CancelToken& cancel, Deadline deadline, std::span<const Fd> processes) {
  std::vector<pollfd> watched{{cancel.fd(), POLLIN, 0}, {watch_.get(), POLLIN, 0}};
  for (const Fd& process : processes) watched.push_back({process.get(), POLLIN, 0});
  while (!cancel.cancelled() && !deadline.passed()) {
    const bool is_blind = cancel.fd() < 0;
    const Deadline soon = is_blind ? Deadline::in(CancelToken::kBlindCheck).or_earlier(deadline) : deadline;
    if (::poll(watched.data(), watched.size(), poll_timeout(soon)) <= 0) continue;
    if (watched[1].revents != 0 && take_changes()) return;
    for (std::size_t i = 2; i < watched.size(); ++i)
      if (watched[i].revents != 0) return;
  }
}

}  // namespace delegate
