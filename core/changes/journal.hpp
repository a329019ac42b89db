#pragma once
#include <string>
#include <vector>

#include "core/os/rooted_tree.hpp"

// Changing many files as one step. The new contents are written beside the files first; then a tight loop of renames
// and removals does the rest. A journal says how far it is, so that a killed process leaves either nothing or something
// that can be completed.
namespace delegate {

struct Step {
  enum class Kind { remove, write };
  Kind kind = Kind::remove;
  std::string path;
  std::string temporary;  // write: the path of the new content, in a directory that exists
  Path source;            // write: where the content comes from; not in the journal
  std::string expected;   // the identity of the file that is there; empty: none, or a directory
  unsigned mode = 0;      // write: as for RootedTree::copy_from
};

struct Performed {
  std::vector<std::string> moved_on;  // paths that have changed since they were looked at: nothing was done
  std::vector<std::string> left;      // paths that changed in the middle of the steps, and stay as they are
};

/// Does the steps, in their order, which has all removals before the first write. `journal` is the path of a file of
/// ours that does not exist; it stays, and can be completed again, which changes nothing. After an error nothing is
/// changed, and it is gone.
Result<Performed> perform(const RootedTree& tree, const Path& journal, const std::vector<Step>& steps);

struct Completion {
  bool is_completed = false;      // false: nothing was changed
  std::vector<std::string> left;  // paths that were changed by others since, and stay as they are
};

/// After a kill: completes what had begun, or removes what was prepared and the journal. The journal of what is
/// completed stays. Does nothing if there is none.
Result<Completion> complete(const Path& journal);

/// The first half of `perform`: everything up to the first step. For `perform`, and for tests of what a kill leaves.
/// Returns the paths that have changed since; if there are any, nothing is left to be done.
Result<std::vector<std::string>> prepare(const RootedTree& tree, const Path& journal, const std::vector<Step>& steps);
/// The second half; stops after `most` steps.
std::vector<std::string> take_steps(const RootedTree& tree, const std::vector<Step>& steps,
                                    std::size_t most = std::string::npos);

}  // namespace delegate
