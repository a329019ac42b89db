#pragma once
#include "core/changes/changes.hpp"
#include "tests/unit/changes/work_tree.hpp"

namespace delegate_tests {

constexpr milliseconds kDay{86'400'000};

/// A repository with one committed file, and the directory of its changes.
struct Host {
  Host() {
    tree.write("file", "1\n2\n3\n");
    tree.commit();
  }

  Result<OpenChange> try_begin(const std::string& run, bool is_isolated, std::vector<std::string> with = {}) const {
    return OpenChange::begin(
        tree.program(), changes(), tree.repository(),
        {.run = run, .now = milliseconds(1000), .is_isolated = is_isolated, .with = std::move(with)}, tree.patience());
  }
  OpenChange begin(const std::string& run, bool is_isolated = false, std::vector<std::string> with = {}) const {
    auto change = try_begin(run, is_isolated, std::move(with));
    INFO((change ? std::string() : change.error().what));
    REQUIRE(change);
    return std::move(*change);
  }
  KeptChange finish(OpenChange& change, OpenChange::Tree rest = OpenChange::Tree::remove,
                    const SnapshotLimits& limits = {}) const {
    auto kept =
        change.finish(tree.program(), {.now = milliseconds(2000), .backends = {"fake"}, .tree = rest, .limits = limits},
                      tree.patience());
    INFO((kept ? std::string() : kept.error().what));
    REQUIRE(kept);
    return std::move(*kept);
  }
  /// A finished change that wrote "2" into a new file.
  KeptChange made(const std::string& run) const {
    OpenChange change = begin(run);
    tree.write("new", "2\n");
    return finish(change);
  }
  Application apply(KeptChange& change, Direction direction) const {
    auto applied = change.apply(tree.program(), direction, tree.patience());
    INFO((applied ? std::string() : applied.error().what));
    REQUIRE(applied);
    return std::move(*applied);
  }
  KeptChange open(const std::string& run) const { return KeptChange::open(changes(), run).value(); }
  CleanUp clean_up(milliseconds now = milliseconds(3000)) const { return clean_up_changes(changes(), now, kDay); }
  Recovery recover() const { return recover_changes(changes(), tree.root()); }
  Path changes() const { return tree.state() / "changes"; }
  std::string names_in(const std::string& run) const { return tree.sh("ls ../state/changes/" + run); }

  WorkTree tree;
};

}  // namespace delegate_tests
