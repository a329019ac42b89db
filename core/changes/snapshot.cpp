#include "core/changes/snapshot.hpp"

#include <algorithm>
#include <map>

#include "core/base/text.hpp"
#include "core/changes/file_notes.hpp"
#include "core/changes/tracked_files.hpp"

namespace delegate {
namespace {

using FileKind = FileFacts::Kind;

constexpr int kDeepestRepository = 8;  // inside another
constexpr std::size_t kLargestListing = 256u << 20;

Status forget(const Git& git, const PathSet& paths) {
  if (paths.empty()) return {};
  TRY_STATUS(git.output({"update-index", "-z", "--force-remove", "--stdin"}, joined_with_nul(paths)));
  return {};
}

tl::unexpected<Error> over_limit(const std::string& what) {
  return fail(Code::resource_exhausted, "no snapshot: " + what);
}

/// The paths that were ignored, each ending in NUL.
Path ignored_in(const FirstSnapshot& first) { return first.notes.string() + ".ignored"; }

/// Tells the files that were there before the first snapshot, which did not have them, from those added since.
class OlderFiles {
 public:
  OlderFiles(RootedTree tree, FirstSnapshot first) : tree_(std::move(tree)), first_(std::move(first)) {}

  /// `name` is from the outermost root. A file that is older counts as left out.
  Result<bool> is_older(const std::string& name, const FileFacts& facts) {
    TRY_STATUS(read_ignored());
    if (ignored_.count(name) == 0 && !is_copied(name)) {  // one that was ignored may have been replaced since
      if (facts.born >= first_.taken || facts.born < first_.since) return false;
      TRY_STATUS(read());
      if (notes_.count(name) != 0) return false;
      TRY(const bool is_same, is_renamed(facts.id));
      if (is_same) return false;
    }
    if (left_out_.files++ == 0) left_out_.example = name;
    return true;
  }
  const LeftOut& left_out() const { return left_out_; }
  const Path& own_index() const { return first_.own_index; }

 private:
  bool is_copied(const std::string& name) const {
    return std::any_of(first_.copied.begin(), first_.copied.end(), [&](const std::string& copied) {
      return name == copied || (name.starts_with(copied) && name[copied.size()] == '/');
    });
  }
  Status read() {
    if (is_read_) return {};
    TRY(notes_, read_notes(first_.notes));
    for (const auto& [path, note] : notes_) by_id_.emplace(note.id, &path);
    is_read_ = true;
    return {};
  }
  Status read_ignored() {
    if (has_ignored_) return {};
    TRY(const std::string text, read_file(ignored_in(first_), kLargestListing));
    for (std::string& path : split_at_nul(text)) ignored_.insert(std::move(path));
    has_ignored_ = true;
    return {};
  }
  /// One of the names that the file had then is no longer its own.
  Result<bool> is_renamed(const FileId& id) const {
    const auto [begin, end] = by_id_.equal_range(id);
    for (auto at = begin; at != end; ++at) {
      const std::string& path = *at->second;
      TRY(const FileFacts facts, tree_.look(path.ends_with('/') ? path + ".git" : path));
      if (facts.id != id) return true;
    }
    return false;
  }

  RootedTree tree_;
  FirstSnapshot first_;
  bool is_read_ = false;
  bool has_ignored_ = false;
  PathSet ignored_;
  FileNotes notes_;
  std::multimap<FileId, const std::string*> by_id_;
  LeftOut left_out_;
};

/// One snapshot while it is taken. Repositories inside are recorded like the outer one, each with an index of its own;
/// then their files take the place of the commit that the outer one has of them.
class Recorder {
 public:
  Recorder(const GitProgram& program, const PrivateRepository& repository, const SnapshotLimits& limits,
           const Patience& patience, std::optional<OlderFiles> older)
      : program_(program), repository_(repository), limits_(limits), patience_(patience), older_(std::move(older)) {}

  struct Place {
    Path work_tree;
    Path index;
    bool has_foreign_index = true;  // a copy of a person's, which knows converted files by other contents
    PrivateRepository attributes;   // with those of the person
    Path exclude_file;              // of a repository inside; may be empty
    std::string name;               // from the outermost root; empty, or with a slash at its end
    int depth = 0;
  };
  Result<Snapshot> record(const Place& place);

 private:
  struct Candidates {
    std::string present;  // for `update-index --stdin`
    std::string absent;
    PathSet repositories;  // inside
  };
  Result<Candidates> candidates(const Git& git, const RootedTree& tree, const Place& place);
  Status add_newly_tracked(const Git& git, const Place& place, const Tracked& tracked, PathSet& paths) const;
  Status consider(const RootedTree& tree, const Place& place, std::string path, Candidates& found);
  Status consider_submodule(const RootedTree& tree, const std::string& path, Candidates& found) const;
  Status leave_out_older(const Git& git, const RootedTree& tree, const Place& place);
  Result<bool> is_older(const std::string& name, const FileFacts& facts);
  Result<Snapshot> with_repositories(const Git& git, const Place& place, const PathSet& paths);
  Status keep_trees(const Git& whole) const;
  Snapshot snapshot(const std::string& id, const Path& index) const;
  Result<Snapshot> record_inside(const Place& outer, const std::string& path);

  const GitProgram& program_;
  const PrivateRepository& repository_;
  SnapshotLimits limits_;
  Patience patience_;
  std::size_t files_ = 0;
  std::uintmax_t bytes_ = 0;
  int repositories_ = 0;
  std::vector<std::string> inside_;
  std::vector<std::string> not_covered_;
  std::optional<OlderFiles> older_;  // nothing: this is the first snapshot
};

/// Sorts one path. It ends in a slash if git saw a repository there. What cannot be recorded (a FIFO, a plain directory
/// where a file was) counts as absent.
Status Recorder::consider(const RootedTree& tree, const Place& place, std::string path, Candidates& found) {
  if (path.ends_with('/')) path.pop_back();
  TRY(const FileFacts facts, tree.look(path));
  if (facts.kind == FileKind::directory) {
    TRY(const FileFacts repository, tree.look(path + "/.git"));
    if (repository.kind != FileKind::absent) {
      found.repositories.insert(path);
      return {};
    }
  }
  const bool is_present = facts.kind == FileKind::regular || facts.kind == FileKind::link;
  if (is_present) {
    if (facts.kind == FileKind::regular && !tree.may_read(path)) {
      not_covered_.push_back(place.name + path + ": may not be read");
      return {};
    }
    TRY(const bool stays_out, is_older(place.name + path, facts));
    if (stays_out) return {};
  }
  ((is_present ? found.present : found.absent) += path) += '\0';
  if (!is_present) return {};
  bytes_ += facts.size;
  if (++files_ > limits_.files)
    return over_limit("more than " + std::to_string(limits_.files) + " changed or untracked files");
  if (bytes_ > limits_.bytes)
    return over_limit("more than " + std::to_string(limits_.bytes >> 20) + " MB of changed or untracked files");
  return {};
}

Status Recorder::consider_submodule(const RootedTree& tree, const std::string& path, Candidates& found) const {
  TRY(const FileFacts facts, tree.look(path));
  if (facts.kind != FileKind::directory) {
    const bool is_present = facts.kind == FileKind::regular || facts.kind == FileKind::link;
    ((is_present ? found.present : found.absent) += path) += '\0';
    return {};
  }
  TRY(const FileFacts repository, tree.look(path + "/.git"));
  if (repository.kind == FileKind::absent) return {};  // not initialised: its commit stays
  (found.present += path) += '\0';
  found.repositories.insert(path);
  return {};
}

/// What was added to the index of the tree's own repository, although it is ignored.
Status Recorder::add_newly_tracked(const Git& git, const Place& place, const Tracked& tracked, PathSet& paths) const {
  const Path copy = place.index.string() + ".own";
  std::error_code error;
  std::filesystem::remove(copy, error);
  TRY_STATUS(copy_index(older_->own_index(), copy));
  if (!std::filesystem::exists(copy, error)) return {};
  const auto listed = git.with_index(copy).with_most_output(kLargestListing).output({"ls-files", "-z"});
  if (!listed) return {};  // a run may have damaged it
  PathSet known = tracked.submodules;
  for (const Tracked::File& file : tracked.files) known.insert(file.path);
  for (std::string& path : split_at_nul(*listed))
    if (known.count(path) == 0) paths.insert(std::move(path));
  return {};
}

Result<Recorder::Candidates> Recorder::candidates(const Git& git, const RootedTree& tree, const Place& place) {
  TRY(const Tracked tracked, tracked_in(git));
  if (!tracked.assumed.empty())
    TRY_STATUS(
        git.output({"update-index", "-z", "--no-assume-unchanged", "--stdin"}, joined_with_nul(tracked.assumed)));
  PathSet paths = tracked.uncertain;
  if (place.has_foreign_index) {
    const Git attributes =
        place.attributes.git(program_, patience_).with_work_tree(place.work_tree).with_index(place.index);
    TRY(PathSet converted, converted_files(git, attributes, place.attributes.path(), tree, tracked));
    TRY_STATUS(forget(git, converted));
    paths.merge(converted);
  }
  std::vector<std::string> changed{"ls-files", "-z", "-m", "-d"};
  if (limits_.with_untracked) changed.insert(changed.end(), {"-o", "--exclude-standard"});
  std::error_code error;
  if (limits_.with_untracked && std::filesystem::is_regular_file(place.exclude_file, error))
    changed.push_back("--exclude-from=" + place.exclude_file.string());
  TRY(const std::string listed, git.output(std::move(changed)));
  for (std::string& path : split_at_nul(listed)) paths.insert(std::move(path));
  if (older_ && place.depth == 0) TRY_STATUS(add_newly_tracked(git, place, tracked, paths));
  Candidates found;
  for (const std::string& path : paths)
    if (tracked.submodules.count(path) == 0) TRY_STATUS(consider(tree, place, path, found));
  for (const std::string& path : tracked.submodules) TRY_STATUS(consider_submodule(tree, path, found));
  return found;
}

Result<Snapshot> Recorder::record(const Place& place) {
  const Git git = repository_.git(program_, patience_).with_work_tree(place.work_tree).with_index(place.index);
  TRY(const RootedTree tree, RootedTree::open(place.work_tree));
  TRY(const Candidates found, candidates(git, tree, place));
  if (!found.absent.empty()) TRY_STATUS(git.output({"update-index", "-z", "--force-remove", "--stdin"}, found.absent));
  if (!found.present.empty())
    TRY_STATUS(git.output({"update-index", "-z", "--add", "--remove", "--replace", "--stdin"}, found.present));
  if (older_ && place.depth > 0) TRY_STATUS(leave_out_older(git, tree, place));
  if (!found.repositories.empty()) return with_repositories(git, place, found.repositories);
  // The objects of unchanged files may be missing, as in a partial clone.
  TRY(const std::string id, git.output({"write-tree", "--missing-ok"}));
  return snapshot(id, place.index);
}

Result<bool> Recorder::is_older(const std::string& name, const FileFacts& facts) {
  if (!older_) return false;
  return older_->is_older(name, facts);
}

/// What the person's index of a repository inside has, and was nowhere in the first snapshot.
Status Recorder::leave_out_older(const Git& git, const RootedTree& tree, const Place& place) {
  TRY(const std::string listed, git.output({"ls-files", "-z"}));
  PathSet older;
  for (std::string& path : split_at_nul(listed)) {
    TRY(const FileFacts facts, tree.look(path));
    if (facts.kind != FileKind::regular && facts.kind != FileKind::link) continue;
    TRY(const bool stays_out, is_older(place.name + path, facts));
    if (stays_out) older.insert(std::move(path));
  }
  return forget(git, older);
}

Snapshot Recorder::snapshot(const std::string& id, const Path& index) const {
  return {.tree = std::string(trim(id)),
          .index = index,
          .repositories = inside_,
          .not_covered = not_covered_,
          .left_out = older_ ? older_->left_out() : LeftOut()};
}

Result<Snapshot> Recorder::with_repositories(const Git& git, const Place& place, const PathSet& paths) {
  const Path index = place.index.string() + ".whole";
  TRY_STATUS(copy_index(place.index, index));
  const Git whole = git.with_index(index);
  TRY(const RootedTree tree, RootedTree::open(place.work_tree));
  for (const std::string& path : paths) {
    TRY(const FileFacts repository, tree.look(path + "/.git"));
    TRY(const bool stays_out, is_older(place.name + path + "/", repository));
    if (stays_out) continue;
    auto inside = record_inside(place, path);
    if (!inside && inside.error().code == Code::resource_exhausted) return inside;
    if (!inside && patience_.deadline.passed()) return inside;
    if (!inside) {
      not_covered_.push_back(place.name + path + ": " + inside.error().what);
      continue;
    }
    inside_.push_back(place.name + path);
    TRY_STATUS(forget(whole, {path}));
    TRY_STATUS(whole.output({"read-tree", "--prefix=" + path + "/", inside->tree}));
  }
  TRY(const std::string id, whole.output({"write-tree", "--missing-ok"}));
  if (!older_ && place.depth == 0) TRY_STATUS(keep_trees(whole));
  return snapshot(id, index);
}

/// git does not write a tree that a repository inside has, which may be removed with it.
Status Recorder::keep_trees(const Git& whole) const {
  const Path trees = repository_.path() / "trees";
  TRY_STATUS(make_private_directory(trees));
  TRY_STATUS(whole.with_objects(trees).output({"write-tree", "--missing-ok"}));
  return repository_.add_alternate(trees);
}

Result<Snapshot> Recorder::record_inside(const Place& outer, const std::string& path) {
  if (outer.depth >= kDeepestRepository) return fail(Code::unavailable, "too many repositories inside each other");
  const Path root = outer.work_tree / path;
  TRY(const Repository found, find_repository(program_, root, patience_));
  if (found.root != root) return fail(Code::unavailable, "it has no work tree of its own");
  TRY_STATUS(repository_.add_alternate(found.objects()));
  const Path index = repository_.path() / ("index.inside" + std::to_string(++repositories_));
  std::error_code error;
  std::filesystem::remove(index, error);
  TRY_STATUS(copy_index(found.index(), index));
  const Path attributes = index.string() + ".git";
  std::filesystem::remove_all(attributes, error);
  TRY(PrivateRepository like, PrivateRepository::create(attributes, found, {}, PrivateRepository::Content::converted));
  return record({.work_tree = root,
                 .index = index,
                 .attributes = std::move(like),
                 .exclude_file = found.common_dir / "info/exclude",
                 .name = outer.name + path + "/",
                 .depth = outer.depth + 1});
}

}  // namespace

std::string LeftOut::text() const {
  if (files == 0) return {};
  if (files == 1) return one_line(example) + ": was there before, and is not recorded";
  return std::to_string(files) + " files that were there before, and are not recorded, e.g. " + one_line(example);
}

Result<FirstSnapshot> note_files(const Git& git, const Snapshot& snapshot, const Path& work_tree, const Path& notes) {
  const Git there = git.with_work_tree(work_tree).with_index(snapshot.index).with_most_output(kLargestListing);
  TRY(const std::string listed, there.output({"ls-files", "-z"}));
  // Not the files in a directory without any other file, which may be very many.
  TRY(const std::string ignored,
      there.output({"ls-files", "-z", "-o", "-i", "--exclude-standard", "--directory", "--no-empty-directory"}));
  TRY(const RootedTree tree, RootedTree::open(work_tree));
  TRY(const FileNotes noted, notes_of(tree, split_at_nul(listed), snapshot.repositories));
  TRY_STATUS(write_notes(notes, noted));
  FirstSnapshot first{.notes = notes};
  TRY_STATUS(replace_file(ignored_in(first), ignored, 0600));
  first.taken = next_file_time();
  return first;
}

Result<Snapshot> take_snapshot(const GitProgram& program, const PrivateRepository& repository, const Path& work_tree,
                               const Path& index, const SnapshotLimits& limits, const Patience& patience,
                               const std::optional<FirstSnapshot>& first) {
  const Patience bounded = patience.or_earlier(Deadline::in(limits.time));
  std::optional<OlderFiles> older;
  if (first) {
    TRY(RootedTree tree, RootedTree::open(work_tree));
    older.emplace(std::move(tree), *first);
  }
  auto taken = Recorder(program, repository, limits, bounded, std::move(older))
                   .record({.work_tree = work_tree,
                            .index = index,
                            .has_foreign_index = !first,
                            .attributes = repository.with_attributes()});
  if (taken) return taken;
  Error error = std::move(taken).error();
  if (error.code == Code::deadline_exceeded && !patience.deadline.passed())
    return over_limit("the files took longer than " + std::to_string(limits.time.count() / 1000) + " s to read");
  if (!error.what.starts_with("no snapshot: ")) error.what.insert(0, "no snapshot: ");
  return tl::unexpected(std::move(error));
}

}  // namespace delegate
