#pragma once
#include <string>
#include <vector>

#include "core/os/file.hpp"

// Files that say what this program does: who could change them?
namespace delegate {

struct CheckedFile {
  std::string text;
  /// Single users or groups that can change it, each as a sentence without its subject.
  std::vector<std::string> sharers;
};

/// Reads it through the descriptor that was checked. Code::permission_denied: every user of this machine could change
/// it, or exchange it or its directory, also behind a link. That another user owns it is no reason: only you or root
/// can have put it where all others cannot write. What is not a regular file is not checked.
Result<CheckedFile> read_checked_file(const Path& path, std::size_t limit);

/// The same check of a file that is not read. Nothing there: no error.
Status check_not_open_to_all(const Path& path);

}  // namespace delegate
