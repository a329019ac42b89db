#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/os/cancel.hpp"
#include "core/os/fd.hpp"

namespace delegate {

using Path = std::filesystem::path;

/// Reads a whole file of at most `limit` bytes; more is an error, and so are directories and devices that never end.
Result<std::string> read_file(const Path& path, std::size_t limit = 64u << 20);

/// The path of a file with this name in the directory or in one of its direct subdirectories. Nothing if the directory
/// cannot be read.
std::vector<Path> files_named(const std::string& name, const Path& directory);

/// Creates the directory and its missing parents, each with mode 0700. Existing ones keep their mode.
Status make_private_directory(const Path& path);

/// Writes atomically (temporary file next to it, rename), mode 0600, not synced to the disk. A file that already has
/// this content is not touched.
Status write_private_file(const Path& path, const std::string& content);

/// Writes atomically even if the content is the same, with exactly this mode (the umask does not apply).
Status replace_file(const Path& path, const std::string& content, unsigned mode);

/// Identifies the file at a path: path, newline, inode, size and change time. A replaced file differs.
std::string file_identity(const Path& path);

/// Reads `fd` to its end, at most `limit` bytes (more is an error). Waits for a non-blocking fd, too.
Result<std::string> read_all(int fd, std::size_t limit);

/// A file that has no name and ends with its last descriptor, which is close-on-exec. `name` is for display in /proc.
Result<Fd> make_memory_file(const char* name);
/// At most `most` bytes from its beginning, wherever its position is. Empty if it cannot be read.
std::string read_memory_file(const Fd& file, std::size_t most);

/// Writes everything, despite short writes, EINTR and non-blocking fds. EPIPE is Code::closed, not a signal.
Status write_all(int fd, std::string_view bytes);

/// The same, but a cancel ends the wait for a reader that does not read: Code::cancelled.
Status write_all(int fd, std::string_view bytes, const CancelToken& cancel);

}  // namespace delegate
