#pragma once
#include <optional>
#include <utility>

#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// A lock on a file (flock), held until its holder is destroyed or the process ends, however it ends. The file stays,
/// unless its holder removes it.
class FileLock {
 public:
  /// Creates the file (0600) if needed. Nothing: another process holds it. Code::unavailable: the file system has no
  /// locks.
  static Result<std::optional<FileLock>> try_take(const Path& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace delegate
