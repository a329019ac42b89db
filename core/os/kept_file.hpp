#pragma once
#include <string>

#include "core/os/file.hpp"

// Changes of files that other programs also read and write. Each call compares the content directly before it changes
// anything: Code::busy if it is not `before` any more, and the file stays as it is.
namespace delegate {

/// The largest file that these calls and their callers read.
inline constexpr std::size_t kLargestKeptFile = std::size_t{32} << 20;

/// Gives an existing regular file a new content and keeps what else belongs to it: owner, group, mode, extended
/// attributes (access lists are some of them) and hard links. `before` is its content now.
///
/// Normally a new file takes its place in one step. Where that would lose something (another name links to the file, an
/// attribute cannot be copied or removed, something is mounted on it), it is written in place: first its old content is
/// saved next to it as NAME.delegate-backup, which is removed at the end, then blocks are reserved for the new one
/// where the file system can do that, so that a full disk changes nothing. An error leaves the old content; after a
/// crash it is in the backup, and the error of no_interrupted_change() is returned until that is gone.
Status keep_and_replace(const Path& path, const std::string& before, const std::string& content);

/// Code::permission_denied if NAME.delegate-backup exists: a change of the file was interrupted, or is just being
/// written. The hint says how to restore the file.
Status no_interrupted_change(const Path& path);

/// A new file with exactly this mode. Code::busy if there is one.
Status create_file(const Path& path, const std::string& content, unsigned mode);

/// Removes a file whose content is `before`.
Status remove_unchanged(const Path& path, const std::string& before);

}  // namespace delegate
