#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/changes/private_repository.hpp"

namespace delegate {

/// A file in a tree of git: "100644", "100755", "120000" (a link) or "160000" (the commit of a submodule). Both empty:
/// there is no such file.
struct TreeEntry {
  std::string mode;
  std::string object;

  bool exists() const { return !mode.empty(); }
  bool is_regular() const { return mode.starts_with("100"); }
  bool is_submodule() const { return mode == "160000"; }
  bool operator==(const TreeEntry&) const = default;
};

struct ChangedFile {
  enum class Kind { added, deleted, modified, mode_changed, type_changed };
  std::string path;  // any bytes but NUL
  Kind kind = Kind::modified;
  TreeEntry before;
  TreeEntry after;
  unsigned mode_before = 0;  // permission bits of a regular file; 0: not known
  unsigned mode_after = 0;
  std::optional<std::uint64_t> lines_added;  // both: nothing for a binary file
  std::optional<std::uint64_t> lines_removed;

  bool is_binary() const { return !lines_added; }
};

/// What differs between two trees, in the order of git. A renamed file is one deleted and one added.
struct TreeChange {
  std::string before;  // the trees
  std::string after;
  std::vector<ChangedFile> files;
};

/// Code::resource_exhausted: more files than `most_files`.
/// Files whose former content is in no repository any more, are in `gone` instead, if there is
/// one; the counts of lines are not known then.
Result<TreeChange> compare_trees(const Git& git, const std::string& before, const std::string& after,
                                 std::size_t most_files = 20'000, std::vector<std::string>* gone = nullptr);

/// As `git diff --stat` prints it, `width` columns wide.
Result<std::string> diffstat(const Git& git, const TreeChange& change, unsigned width);

/// What `git apply` takes. Code::resource_exhausted: more than `most` bytes.
Result<std::string> patch(const Git& git, const TreeChange& change, std::size_t most = Git::kMostOutput);

/// Makes a repository at `path` that has all that a change needs, and nothing else: it works when the objects of the
/// person's repository are gone. The trees of the result hold only what has changed. The modes of the files are kept
/// beside.
Result<TreeChange> keep_change(const GitProgram& program, const PrivateRepository& from, const TreeChange& change,
                               const Path& path, const Patience& patience);

/// Adds the modes that keep_change kept in `kept`.
Status add_kept_modes(const PrivateRepository& kept, TreeChange& change);

/// Writes a tree of these entries. `index` is a path that nothing else uses; it is removed.
struct NamedEntry {
  std::string path;
  TreeEntry entry;
};
Result<std::string> write_tree(const Git& git, const std::vector<NamedEntry>& entries, const Path& index);

/// What `git update-index -z --index-info` reads.
std::string index_info(const std::vector<NamedEntry>& entries);

}  // namespace delegate
