#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/os/cancel.hpp"
#include "core/os/fd.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// Notices that files of one directory are written, created or deleted, without looking at them again and again
/// (inotify). Where that is not possible it never notices anything; the deadline of a wait then has to do.
class FileWatch {
 public:
  /// Of the files in `directory` whose names begin with `prefix`.
  FileWatch(const Path& directory, std::string prefix);

  /// Waits until one of them changes, one of the processes ends (pidfds), a cancel, or the deadline. All changes up to
  /// now are taken at once.
  void wait(const CancelToken& cancel, Deadline deadline, std::span<const Fd> processes = {});

 private:
  bool take_changes();

  std::string prefix_;
  Fd watch_;
};

}  // namespace delegate
