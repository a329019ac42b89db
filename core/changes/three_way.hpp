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
  FileFacts facts;         // of what is present
  unsigned base_mode = 0;  // permission bits; 0: not known
  unsigned wanted_mode = 0;
};

struct Resolved {
  enum class Kind { nothing_to_do, take, merged, conflict };
  Kind kind = Kind::nothing_to_do;
  TreeEntry entry;  // take, merged: what shall be there
  std::string why;  // of a conflict
};

/// The permission bits of the new content `entry`: those wanted if the present ones are those of the base. Others may
/// have got (or lost) access to the file since: then it keeps them, but for the right to be executed. 0: as in a
/// checkout.
unsigned resolved_mode(const Sides& sides, const TreeEntry& entry);

/// Decides one path. Texts that both sides have changed are merged by `git merge-file`, in the directory `scratch`; the
/// result is written into the repository of `git`.
Result<Resolved> resolve(const Git& git, const Sides& sides, const Path& scratch);

}  // namespace delegate
