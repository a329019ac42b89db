#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
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

/// The first snapshot of a work tree, for a later one. A file that the first one did not have, and that was there
/// already (it was ignored, or somewhere else), was not added since: the later one leaves it out.
struct FirstSnapshot {
  Path notes;                            // file_notes.hpp, of its files; and beside it the paths that were ignored
  std::chrono::nanoseconds taken{0};     // as next_file_time gives it
  std::chrono::nanoseconds since{0};     // in a copy, what is older than it was put there by the run
  Path own_index = {};                   // of the repository that belongs to the tree: what is added there counts
  std::vector<std::string> copied = {};  // files and directories that are in the tree only because they were asked for
};

/// The files that a later snapshot left out.
struct LeftOut {
  std::size_t files = 0;
  std::string example;

  std::string text() const;  // for people; empty: none
};

/// The files of a work tree at one moment, as a tree in a repository of ours.
struct Snapshot {
  std::string tree;
  Path index;                             // has exactly these files
  std::vector<std::string> repositories;  // inside, whose files are in it
  /// Repositories inside whose files are not in it, each with the reason.
  std::vector<std::string> not_covered;
  LeftOut left_out;
};

/// Records the files of `work_tree`, with those of submodules and other repositories inside, as if all were one.
/// `index` is a file in `repository` (its whole path), which is read first (a copy of the person's index knows which
/// files are unchanged) and written, for the next snapshot. Tracked files count even if they are ignored, assumed
/// unchanged or outside of the sparse checkout but there. Each is recorded byte for byte, without a conversion.
/// `repository` is one for bytes. Errors say in one line why there is no snapshot; Code::resource_exhausted: more than
/// a limit.
Result<Snapshot> take_snapshot(const GitProgram& program, const PrivateRepository& repository, const Path& work_tree,
                               const Path& index, const SnapshotLimits& limits, const Patience& patience,
                               const std::optional<FirstSnapshot>& first = std::nullopt);

/// Notes the files of a snapshot as they are in `work_tree`, which may be a copy, and says when that was.
Result<FirstSnapshot> note_files(const Git& git, const Snapshot& snapshot, const Path& work_tree, const Path& notes);

}  // namespace delegate
