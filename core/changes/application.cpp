#include "core/changes/application.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "core/changes/journal.hpp"
#include "core/changes/three_way.hpp"
#include "core/os/directory.hpp"

namespace delegate {
namespace {

using FileKind = FileFacts::Kind;

constexpr const char* kDirectoryInPlace = "a directory is in its place";
constexpr std::size_t kMostInTheWay = 10'000;  // files in a directory that a file replaces

bool can_hold_content(const FileFacts& facts) {
  return facts.kind == FileKind::regular || facts.kind == FileKind::link;
}

/// One application while it is made.
class Applier {
 public:
  Applier(const Git& git, const RootedTree& tree, const Path& workspace)
      : git_(git.with_work_tree(tree.root())), tree_(tree), workspace_(workspace) {}

  Result<Application> apply(const TreeChange& change, Direction direction) {
    TRY_STATUS(look_at(change, direction));
    TRY_STATUS(read_present());
    TRY_STATUS(resolve_all());
    TRY_STATUS(check_what_is_in_the_way());
    if (!result_.conflicts.empty()) return std::move(result_);
    TRY_STATUS(write_contents());
    return finish();
  }

 private:
  Status look_at(const TreeChange& change, Direction direction);
  Status read_present();
  Status resolve_all();
  Status check_what_is_in_the_way();
  std::string in_the_way(const Sides& sides) const;
  Status check_directory(const std::string& path);
  Result<bool> holds_only_removed_files(const std::string& directory, std::size_t& seen) const;
  void check_parents(const std::string& path);
  Status write_contents();
  std::vector<Step> steps() const;
  std::string directory_for_temporary(const std::string& path) const;
  Result<Application> finish();
  void add_conflict(const std::string& path, std::string why) { result_.conflicts.push_back({path, std::move(why)}); }

  Git git_;
  const RootedTree& tree_;
  Path workspace_;
  std::vector<Sides> sides_;
  std::map<std::string, TreeEntry> wanted_;  // what changes; an entry that does not exist is a removal
  std::map<std::string, FileFacts> facts_;   // of these paths
  std::map<std::string, unsigned> modes_;    // for what is written
  Application result_;
};

Status Applier::look_at(const TreeChange& change, Direction direction) {
  for (const ChangedFile& file : change.files) {
    const bool is_forward = direction == Direction::forward;
    Sides sides{.path = file.path,
                .base = is_forward ? file.before : file.after,
                .wanted = is_forward ? file.after : file.before,
                .base_mode = is_forward ? file.mode_before : file.mode_after,
                .wanted_mode = is_forward ? file.mode_after : file.mode_before};
    if (sides.base.is_submodule() || sides.wanted.is_submodule()) {
      result_.not_applied.push_back(file.path);
      continue;
    }
    TRY(sides.facts, tree_.look(file.path));
    sides_.push_back(std::move(sides));
  }
  return {};
}

/// The objects of the present files.
Status Applier::read_present() {
  std::vector<NamedEntry> known;  // where git ignores the executable bit, it takes the mode from the index
  std::string paths;
  for (const Sides& sides : sides_) {
    known.push_back({sides.path, sides.base});
    if (can_hold_content(sides.facts)) (paths += sides.path) += '\0';
  }
  const Git git = git_.with_index(workspace_ / "index.present");
  TRY_STATUS(git.output({"update-index", "-z", "--add", "--index-info"}, index_info(known)));
  if (paths.empty()) return {};
  TRY_STATUS(git.output({"update-index", "-z", "--add", "--replace", "--stdin"}, paths));
  TRY(const std::string listed, git.output({"ls-files", "-s", "-z"}));
  std::map<std::string, TreeEntry> present;
  for (const std::string& line : split_at_nul(listed)) {  // "100644 object 0\tpath"
    const std::size_t tab = line.find('\t');
    const auto fields = split(std::string_view(line).substr(0, tab), ' ');
    if (tab != std::string::npos && fields.size() == 3)
      present[line.substr(tab + 1)] = {std::string(fields[0]), std::string(fields[1])};
  }
  for (Sides& sides : sides_)
    if (can_hold_content(sides.facts)) sides.present = present[sides.path];
  return {};
}

Status Applier::resolve_all() {
  for (const Sides& sides : sides_) {
    if (sides.facts.kind == FileKind::other) {
      add_conflict(sides.path, "a FIFO, a socket or a device is in its place");
      continue;
    }
    TRY(Resolved resolved, resolve(git_, sides, workspace_ / "merge"));
    if (resolved.kind == Resolved::Kind::conflict) {
      std::string obstacle = in_the_way(sides);
      add_conflict(sides.path, std::move(obstacle.empty() ? resolved.why : obstacle));
    }
    if (resolved.kind == Resolved::Kind::merged && resolved.entry == sides.present) continue;
    if (resolved.kind == Resolved::Kind::merged) result_.merged.push_back(sides.path);
    if (resolved.kind != Resolved::Kind::take && resolved.kind != Resolved::Kind::merged) continue;
    wanted_[sides.path] = resolved.entry;
    facts_[sides.path] = sides.facts;
    modes_[sides.path] = resolved_mode(sides, resolved.entry);
  }
  return {};
}

Status Applier::check_what_is_in_the_way() {
  for (const auto& [path, entry] : wanted_) {
    if (!entry.exists()) continue;
    const FileKind kind = facts_[path].kind;
    if (kind == FileKind::directory) TRY_STATUS(check_directory(path));
    if (kind == FileKind::blocked) check_parents(path);
  }
  return {};
}

/// What is where the file or its directory should be; empty: nothing.
std::string Applier::in_the_way(const Sides& sides) const {
  if (sides.facts.kind == FileKind::directory) return kDirectoryInPlace;
  if (sides.facts.kind != FileKind::blocked) return {};
  for (std::string above = parent_of(sides.path); !above.empty(); above = parent_of(above)) {
    const auto facts = tree_.look(above);
    if (facts && facts->kind != FileKind::blocked) return above + " is not a directory";
  }
  return {};
}

Status Applier::check_directory(const std::string& path) {
  std::size_t seen = 0;
  TRY(const bool is_free, holds_only_removed_files(path, seen));
  if (!is_free) add_conflict(path, kDirectoryInPlace);
  return {};
}

Result<bool> Applier::holds_only_removed_files(const std::string& directory, std::size_t& seen) const {
  TRY(const std::vector<std::string> names, tree_.names_in(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (++seen > kMostInTheWay) return false;
    TRY(const FileFacts facts, tree_.look(path));
    if (facts.kind == FileKind::directory) {
      TRY(const bool is_free, holds_only_removed_files(path, seen));
      if (!is_free) return false;
      continue;
    }
    const auto found = wanted_.find(path);
    if (found == wanted_.end() || found->second.exists()) return false;
  }
  return true;
}

/// A file or link above may be there only if it is removed.
void Applier::check_parents(const std::string& path) {
  for (std::string above = parent_of(path); !above.empty(); above = parent_of(above)) {
    const auto facts = tree_.look(above);
    if (!facts || facts->kind == FileKind::blocked || facts->kind == FileKind::directory) continue;
    const auto found = wanted_.find(above);
    if (found == wanted_.end() || found->second.exists()) add_conflict(path, above + " is not a directory");
    return;
  }
}

/// All new contents.
Status Applier::write_contents() {
  std::vector<NamedEntry> entries;
  for (const auto& [path, entry] : wanted_) entries.push_back({path, entry});
  const Git git = git_.with_index(workspace_ / "index.wanted");
  TRY_STATUS(make_private_directory(workspace_ / "contents"));
  TRY_STATUS(git.output({"update-index", "-z", "--add", "--index-info"}, index_info(entries)));
  TRY_STATUS(git.output({"checkout-index", "-a", "-f", "-q", "--prefix=" + (workspace_ / "contents").string() + "/"}));
  return {};
}

/// The nearest one that stays, so that no directory is created before the first step.
std::string Applier::directory_for_temporary(const std::string& path) const {
  for (std::string above = parent_of(path); !above.empty(); above = parent_of(above)) {
    const auto facts = tree_.look(above);
    if (facts && facts->kind == FileKind::directory && wanted_.count(above) == 0) return above + "/";
  }
  return {};
}

std::vector<Step> Applier::steps() const {
  std::vector<Step> all;
  for (const auto& [path, entry] : wanted_)
    if (!entry.exists()) all.push_back({.path = path, .expected = facts_.at(path).identity});
  const std::string name = ".delegate-" + workspace_.parent_path().filename().string() + "-";
  for (const auto& [path, entry] : wanted_) {
    if (!entry.exists()) continue;
    const FileFacts& facts = facts_.at(path);
    Step step{.kind = Step::Kind::write, .path = path, .source = workspace_ / "contents" / path};
    step.temporary = directory_for_temporary(path) + name + std::to_string(all.size());
    step.expected = facts.identity;
    step.mode = modes_.at(path);
    all.push_back(std::move(step));
  }
  return all;
}

Result<Application> Applier::finish() {
  TRY(const Performed performed, perform(tree_, workspace_ / "journal", steps()));
  for (const std::string& path : performed.moved_on) add_conflict(path, "it has changed at this moment");
  if (!performed.moved_on.empty()) return std::move(result_);
  for (const auto& [path, entry] : wanted_)
    if (!std::count(performed.left.begin(), performed.left.end(), path)) result_.changed.push_back(path);
  result_.not_applied.insert(result_.not_applied.end(), performed.left.begin(), performed.left.end());
  return std::move(result_);
}

}  // namespace

Result<Application> apply_change(const GitProgram& program, const PrivateRepository& kept, const TreeChange& change,
                                 Direction direction, const Path& root, const Path& workspace,
                                 const Patience& patience) {
  TRY(const RootedTree tree, RootedTree::open(root));
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(workspace, error)))
    return fail(Code::busy, workspace.string() + ": another application of the change has not ended");
  TRY_STATUS(make_private_directory(workspace));
  const auto repository = PrivateRepository::create(workspace / "git", kept, {kept.objects()});
  auto applied = repository ? Applier(repository->git(program, patience), tree, workspace).apply(change, direction)
                            : Result<Application>(tl::unexpected(repository.error()));
  if (!applied || !applied->is_applied()) TRY_STATUS(end_application(workspace));
  return applied;
}

Status end_application(const Path& workspace) {
  TRY(const Directory above, Directory::open(workspace.parent_path()));
  remove_tree(above.fd(), workspace.filename().string());
  return {};
}

Result<Completion> recover_application(const Path& workspace) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(workspace, error))) return Completion{};
  TRY(Completion done, complete(workspace / "journal"));
  if (!done.is_completed) TRY_STATUS(end_application(workspace));
  return done;
}

}  // namespace delegate
