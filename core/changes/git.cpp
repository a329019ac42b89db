#include "core/changes/git.hpp"

#include <array>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

/// Wins over every file of configuration. The filter drivers are not here: their names are the repository's, so what
/// could run them is done in a repository of ours, whose configuration names none (private_repository.hpp).
constexpr std::array kOverrides{
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.pager=cat",
    "core.editor=/bin/false",
    "sequence.editor=/bin/false",
    "core.askPass=",
    "core.sshCommand=/bin/false",
    "core.gitProxy=/bin/false",
    "core.alternateRefsCommand=/bin/false",
    "core.quotePath=false",
    "core.safecrlf=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "credential.helper=",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=none",
};

tl::unexpected<Error> git_failed(Code code, const std::string& command, const std::string& why, std::string hint = {}) {
  return fail(code, "git " + command + ": " + why, std::move(hint));
}

tl::unexpected<Error> ended_badly(const ChildResult& ended, const std::string& command) {
  switch (ended.end) {
    case ChildEnd::cancelled: return git_failed(Code::cancelled, command, "cancelled");
    case ChildEnd::timed_out: return git_failed(Code::deadline_exceeded, command, "timed out");
    case ChildEnd::signalled:
      return git_failed(Code::unavailable, command, "ended by signal " + std::to_string(ended.signal));
    default: return git_failed(Code::resource_exhausted, command, "too much output");
  }
}

}  // namespace

Result<GitProgram> find_git(const std::map<std::string, std::string>& environment) {
  auto found = find_executable("git", variable_in(environment, "PATH"));
  if (!found) return fail(Code::not_found, "git: not found on PATH", "install git");
  return GitProgram{.executable = std::move(*found), .environment = environment};
}

Git Git::in_directory(const GitProgram& program, const Path& cwd, const Patience& patience) {
  return {program, cwd, patience};
}

Git Git::in_repository(const GitProgram& program, const Path& git_dir, const Patience& patience) {
  Git git(program, git_dir, patience);
  git.git_dir_ = git_dir;
  return git;
}

Git Git::with_work_tree(const Path& tree) const {
  Git git = *this;
  git.work_tree_ = git.cwd_ = tree;
  return git;
}

Git Git::with_index(const Path& index) const {
  Git git = *this;
  git.index_ = index;
  return git;
}

Git Git::with_most_output(std::size_t most) const {
  Git git = *this;
  git.most_output_ = most;
  return git;
}

Git Git::with_objects(const Path& objects) const {
  Git git = *this;
  git.objects_ = objects;
  return git;
}

std::vector<std::string> Git::environment() const {
  std::vector<std::string> env{
      "LC_ALL=C",
      "GIT_TERMINAL_PROMPT=0",
      "GIT_OPTIONAL_LOCKS=0",
      "GIT_NO_LAZY_FETCH=1",
      "GIT_NO_REPLACE_OBJECTS=1",
      "GIT_ALLOW_PROTOCOL=none",
  };
  const auto pass = [&](const std::string& name) {
    if (const std::string value = variable_in(program_.environment, name); !value.empty())
      env.push_back(name + "=" + value);
  };
  pass("PATH");
  pass("TMPDIR");
  if (git_dir_.empty()) {
    pass("HOME");
    pass("XDG_CONFIG_HOME");
  } else {
    env.insert(env.end(), {"HOME=" + git_dir_.string(), "XDG_CONFIG_HOME=" + git_dir_.string()});
    env.emplace_back("GIT_CONFIG_NOSYSTEM=1");
  }
  if (!git_dir_.empty()) env.push_back("GIT_DIR=" + git_dir_.string());
  if (!work_tree_.empty()) env.push_back("GIT_WORK_TREE=" + work_tree_.string());
  if (!index_.empty()) env.push_back("GIT_INDEX_FILE=" + index_.string());
  if (!objects_.empty()) env.push_back("GIT_OBJECT_DIRECTORY=" + objects_.string());
  return env;
}

Result<GitOutput> Git::run(std::vector<std::string> arguments, std::string_view input) const {
  const std::string command = arguments.empty() ? "" : arguments.front();
  ChildSpec spec;
  spec.argv = {program_.executable, "--no-pager", "--literal-pathspecs"};
  for (const char* override : kOverrides) spec.argv.insert(spec.argv.end(), {"-c", override});
  std::move(arguments.begin(), arguments.end(), std::back_inserter(spec.argv));
  spec.env = environment();
  spec.cwd = cwd_.string();
  spec.input = input;
  spec.clocks.total = patience_.deadline;
  GitOutput output;
  const auto ended = run_child(spec, patience_.cancel, [&](Stream stream, std::string_view bytes) {
    if (stream != Stream::out) return Flow::go_on;
    if (output.out.size() + bytes.size() > most_output_) return Flow::stop;
    output.out += bytes;
    return Flow::go_on;
  });
  if (!ended) return git_failed(ended.error().code, command, ended.error().what, ended.error().hint);
  if (ended->end != ChildEnd::exited) return ended_badly(*ended, command);
  output.exit_code = ended->exit_code;
  output.err = ended->err.text();
  return output;
}

Result<std::string> Git::output(std::vector<std::string> arguments, std::string_view input) const {
  const std::string command = arguments.empty() ? "" : arguments.front();
  TRY(GitOutput done, run(std::move(arguments), input));
  if (done.exit_code != 0) return git_failed(Code::unavailable, command, reason_of(done));
  return std::move(done.out);
}

std::string reason_of(const GitOutput& output) {
  std::string_view reason;
  for (const std::string_view line : split(output.err, '\n')) {
    if (line.starts_with("warning: ") || line.starts_with("hint: ") || trim(line).empty()) continue;
    if (reason.empty()) reason = line;
    if (line.starts_with("fatal: ") || line.starts_with("error: ")) {
      reason = line.substr(7);
      break;
    }
  }
  return reason.empty() ? "exit code " + std::to_string(output.exit_code) : one_line(reason);
}

std::vector<std::string> split_at_nul(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

}  // namespace delegate
