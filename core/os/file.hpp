#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/os/cancel.hpp"

namespace delegate {

using Path = std::filesystem::path;

/// Whole file, at most `limit` bytes (more is an error, as are directories and devices that never end).
Result<std::string> read_file(const Path& path, std::size_t limit = 64u << 20);

/// Where a file of this name is: in the directory, or in one of the directories that stand in it. None when the
/// directory cannot be read.
std::vector<Path> files_named(const std::string& name, const Path& directory);

/// Creates the directory and missing parents, each 0700. What is there already keeps its mode.
Status make_private_directory(const Path& path);

/// Writes atomically (temporary file beside it, rename), 0600, not synced to the disk. A file that already has this
/// content is left alone.
Status write_private_file(const Path& path, const std::string& content);

/// Writes atomically whatever is there already, with this mode (of which the umask takes nothing).
Status replace_file(const Path& path, const std::string& content, unsigned mode);

/// Which file this is now: place, newline, inode, size and change time. A replaced file at the same place differs.
std::string file_identity(const Path& path);

/// Everything from `fd` until its end, at most `limit` bytes (more is an error). Waits for a non-blocking fd, too.
Result<std::string> read_all(int fd, std::size_t limit);

/// All of it, through short writes, EINTR and non-blocking fds. EPIPE comes back as Code::closed, not as a signal.
Status write_all(int fd, std::string_view bytes);

/// The same, but a reader that takes nothing is waited for only until the cancel, which is Code::cancelled.
Status write_all(int fd, std::string_view bytes, const CancelToken& cancel);

}  // namespace delegate
