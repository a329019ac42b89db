#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/os/cancel.hpp"
#include "core/os/file.hpp"

// How git is started; no other file starts it. A repository may be hostile, so git runs no program that a repository
// names (hooks, fsmonitor, filters, external diff, pagers, editors), asks nothing and reaches no network.
namespace delegate {

/// The git of this host.
struct GitProgram {
  std::string executable;                          // absolute path
  std::map<std::string, std::string> environment;  // the caller's; of it git gets PATH, HOME, XDG_CONFIG_HOME, TMPDIR
};

/// Looks for git on PATH. Code::not_found: there is none.
Result<GitProgram> find_git(const std::map<std::string, std::string>& environment);

/// Until when, and what ends it earlier. The token must outlive the operation.
struct Patience {
  const CancelToken& cancel;
  Deadline deadline = Deadline::never();

  Patience or_earlier(Deadline other) const { return {cancel, deadline.or_earlier(other)}; }
};

struct GitOutput {
  int exit_code = 0;
  std::string out;
  std::string err;  // its beginning and end
};

/// git in one place. A call that ends by a signal, a deadline or a cancel, or prints more than `most` bytes, is an
/// error; its exit code is one only for `output`.
class Git {
 public:
  static constexpr std::size_t kMostOutput = 64u << 20;

  /// Works on the repository that git itself finds for `cwd`; reads the person's configuration. Only for commands that
  /// read refs and configuration: others could run the filters that it names.
  static Git in_directory(const GitProgram& program, const Path& cwd, const Patience& patience);
  /// Works on a repository of ours. No other configuration counts.
  static Git in_repository(const GitProgram& program, const Path& git_dir, const Patience& patience);

  Git with_work_tree(const Path& tree) const;  // also the directory in which git runs
  Git with_index(const Path& index) const;
  Git with_most_output(std::size_t most) const;
  /// Writes objects into this directory, and uses those there only.
  Git with_objects(const Path& objects) const;

  Result<GitOutput> run(std::vector<std::string> arguments, std::string_view input = {}) const;
  /// What it prints; an exit code that is not 0 is an error with git's own reason.
  Result<std::string> output(std::vector<std::string> arguments, std::string_view input = {}) const;

  const GitProgram& program() const { return program_; }
  const Patience& patience() const { return patience_; }

 private:
  Git(GitProgram program, Path cwd, const Patience& patience)
      : program_(std::move(program)), patience_(patience), cwd_(std::move(cwd)) {}
  std::vector<std::string> environment() const;

  GitProgram program_;
  Patience patience_;
  Path cwd_;
  Path git_dir_;
  Path work_tree_;
  Path index_;
  Path objects_;
  std::size_t most_output_ = kMostOutput;
};

/// The first line of a failure of git that says why, for people.
std::string reason_of(const GitOutput& output);

/// The parts of an output of `-z`.
std::vector<std::string> split_at_nul(std::string_view text);

}  // namespace delegate
