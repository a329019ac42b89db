#pragma once
#include <string>
#include <vector>

#include "core/changes/application.hpp"
#include "core/changes/tree_change.hpp"

namespace delegate {

/// What a run that may change files has changed in a git work tree.
struct ChangeReport {
  enum class State {
    none,      // nothing has changed, or it is not recorded
    in_files,  // in the person's files, and can be taken back
    kept,      // only recorded: it was not to be applied
    refused,   // only recorded: it could not be applied
    lost,      // could not be recorded: see `why`
  };
  State state = State::none;
  bool is_isolated = false;
  std::string root;                // of the person's work tree
  std::vector<ChangedFile> files;  // paths below the root, for display
  std::vector<std::string> names;  // the same, as a person in the run's directory would name them
  std::string diffstat;            // lines, as git prints them
  std::vector<Application::Conflict> conflicts;
  std::vector<std::string> merged;       // files that keep other changes, too
  std::vector<std::string> not_applied;  // files that could not get the change: a part of it is in the person's files
  std::vector<std::string> not_covered;  // what is not recorded, each with the reason
  std::vector<std::string> notes;        // what else the person should know, in lines
  std::string why;                       // refused, lost: in one line
  std::string patch;                     // the path of one; empty: it was not needed
  std::string tree;                      // the path of the copy, if it stays
  std::string no_undo;                   // why the run, which was about to change files, cannot be taken back
  bool was_no_undo_said = false;         // to the person, before it began

  /// It was to be in the person's files, and is not, or not all of it.
  bool is_unapplied() const {
    return state == State::refused || !not_applied.empty() || (is_isolated && state == State::lost);
  }
};

}  // namespace delegate
