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

/// Removes a change and its isolated tree. Code::busy: a process works on it; not_found: there is none.
Status remove_change(const Path& changes, const std::string& run);

/// What a killed process had left of a change, and what was done about it.
struct Recovered {
  ChangeRecord record;
  std::vector<std::string> left;  // files that were to be written, and were changed by others since
};
struct CleanUp {
  std::size_t expired = 0;
  std::vector<Recovered> recovered;
  std::vector<Error> failures;
};

/// Removes the finished and abandoned changes that ended (or began) longer than `keep` ago, completes applications that
/// were killed, and removes the isolated trees of killed runs. Changes on which a process works are not touched.
CleanUp clean_up_changes(const Path& changes, milliseconds now, milliseconds keep);

}  // namespace delegate
