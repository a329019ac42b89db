#include "core/changes/repository.hpp"

#include <algorithm>
#include <array>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::array kSettings{
    "core.autocrlf"sv,
    "core.eol"sv,
    "core.filemode"sv,
    "core.symlinks"sv,
    "core.ignorecase"sv,
    "core.precomposeunicode"sv,
    "core.trustctime"sv,
    "core.checkstat"sv,
    "core.abbrev"sv,
    "core.checkroundtripencoding"sv,
    "core.sparsecheckout"sv,
    "core.sparsecheckoutcone"sv,
    "user.name"sv,
    "user.email"sv,
    "user.useconfigonly"sv,
    "i18n.commitencoding"sv,
    "i18n.logoutputencoding"sv,
};

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

tl::unexpected<Error> not_usable(const Path& cwd, const GitOutput& output) {
  const std::string where = cwd.string();
  if (output.err.find("dubious ownership") != std::string::npos ||
      output.err.find("unsafe repository") != std::string::npos)
    return fail(Code::permission_denied, where + ": the git repository belongs to another user",
                "if you trust it: git config --global --add safe.directory DIRECTORY");
  if (output.err.find("not a git repository") != std::string::npos)
    return fail(Code::not_found, where + ": not in a git repository");
  return fail(Code::unavailable, where + ": git: " + reason_of(output));
}

bool names_same_directory(const Path& one, const Path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

/// Does `root` say itself that `git_dir` is its repository? core.worktree alone could name any directory.
bool belongs_to(const Path& root, const Path& git_dir) {
  const Path own = root / ".git";
  if (names_same_directory(own, git_dir)) return true;
  const auto text = read_file(own, 64u << 10);
  if (!text || !text->starts_with("gitdir: ")) return false;
  return names_same_directory(root / std::string(trim(std::string_view(*text).substr(8))), git_dir);
}

bool contains(const Path& root, const Path& path) {
  const auto ends = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return ends.first == root.end();
}

/// The last value of a key counts.
Status read_settings(const Git& git, Repository& found) {
  TRY(const std::string all, git.output({"config", "--list", "-z"}));
  for (const std::string& entry : split_at_nul(all)) {
    const std::size_t end = entry.find('\n');
    const std::string key = entry.substr(0, end);
    const std::string value = end == std::string::npos ? "true" : entry.substr(end + 1);
    if (std::find(kSettings.begin(), kSettings.end(), key) != kSettings.end()) found.settings[key] = value;
    if (key == "core.excludesfile") found.ignored_names = value;
    if (key == "core.attributesfile") found.own_attributes = value;
    if (key == "extensions.objectformat") found.object_format = value;
    if (key == "core.sparsecheckout") found.is_sparse = lower(value) == "true" || value == "1" || value == "yes";
  }
  return {};
}

/// The person's own files of ignored names and of attributes, where git itself would look for them: calls in a
/// repository of ours have another home.
void place_own_files(const GitProgram& program, Repository& found) {
  const std::string home = variable_in(program.environment, "HOME");
  std::string config = variable_in(program.environment, "XDG_CONFIG_HOME");
  if (config.empty() && !home.empty()) config = home + "/.config";
  const auto place = [&](Path& path, const char* name) {
    std::string text = path.string();
    if (text.starts_with("~/")) text = home + text.substr(1);
    if (text.empty() && !config.empty()) text = config + "/git/" + name;
    path = text.empty() ? Path() : found.root / text;
  };
  place(found.ignored_names, "ignore");
  place(found.own_attributes, "attributes");
}

Status read_head(const Git& git, Repository& found) {
  TRY(const GitOutput ref, git.run({"symbolic-ref", "-q", "HEAD"}));
  if (ref.exit_code == 0) found.head_ref = without_newline(ref.out);
  TRY(const GitOutput commit, git.run({"rev-parse", "--verify", "-q", "HEAD"}));
  if (commit.exit_code == 0) found.head_commit = without_newline(commit.out);
  return {};
}

Result<Path> directory_of(const Git& git, const Path& cwd, const char* question) {
  TRY(const GitOutput answer, git.run({"rev-parse", question}));
  if (answer.exit_code != 0) return not_usable(cwd, answer);
  std::error_code error;
  Path path = fs::canonical(cwd / without_newline(answer.out), error);
  if (error) return fail_errno(cwd.string() + ": its git repository", error.value());
  return path;
}

}  // namespace

Result<Repository> find_repository(const GitProgram& program, const Path& cwd, const Patience& patience) {
  std::error_code error;
  const Path here = fs::canonical(cwd, error);
  if (error) return fail_errno("open " + cwd.string(), error.value());
  const Git git = Git::in_directory(program, here, patience).with_most_output(4u << 20);
  Repository found;
  TRY(found.git_dir, directory_of(git, here, "--absolute-git-dir"));
  TRY(const GitOutput inside, git.run({"rev-parse", "--is-bare-repository", "--is-inside-work-tree"}));
  if (inside.exit_code != 0) return not_usable(here, inside);
  if (inside.out.starts_with("true"))
    return fail(Code::invalid_argument, here.string() + ": a bare git repository has no files");
  if (!inside.out.ends_with("true\n"))
    return fail(Code::invalid_argument,
                here.string() + ": not in the work tree of its git repository " + found.git_dir.string());
  TRY(found.root, directory_of(git, here, "--show-toplevel"));
  TRY(found.common_dir, directory_of(git, here, "--git-common-dir"));
  if (!contains(found.root, here) || !belongs_to(found.root, found.git_dir))
    return fail(Code::invalid_argument, here.string() + ": the configuration of its git repository names another " +
                                            "work tree, " + found.root.string());
  TRY_STATUS(read_head(git, found));
  TRY_STATUS(read_settings(git, found));
  place_own_files(program, found);
  return found;
}

}  // namespace delegate
