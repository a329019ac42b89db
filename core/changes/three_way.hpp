#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/changes/tree_change.hpp"
#include "core/os/rooted_tree.hpp"

namespace delegate {

/// One path of a three-way application.
struct Sides {
  std::string path;
  TreeEntry base;
  TreeEntry wanted;
  TreeEntry present;
  FileFacts facts;  // of what is present
};

struct Resolved {
  enum class Kind { nothing_to_do, take, merged, conflict };
  Kind kind = Kind::nothing_to_do;
  TreeEntry entry;  // take, merged: what shall be there
  std::string why;  // of a conflict
};

/// Decides one path. Texts that both sides have changed are merged by `git merge-file`, in the directory `scratch`; the
/// result is written into the repository of `git`.
Result<Resolved> resolve(const Git& git, const Sides& sides, const Path& scratch);

}  // namespace delegate
