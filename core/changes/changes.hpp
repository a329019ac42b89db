#pragma once
#include <string>
#include <vector>

#include "core/changes/change.hpp"

// All changes that are remembered.
namespace delegate {

struct ChangeList {
  std::vector<ChangeRecord> records;  // the newest first
  std::vector<Error> unreadable;
};
ChangeList changes_in(const Path& changes);

/// Removes a change and its isolated tree. Code::busy: a process works on it; not_found: there is none. Completes first
/// what a killed process had begun to apply, so only the holder of the write lease of its root may remove such a one.
Status remove_change(const Path& changes, const std::string& run);

struct CleanUp {
  std::size_t expired = 0;
  std::vector<ChangeRecord> removed_trees;  // of isolated runs that were killed
  std::vector<Error> failures;
};

/// Removes the changes that ended (or began, if they have no end) longer than `keep` ago, and everything of isolated
/// runs that were killed. Any process may call it at any time: it touches no person's files, no change on which a
/// process works, and none whose application was killed (recover_changes).
CleanUp clean_up_changes(const Path& changes, milliseconds now, milliseconds keep);

/// An application that was killed after it had begun to change files, and was completed.
struct Recovered {
  ChangeRecord record;
  Direction direction = Direction::forward;
  std::vector<std::string> left;  // files that were to be written, and were changed by others since
};
struct Recovery {
  std::vector<Recovered> completed;
  std::vector<Error> failures;
};

/// Completes the applications in the files of exactly this root that were killed. Only for the holder of its write
/// lease. One that had changed nothing yet is forgotten.
Recovery recover_changes(const Path& changes, const Path& root);

}  // namespace delegate
