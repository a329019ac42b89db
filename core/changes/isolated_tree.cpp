#include "core/changes/isolated_tree.hpp"

#include <algorithm>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"
#include "core/changes/file_notes.hpp"
#include "core/os/child.hpp"
#include "core/os/directory.hpp"
#include "core/os/process.hpp"
#include "core/os/rooted_tree.hpp"

namespace delegate {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTree = "tree";
constexpr const char* kRepository = "isolated.git";
constexpr std::size_t kLargestList = 64u << 20;  // of refs, of patterns

tl::unexpected<Error> not_inside(const std::string& path, const std::string& why) {
  return fail(Code::invalid_argument, one_line(path) + ": " + why, "name a file or directory inside the repository");
}

/// Relative to the root.
Result<std::string> path_below(const Path& root, const std::string& path) {
  const std::string below = (root / path).lexically_normal().lexically_relative(root).string();
  std::string plain = below.ends_with('/') ? below.substr(0, below.size() - 1) : below;
  if (plain.empty() || plain == ".") return not_inside(path, "is the whole repository");
  if (plain == ".." || plain.starts_with("../")) return not_inside(path, "is outside of " + root.string());
  for (const std::string_view part : split(plain, '/'))
    if (lower(part) == ".git") return not_inside(path, "belongs to git");
  return plain;
}

Status copy_if_there(const Path& from, const Path& to) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(from, error))) return {};
  TRY(const std::string text, read_file(from, kLargestList));
  return write_private_file(to, text);
}

Status set_head(const Repository& original, const PrivateRepository& copy) {
  const bool is_branch = !original.head_ref.empty();
  return write_private_file(copy.path() / "HEAD",
                            is_branch ? "ref: " + original.head_ref + "\n" : original.head_commit + "\n");
}

/// Its sparse checkout, and its own files where they are not at the usual place.
Status configure(const Repository& original, const PrivateRepository& copy) {
  std::map<std::string, std::string> settings{{"core.sparsecheckout", original.is_sparse ? "true" : "false"},
                                              {"gc.auto", "0"}};
  if (const auto cone = original.settings.find("core.sparsecheckoutcone"); cone != original.settings.end())
    settings.insert(*cone);
  std::error_code error;
  if (fs::exists(original.ignored_names, error)) settings["core.excludesfile"] = original.ignored_names.string();
  if (fs::exists(original.own_attributes, error)) settings["core.attributesfile"] = original.own_attributes.string();
  TRY_STATUS(copy.set(settings));
  return copy_if_there(original.git_dir / "info/sparse-checkout", copy.path() / "info/sparse-checkout");
}

}  // namespace

IsolatedTree::IsolatedTree(IsolatedSource source)
    : source_(std::move(source)),
      root_(source_.directory / kTree / source_.repository.root.filename()),
      index_(source_.objects.path() / "index.isolated") {}

Result<IsolatedTree> IsolatedTree::make(const GitProgram& program, IsolatedSource source, const Patience& patience) {
  for (std::string& path : source.with) {
    TRY(path, path_below(source.repository.root, path));
  }
  IsolatedTree tree(std::move(source));
  TRY_STATUS(tree.write(program, patience));
  return tree;
}

Status IsolatedTree::renew(const GitProgram& program, const Patience& patience) {
  remove();
  return write(program, patience);
}

void IsolatedTree::remove_from(const Path& directory) {
  const auto opened = Directory::open(directory);
  if (!opened) return;
  for (const char* name : {kTree, kRepository}) remove_tree(opened->fd(), name);
}

bool IsolatedTree::is_in(const Path& directory) {
  std::error_code error;
  return fs::exists(fs::symlink_status(directory / kTree, error)) ||
         fs::exists(fs::symlink_status(directory / kRepository, error));
}

Status IsolatedTree::write(const GitProgram& program, const Patience& patience) {
  remarks_.clear();
  const std::chrono::nanoseconds begun = next_file_time();
  for (const std::string& path : source_.snapshot.repositories)
    remarks_.push_back(path + ": its files are here, without their git repository");
  TRY_STATUS(make_private_directory(root_));
  TRY_STATUS(write_files(program, patience));
  TRY_STATUS(write_repository(program, patience));
  for (const std::string& path : source_.with) TRY_STATUS(copy_extra(program, path, patience));
  const Git git = source_.objects.git(program, patience);
  TRY(first_, note_files(git, source_.snapshot, root_, source_.objects.path() / "notes.isolated"));
  first_.copied = source_.with;
  first_.since = begun;
  first_.own_index = source_.directory / kRepository / "index";
  return note_copied_files();
}

Status IsolatedTree::note_copied_files() {
  copied_.clear();
  TRY(const RootedTree tree, RootedTree::open(root_));
  for (const std::string& path : source_.with) {
    TRY(const FileFacts facts, tree.look(path));
    if (!facts.identity.empty()) copied_[path] = facts.identity;
  }
  return {};
}

Result<std::vector<std::string>> IsolatedTree::changed_copies() const {
  std::vector<std::string> changed;
  TRY(const RootedTree tree, RootedTree::open(root_));
  for (const auto& [path, identity] : copied_) {
    TRY(const FileFacts facts, tree.look(path));
    if (facts.identity != identity) changed.push_back(path);
  }
  return changed;
}

Status IsolatedTree::write_files(const GitProgram& program, const Patience& patience) const {
  TRY_STATUS(copy_index(source_.snapshot.index, index_));
  const Git git = source_.objects.git(program, patience).with_work_tree(root_).with_index(index_);
  TRY_STATUS(git.output({"checkout-index", "-a", "-f", "-q", "-u"}));
  return set_modes();
}

Status IsolatedTree::set_modes() const {
  TRY(const FileNotes wanted, read_notes(source_.first.notes));
  std::vector<std::string> paths;
  for (const auto& [path, note] : wanted)
    if (note.mode != 0) paths.push_back(path);
  TRY(const RootedTree tree, RootedTree::open(root_));
  std::vector<std::string> differing;
  TRY_STATUS(tree.look_at(paths, [&](std::size_t i, const FileFacts& facts) {
    const bool is_regular = facts.kind == FileFacts::Kind::regular;
    if (is_regular && (facts.mode & kPermissions) != wanted.at(paths[i]).mode) differing.push_back(paths[i]);
  }));
  for (const std::string& path : differing) TRY_STATUS(tree.set_mode(path, wanted.at(path).mode));
  return {};
}

Status IsolatedTree::write_repository(const GitProgram& program, const Patience& patience) const {
  const Repository& original = source_.repository;
  TRY(const PrivateRepository copy, PrivateRepository::create(source_.directory / kRepository, original,
                                                              {original.objects(), source_.objects.objects()},
                                                              PrivateRepository::Content::converted));
  TRY_STATUS(configure(original, copy));
  TRY_STATUS(set_head(original, copy));
  const Git theirs = Git::in_directory(program, original.root, patience).with_most_output(kLargestList);
  TRY(const std::string refs, theirs.output({"for-each-ref", "--format=%(objectname) %(refname)"}));
  if (!refs.empty()) TRY_STATUS(write_private_file(copy.path() / "packed-refs", refs));
  TRY_STATUS(copy_if_there(original.common_dir / "shallow", copy.path() / "shallow"));
  TRY_STATUS(copy_index(original.index(), copy.path() / "index"));
  TRY_STATUS(write_private_file(root_ / ".git", "gitdir: " + copy.path().string() + "\n"));
  // The exit code says whether files differ from the index, which they may.
  TRY_STATUS(copy.git(program, patience).with_work_tree(root_).run({"update-index", "-q", "--refresh"}));
  return {};
}

Status IsolatedTree::copy_extra(const GitProgram& program, const std::string& path, const Patience& patience) const {
  TRY(const RootedTree original, RootedTree::open(source_.repository.root));
  TRY(const RootedTree copy, RootedTree::open(root_));
  TRY(const FileFacts facts, original.look(path));
  if (facts.kind == FileFacts::Kind::absent)
    return fail(Code::not_found, one_line(path) + ": no such file to isolate with");
  if (facts.kind != FileFacts::Kind::regular && facts.kind != FileFacts::Kind::directory)
    return not_inside(path, "is a link, or behind one");
  TRY_STATUS(copy.make_parents(path));
  const auto cp = find_executable("cp", variable_in(program.environment, "PATH"));
  if (!cp) return fail(Code::not_found, "cp: not found on PATH");
  ChildSpec spec;
  spec.argv = {*cp, "-a", "--reflink=auto", "-T", "--", (original.root() / path).string(), (root_ / path).string()};
  spec.env = {"LC_ALL=C"};
  spec.clocks.total = patience.deadline;
  TRY(const ChildResult ended, run_child(spec, patience.cancel));
  if (ended.end == ChildEnd::cancelled) return fail(Code::cancelled, "copy " + one_line(path) + ": cancelled");
  if (ended.end == ChildEnd::exited && ended.exit_code == 0) return {};
  return fail(Code::unavailable, "copy " + one_line(path) + ": " + one_line(ended.err.text()));
}

Result<Snapshot> IsolatedTree::result(const GitProgram& program, const SnapshotLimits& limits,
                                      const Patience& patience) const {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(root_, error)))
    return fail(Code::data_loss, root_.string() + ": the isolated tree is gone");
  return take_snapshot(program, source_.objects, root_, index_, limits, patience, first_);
}

}  // namespace delegate
