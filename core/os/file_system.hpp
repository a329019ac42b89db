#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// The file system that a path is on.
struct FileSystem {
  std::string name;        // "nfs"; empty: an ordinary one
  bool is_remote = false;  // on another machine: locks may not work
  bool is_memory = false;  // lost at a reboot
  std::uint64_t free = 0;  // bytes that this user can still write
};
Result<FileSystem> file_system_of(const Path& path);

/// The owner and permissions of a file.
struct FileMode {
  bool is_own = false;       // owned by the user of this process
  unsigned permissions = 0;  // 0644
};
Result<FileMode> file_mode(const Path& path);

/// When another file than before may have come to be at this path: its content, its place or its link changed, or it
/// was deleted. Wall clock. Of a file that does not exist it is the last change of its directory; nothing without that.
std::optional<std::chrono::milliseconds> last_changed(const Path& path);

}  // namespace delegate
