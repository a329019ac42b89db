#pragma once
#include <utility>

#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// A private directory (0700), removed with all its contents by the destructor. Its holder has a lock on it, so that
/// directories of killed processes can be distinguished from those in use.
class ScratchDirectory {
 public:
  /// Below `root`, which is created if needed.
  static Result<ScratchDirectory> create(const Path& root);
  /// Removes the directories of this kind below `root` that no process holds. Only for a root of our own. Never touches
  /// one that is in use or being created; one that cannot be examined stays.
  static void remove_abandoned(const Path& root);

  ScratchDirectory(ScratchDirectory&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  const Path& path() const { return path_; }

 private:
  ScratchDirectory(Path path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Path path_;
  Fd lock_;  // none if the file system has no locks
};

}  // namespace delegate
