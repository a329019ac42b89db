#pragma once
#include "core/changes/snapshot.hpp"
#include "tests/unit/changes/work_tree.hpp"

namespace delegate_tests {

/// Takes snapshots of one work tree, and looks into them.
struct Camera {
  explicit Camera(const WorkTree& tree, const Path& root)
      : tree_(tree),
        found(find_repository(tree.program(), root, tree.patience()).value()),
        repository(PrivateRepository::create(tree.state() / "snapshots", found, {found.objects()},
                                             PrivateRepository::Content::bytes)
                       .value()) {
    REQUIRE(copy_index(found.index(), repository.path() / "index"));
  }
  explicit Camera(const WorkTree& tree) : Camera(tree, tree.root()) {}

  Result<Snapshot> take(const SnapshotLimits& limits = {}) const {
    return take_snapshot(tree_.program(), repository, found.root, repository.path() / "index", limits,
                         tree_.patience());
  }
  FirstSnapshot note(const Snapshot& snapshot) const {
    return note_files(git(), snapshot, found.root, repository.path() / "notes").value();
  }
  std::string names(const Snapshot& snapshot) const {
    return git().output({"ls-tree", "-r", "--name-only", "-z", snapshot.tree}).value();
  }
  std::string content(const Snapshot& snapshot, const std::string& path) const {
    return git().output({"cat-file", "blob", snapshot.tree + ":" + path}).value();
  }
  Git git() const { return repository.git(tree_.program(), tree_.patience()); }

  const WorkTree& tree_;
  Repository found;
  PrivateRepository repository;
};

}  // namespace delegate_tests
