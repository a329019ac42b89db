#pragma once
#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// A directory that was opened once, so that what was checked is what is used.
class Directory {
 public:
  /// As it is. Every user may be able to write to it, as to /tmp.
  static Result<Directory> open(const Path& path);

  /// Of this user alone. It is created with its missing parents (0700 each) if needed.
  /// Code::invalid_argument: others can change or replace it, because it belongs to another user, is a link of one, or
  /// because of its permissions or those of its parent. Root may use directories of other users, as containers with a
  /// mounted home do.
  static Result<Directory> open_private(const Path& path);

  int fd() const { return fd_.get(); }
  const Path& path() const { return path_; }

 private:
  Directory(Path path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Path path_;
  Fd fd_;
};

/// Removes the directory `name` in the directory `parent`, with its contents, read-only directories of ours included.
/// Follows no link. What cannot be removed stays.
void remove_tree(int parent, const std::string& name);

}  // namespace delegate
