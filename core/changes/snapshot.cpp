#include "core/changes/snapshot.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/os/rooted_tree.hpp"

namespace delegate {
namespace {

using Paths = std::set<std::string>;
using Kind = FileFacts::Kind;

/// What the index has, as far as it matters here.
struct Tracked {
  Paths uncertain;  // unmerged: the index has no single content for it
  Paths assumed;    // assumed unchanged: git would not look
  Paths submodules;
  Paths attribute_files;  // .gitattributes
};

struct Candidates {
  std::string present;  // for `update-index --stdin`
  std::string absent;
  std::vector<std::string> not_covered;
  std::size_t files = 0;
  std::uintmax_t bytes = 0;
};

std::string joined_with_nul(const Paths& paths) {
  std::string text;
  for (const std::string& path : paths) (text += path) += '\0';
  return text;
}

Result<Tracked> tracked_in(const Git& git) {
  TRY(const std::string listed, git.with_most_output(256u << 20).output({"ls-files", "-z", "-v", "-s"}));
  Tracked tracked;
  for (const std::string& line : split_at_nul(listed)) {  // "H 100644 object 0\tpath"
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const char tag = line[0];
    const std::string path = line.substr(tab + 1);
    if (line.compare(2, 7, "160000 ") == 0) tracked.submodules.insert(path);
    if (tag == 'M' || tag == 'm') tracked.uncertain.insert(path);
    if (tag >= 'a' && tag <= 'z') tracked.assumed.insert(path);
    if (path == ".gitattributes" || path.ends_with("/.gitattributes")) tracked.attribute_files.insert(path);
  }
  return tracked;
}

/// Could any file have a filter driver? Reading the attributes of all files costs more than this look.
bool may_have_filters(const PrivateRepository& repository, const RootedTree& tree, const Paths& attribute_files) {
  const auto names_one = [](const Result<std::string>& text) {
    return text && text->find("filter") != std::string::npos;
  };
  const auto in_tree = [&](const std::string& path) { return names_one(tree.read(path, 4u << 20)); };
  return names_one(read_file(repository.path() / "info/attributes")) ||
         names_one(read_file(repository.path() / "git/attributes")) ||
         std::any_of(attribute_files.begin(), attribute_files.end(), in_tree);
}

/// The tracked files with a filter driver. Where it does not run, their objects in the index are not what the files
/// hold.
Result<Paths> filtered_in(const Git& git) {
  TRY(const std::string paths, git.output({"ls-files", "-z"}));
  TRY(const std::string attributes, git.output({"check-attr", "-z", "--stdin", "filter"}, paths));
  const std::vector<std::string> fields = split_at_nul(attributes);  // path, attribute, value
  Paths filtered;
  for (std::size_t i = 0; i + 2 < fields.size(); i += 3)
    if (fields[i + 2] != "unspecified" && fields[i + 2] != "unset") filtered.insert(fields[i]);
  return filtered;
}

Status forget(const Git& git, const Paths& paths) {
  if (paths.empty()) return {};
  TRY_STATUS(git.output({"update-index", "-z", "--force-remove", "--stdin"}, joined_with_nul(paths)));
  return {};
}

tl::unexpected<Error> over_limit(const std::string& what) {
  return fail(Code::resource_exhausted, "no snapshot: " + what);
}

/// Sorts one path into `found`. `path` ends in a slash if git saw a repository there.
Status consider(const RootedTree& tree, std::string path, const SnapshotLimits& limits, Candidates& found) {
  const bool is_repository = path.ends_with('/');
  if (is_repository) path.pop_back();
  TRY(const FileFacts facts, tree.look(path));
  if (facts.kind == Kind::directory || facts.kind == Kind::other) {
    if (facts.kind == Kind::directory) found.not_covered.push_back(path + ": a git repository of its own");
    return {};  // the index keeps what it has there, such as the commit of a submodule
  }
  const bool is_present = facts.kind == Kind::regular || facts.kind == Kind::link;
  ((is_present ? found.present : found.absent) += path) += '\0';
  if (!is_present) return {};
  found.bytes += facts.size;
  if (++found.files > limits.files)
    return over_limit("more than " + std::to_string(limits.files) + " changed or untracked files");
  if (found.bytes > limits.bytes)
    return over_limit("more than " + std::to_string(limits.bytes >> 20) + " MB of changed or untracked files");
  return {};
}

/// Of a submodule its commit is recorded.
Status consider_submodule(const RootedTree& tree, const std::string& path, Candidates& found) {
  TRY(const FileFacts facts, tree.look(path));
  if (facts.kind != Kind::directory) {
    const bool is_present = facts.kind == Kind::regular || facts.kind == Kind::link;
    ((is_present ? found.present : found.absent) += path) += '\0';
    return {};
  }
  TRY(const FileFacts repository, tree.look(path + "/.git"));
  if (repository.kind == Kind::absent) return {};  // not initialised
  (found.present += path) += '\0';
  found.not_covered.push_back(path + ": a submodule, of which only the commit is recorded");
  return {};
}

Result<Snapshot> recorded(const Git& git, const RootedTree& tree, const PrivateRepository& repository,
                          const SnapshotLimits& limits) {
  TRY(const Tracked tracked, tracked_in(git));
  if (!tracked.assumed.empty())
    TRY_STATUS(
        git.output({"update-index", "-z", "--no-assume-unchanged", "--stdin"}, joined_with_nul(tracked.assumed)));
  Paths paths = tracked.uncertain;
  if (!git.program().runs_filters && may_have_filters(repository, tree, tracked.attribute_files)) {
    TRY(Paths filtered, filtered_in(git));
    TRY_STATUS(forget(git, filtered));
    paths.merge(filtered);
  }
  std::vector<std::string> changed{"ls-files", "-z", "-m", "-d"};
  if (limits.with_untracked) changed.insert(changed.end(), {"-o", "--exclude-standard"});
  TRY(const std::string listed, git.output(std::move(changed)));
  for (std::string& path : split_at_nul(listed)) paths.insert(std::move(path));
  Candidates found;
  for (const std::string& path : paths)
    if (tracked.submodules.count(path) == 0) TRY_STATUS(consider(tree, path, limits, found));
  for (const std::string& path : tracked.submodules) TRY_STATUS(consider_submodule(tree, path, found));
  if (!found.absent.empty()) TRY_STATUS(git.output({"update-index", "-z", "--force-remove", "--stdin"}, found.absent));
  if (!found.present.empty())
    TRY_STATUS(git.output({"update-index", "-z", "--add", "--replace", "--stdin"}, found.present));
  // The objects of unchanged files may be missing, as in a partial clone.
  TRY(const std::string tree_id, git.output({"write-tree", "--missing-ok"}));
  return Snapshot{std::string(trim(tree_id)), std::move(found.not_covered)};
}

}  // namespace

Result<Snapshot> take_snapshot(const GitProgram& program, const PrivateRepository& repository, const Path& work_tree,
                               const Path& index, const SnapshotLimits& limits, const Patience& patience) {
  const Patience bounded = patience.or_earlier(Deadline::in(limits.time));
  const Git git = repository.git(program, bounded).with_work_tree(work_tree).with_index(index);
  TRY(const RootedTree tree, RootedTree::open(work_tree));
  auto taken = recorded(git, tree, repository, limits);
  if (taken) return taken;
  Error error = std::move(taken).error();
  if (error.code == Code::deadline_exceeded && !patience.deadline.passed())
    return over_limit("the files took longer than " + std::to_string(limits.time.count() / 1000) + " s to read");
  if (!error.what.starts_with("no snapshot: ")) error.what.insert(0, "no snapshot: ");
  return tl::unexpected(std::move(error));
}

}  // namespace delegate
