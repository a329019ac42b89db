#pragma once
#include <string>
#include <vector>

#include "core/changes/git.hpp"
#include "core/changes/repository.hpp"

namespace delegate {

/// A small repository of ours, in our state directory. Its configuration is written here, so a hostile one of the
/// person's repository is never in force where files are read or written: it names no filter drivers (unless the
/// project is trusted), no hooks, no other work tree.
class PrivateRepository {
 public:
  /// A new one at `path`, in an existing directory of ours. It reads files as `like` does (end of lines, ignored names,
  /// attributes), and can use the objects of `alternates`. Its filter drivers are noted, and count only for calls that
  /// may run them.
  static Result<PrivateRepository> create(const Path& path, const Repository& like,
                                          const std::vector<Path>& alternates);
  /// A new one with the configuration of an existing one.
  static Result<PrivateRepository> create(const Path& path, const PrivateRepository& like,
                                          const std::vector<Path>& alternates);
  static Result<PrivateRepository> open(const Path& path);

  const Path& path() const { return path_; }
  Path objects() const { return path_ / "objects"; }
  Git git(const GitProgram& program, const Patience& patience) const {
    return Git::in_repository(program, path_, patience);
  }
  /// Adds to its configuration; `key` as `git config --list` has it ("core.bare", "filter.lfs.clean").
  Status set(const std::map<std::string, std::string>& settings) const;
  /// It can use the objects of this directory, too.
  Status add_alternate(const Path& objects) const;

 private:
  explicit PrivateRepository(Path path) : path_(std::move(path)) {}
  Path path_;
};

/// Copies an index with what it is split into. The copy keeps the time of the file, by which git knows which entries
/// may have changed unseen. Nothing there: nothing is copied.
Status copy_index(const Path& index, const Path& to);

}  // namespace delegate
