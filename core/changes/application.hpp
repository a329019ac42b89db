#pragma once
#include <string>
#include <vector>

#include "core/changes/tree_change.hpp"

namespace delegate {

enum class Direction {
  forward,
  reverse,  // takes it back
};

/// What became of a change that was to be applied.
struct Application {
  struct Conflict {
    std::string path;
    std::string why;
  };
  std::vector<Conflict> conflicts;       // if there is one, nothing at all was changed
  std::vector<std::string> changed;      // the paths written or removed
  std::vector<std::string> merged;       // those of them that keep other changes, too
  std::vector<std::string> not_applied;  // commits of submodules; and files that other processes changed in between

  bool is_applied() const { return conflicts.empty(); }
};

/// Applies `change` to the files below `root` as they are now. A file that is as before the change gets its new
/// content; one that has it already stays; a text that has changed otherwise is merged. Anything else is a conflict.
/// `kept` is the repository of keep_change. `workspace` is the path of a directory of ours that does not exist; it is
/// removed at the end, and after a kill recover_application needs it.
Result<Application> apply_change(const GitProgram& program, const PrivateRepository& kept, const TreeChange& change,
                                 Direction direction, const Path& root, const Path& workspace,
                                 const Patience& patience);

/// After a kill: completes the application or removes its traces, and removes the workspace. Does nothing if there is
/// none. Returns the paths that were changed since, and stay.
Result<std::vector<std::string>> recover_application(const Path& workspace);

}  // namespace delegate
