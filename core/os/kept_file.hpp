#pragma once
#include <string>

#include "core/os/file.hpp"

namespace delegate {

/// The largest file that keep_and_replace() and its callers read.
inline constexpr std::size_t kLargestKeptFile = std::size_t{32} << 20;

/// Gives an existing regular file a new content and keeps what else belongs to it: owner, group, mode, extended
/// attributes (access lists are some of them) and hard links. `before` is its content now.
///
/// Normally a new file takes its place in one step. Where that would lose something (another name links to the file, an
/// attribute cannot be copied, something is mounted on it), it is written in place: first its old content is saved next
/// to it as NAME.delegate-backup, which is removed at the end, then blocks are reserved for the new one, so that a full
/// disk changes nothing. An error leaves the old content; after a crash it is in the backup, and the next call refuses
/// to write until that is gone.
Status keep_and_replace(const Path& path, const std::string& before, const std::string& content);

}  // namespace delegate
