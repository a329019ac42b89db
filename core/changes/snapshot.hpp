#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/changes/private_repository.hpp"

namespace delegate {

struct SnapshotLimits {
  std::size_t files = 20'000;           // changed and untracked ones
  std::uintmax_t bytes = 512ull << 20;  // of them
  milliseconds time{20'000};
  bool with_untracked = true;  // never the ignored ones
};

/// The files of a work tree at one moment, as a tree in a repository of ours.
struct Snapshot {
  std::string tree;
  Path index;                             // has exactly these files
  std::vector<std::string> repositories;  // inside, whose files are in it
  /// Repositories inside whose files are not in it, each with the reason.
  std::vector<std::string> not_covered;
};

/// Records the files of `work_tree`, with those of submodules and other repositories inside, as if all were one.
/// `index` is a file in `repository` (its whole path), which is read first (a copy of the person's index knows which
/// files are unchanged) and written, for the next snapshot. Tracked files count even if they are ignored, assumed
/// unchanged or outside of the sparse checkout but there. Each is recorded byte for byte, without a conversion.
/// `repository` is one for bytes. Errors say in one line why there is no snapshot; Code::resource_exhausted: more than
/// a limit.
Result<Snapshot> take_snapshot(const GitProgram& program, const PrivateRepository& repository, const Path& work_tree,
                               const Path& index, const SnapshotLimits& limits, const Patience& patience);

}  // namespace delegate
