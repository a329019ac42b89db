#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/changes/snapshot.hpp"

namespace delegate {

/// What an isolated tree is made of.
struct IsolatedSource {
  Repository repository;      // the person's
  PrivateRepository objects;  // with the snapshot
  Snapshot snapshot;          // of the files
  FirstSnapshot first;        // with their modes
  Path directory;             // of ours; the tree is tree/NAME in it
  /// Ignored files or directories to copy: below the root, relative to it or absolute.
  std::vector<std::string> with;
};

/// A copy of a work tree in our state directory, in which git works as in the original: the same branch at the same
/// commit, the same refs, the same staged changes, the same modes of files. Nothing that git does there changes the
/// original. Ignored files are not there.
class IsolatedTree {
 public:
  /// Code::invalid_argument: a path of `with` that is not below the root, or only through a link; not_found: it does
  /// not exist.
  static Result<IsolatedTree> make(const GitProgram& program, IsolatedSource source, const Patience& patience);

  const Path& root() const { return root_; }
  /// What is not as in the original, for people.
  const std::vector<std::string>& remarks() const { return remarks_; }
  /// A clean copy at the same place.
  Status renew(const GitProgram& program, const Patience& patience);
  /// The files as they are now, whatever was done to the repository of the copy.
  Result<Snapshot> result(const GitProgram& program, const SnapshotLimits& limits, const Patience& patience) const;
  /// What was in the copy at first. A file that was copied as one of `with` was not added since.
  const FirstSnapshot& first() const { return first_; }
  /// The files of `with` (not those in a directory of it) that have changed here. That is no part of the result.
  Result<std::vector<std::string>> changed_copies() const;
  void remove() const { remove_from(source_.directory); }
  /// Removes the copy of a change that is in `directory`.
  static void remove_from(const Path& directory);
  static bool is_in(const Path& directory);

 private:
  explicit IsolatedTree(IsolatedSource source);
  Status write(const GitProgram& program, const Patience& patience);
  Status note_copied_files();
  Status write_files(const GitProgram& program, const Patience& patience) const;
  Status set_modes() const;
  Status write_repository(const GitProgram& program, const Patience& patience) const;
  Status copy_extra(const GitProgram& program, const std::string& path, const Patience& patience) const;

  IsolatedSource source_;
  Path root_;
  Path index_;           // says what the files of the copy were at first
  FirstSnapshot first_;  // of the copy
  std::vector<std::string> remarks_;
  std::map<std::string, std::string> copied_;  // identities of files, by path
};

}  // namespace delegate
