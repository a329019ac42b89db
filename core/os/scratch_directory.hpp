#pragma once
#include <utility>

#include "core/os/directory.hpp"

namespace delegate {

/// A private directory (0700), removed with all its contents by the destructor. Its holder has a lock on it, so that
/// directories of killed processes can be distinguished from those in use.
class ScratchDirectory {
 public:
  static Result<ScratchDirectory> create(Directory root);
  /// Removes the directories of this kind in `root` that no process holds. Only for a root of our own. Never touches
  /// one that is in use or being created; one that cannot be examined stays.
  static void remove_abandoned(const Directory& root);

  ScratchDirectory(ScratchDirectory&& other) noexcept
      : root_(std::move(other.root_)), name_(std::exchange(other.name_, {})), lock_(std::move(other.lock_)) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();

  Path path() const { return root_.path() / name_; }
  /// A new file (0600) in it.
  Status add_file(const std::string& name, const std::string& content) const;

 private:
  ScratchDirectory(Directory root, std::string name, Fd lock)
      : root_(std::move(root)), name_(std::move(name)), lock_(std::move(lock)) {}
  Directory root_;
  std::string name_;
  Fd lock_;  // the directory itself; on a file system without locks it does not show that it is in use
};

}  // namespace delegate
