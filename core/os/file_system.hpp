#pragma once
#include <cstdint>
#include <string>

#include "core/base/result.hpp"
#include "core/os/file.hpp"

namespace delegate {

/// The file system that a path is on.
struct FileSystem {
  std::string name;        // "nfs"; empty: none that is worth a name
  bool is_remote = false;  // of another machine: locks on it may not hold
  bool is_memory = false;  // gone with the next start of this one
  std::uint64_t free = 0;  // bytes that this person may still write
};
Result<FileSystem> file_system_of(const Path& path);

/// Who owns a file, and who may do what with it.
struct FileMode {
  bool is_own = false;       // of this process's user
  unsigned permissions = 0;  // 0644
};
Result<FileMode> file_mode(const Path& path);

}  // namespace delegate
