#pragma once
#include <set>
#include <string>
#include <vector>

#include "core/changes/private_repository.hpp"
#include "core/os/rooted_tree.hpp"

namespace delegate {

using PathSet = std::set<std::string>;

/// What an index has, as far as it matters for a snapshot.
struct Tracked {
  struct File {
    std::string path;
    std::string object;
  };
  std::vector<File> files;  // the regular ones, as the index has them; not the unmerged ones
  PathSet uncertain;        // unmerged: the index has no single content for it
  PathSet assumed;          // assumed unchanged: git would not look
  PathSet submodules;
};
Result<Tracked> tracked_in(const Git& git);

/// The tracked files whose bytes may not be those of their object, although the index of a person says that they are
/// unchanged: git converted them (ends of lines, encoding, ident, a filter driver). Only files that are there.
/// `attributes` is git where the attributes are those of the person.
Result<PathSet> converted_files(const Git& git, const Git& attributes, const Path& own_attributes,
                                const RootedTree& tree, const Tracked& tracked);

/// The paths as git reads them with -z.
std::string joined_with_nul(const PathSet& paths);

}  // namespace delegate
