#include "core/os/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace delegate {

namespace {

constexpr int kMostExchanges = 100;  // each needs another process that removes the file right after we opened it

/// The lock counts only while the file is at its place: its last holder may have removed it.
bool is_at(const Path& path, const Fd& fd) {
  struct stat held {};
  struct stat there {};
  return ::fstat(fd.get(), &held) == 0 && ::lstat(path.c_str(), &there) == 0 && held.st_ino == there.st_ino &&
         held.st_dev == there.st_dev;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::try_take(const Path& path) {
  for (int tries = 0; tries < kMostExchanges; ++tries) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return fail_errno("lock " + path.string(), errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::optional<FileLock>();
      return fail(Code::unavailable, "lock " + path.string() + ": " + errno_text(errno));
    }
    if (is_at(path, fd)) return std::optional(FileLock(std::move(fd)));
  }
  return fail(Code::unavailable, "lock " + path.string() + ": other processes keep removing it");
}

}  // namespace delegate
