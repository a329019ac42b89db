#pragma once
#include <string>
#include <vector>

#include "core/changes/change_record.hpp"
#include "core/changes/journal.hpp"
#include "core/changes/tree_change.hpp"

namespace delegate {

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
/// `kept` is the repository of keep_change. `workspace` is the path of a directory of ours that does not exist
/// (Code::busy: it does). It is there afterwards only if the change is applied, until the caller has recorded that and
/// calls end_application; if one of them is killed, recover_application needs it.
Result<Application> apply_change(const GitProgram& program, const PrivateRepository& kept, const TreeChange& change,
                                 Direction direction, const Path& root, const Path& workspace,
                                 const Patience& patience);
Status end_application(const Path& workspace);

/// After a kill: completes the application if it had begun to change files, or removes its traces. The workspace stays
/// as after apply_change if it is completed. Does nothing if there is none.
Result<Completion> recover_application(const Path& workspace);

}  // namespace delegate
