#pragma once
#include <utility>

#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// A private directory (0700) with all that is put into it; gone with this handle. Whoever holds it has a lock on it,
/// so that what a killed process has left behind can be told from what is in use.
class ScratchDirectory {
 public:
  /// Below `root`, which is created when needed.
  static Result<ScratchDirectory> create(const Path& root);
  /// Removes the directories of this kind below `root` that nobody holds. Only for a root of
  /// our own. Never touches one that is in use, or being made by whatever process; what cannot be looked at stays.
  static void remove_abandoned(const Path& root);

  ScratchDirectory(ScratchDirectory&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  const Path& path() const { return path_; }

 private:
  ScratchDirectory(Path path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Path path_;
  Fd lock_;  // none where the file system has no locks
};

}  // namespace delegate
