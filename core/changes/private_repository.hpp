#pragma once
#include <string>
#include <vector>

#include "core/changes/git.hpp"
#include "core/changes/repository.hpp"

namespace delegate {

/// A small repository of ours, in our state directory. Its configuration is written here, so a hostile one of the
/// person's repository is never in force where files are read or written: it names no filter drivers, no hooks, no
/// other work tree.
class PrivateRepository {
 public:
  enum class Content {
    bytes,      // files are recorded and written byte for byte, whatever the attributes of the person say
    converted,  // ends of lines and encodings are converted as in the person's repository
  };
  /// A new one at `path`, in an existing directory of ours. It ignores the names that `like` does, and can use the
  /// objects of `alternates`. One for bytes has another one inside that knows the attributes of `like`.
  static Result<PrivateRepository> create(const Path& path, const Repository& like, const std::vector<Path>& alternates,
                                          Content content);
  /// A new one with the configuration of an existing one.
  static Result<PrivateRepository> create(const Path& path, const PrivateRepository& like,
                                          const std::vector<Path>& alternates);
  static Result<PrivateRepository> open(const Path& path);

  const Path& path() const { return path_; }
  Path objects() const { return path_ / "objects"; }
  /// Of one for bytes: where the attributes are those of the person.
  PrivateRepository with_attributes() const { return PrivateRepository(path_ / "attributes.git"); }
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
