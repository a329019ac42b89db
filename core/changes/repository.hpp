#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/changes/git.hpp"

namespace delegate {

/// A person's repository as it is found. Nothing in it is ever changed.
struct Repository {
  Path root;                // of the work tree; canonical; the directory asked about or one above it
  Path git_dir;             // of this work tree
  Path common_dir;          // objects and refs; another one in a linked work tree
  std::string head_ref;     // "refs/heads/main"; empty: detached
  std::string head_commit;  // empty: no commit yet
  bool is_sparse = false;
  std::string object_format = "sha1";
  Path ignored_names;  // the person's own files (core.excludesFile, core.attributesFile), which may be missing
  Path own_attributes;
  /// What decides how files become objects and back, and who commits. Keys as `git config --list` has them.
  std::map<std::string, std::string> settings;

  Path index() const { return git_dir / "index"; }
  Path objects() const { return common_dir / "objects"; }
};

/// The repository of `cwd`. Code::not_found: it is in none; invalid_argument: a bare repository, or its configuration
/// names another work tree; permission_denied: it belongs to another user (safe.directory).
Result<Repository> find_repository(const GitProgram& program, const Path& cwd, const Patience& patience);

}  // namespace delegate
