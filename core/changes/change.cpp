#include "core/changes/change.hpp"

#include <algorithm>
#include <thread>

#include "core/base/text.hpp"
#include "core/changes/file_notes.hpp"
#include "core/os/directory.hpp"

namespace delegate {
namespace {

namespace fs = std::filesystem;

constexpr milliseconds kLockPause{10};
constexpr int kMostTries = 100;  // one fails only if another process cleans up right after the directory was made

void remove_part(const Path& directory, const char* name) {
  if (const auto opened = Directory::open(directory)) remove_tree(opened->fd(), name);
}

void remove_directory(const Path& directory) {
  if (const auto above = Directory::open(directory.parent_path()))
    remove_tree(above->fd(), directory.filename().string());
}

bool is_there(const Path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

/// A new directory, with its lock.
Result<FileLock> make_locked(const Path& directory) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    TRY_STATUS(make_private_directory(directory));
    auto lock = lock_change(directory);
    if (lock || (lock.error().code != Code::busy && lock.error().code != Code::not_found)) return lock;
  }
  return fail(Code::unavailable, directory.string() + ": other processes keep removing it");
}

/// The run has removed them together with their repository, or has removed what nothing refers to there.
std::string words_for_gone(const LeftOut& gone) {
  const std::string example = one_line(gone.example);
  if (gone.files == 1) return example + ": what it was is in no repository any more";
  return std::to_string(gone.files) + " files of which it is in no repository any more what they were, e.g. " + example;
}

}  // namespace

Path isolated_root_in(const Path& directory, const ChangeRecord& record) {
  return directory / "tree" / record.root.filename();
}

Result<Path> change_directory(const Path& changes, const std::string& run) {
  const auto is_fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (run.empty() || run.size() > 100 || !std::all_of(run.begin(), run.end(), is_fine))
    return fail(Code::invalid_argument, one_line(run) + ": not the id of a run");
  return changes / run;
}

Result<FileLock> lock_change(const Path& directory, milliseconds wait) {
  const Deadline last = Deadline::in(wait);
  for (;;) {
    TRY(std::optional<FileLock> lock, FileLock::try_take(directory / change_part::kLock));
    if (lock) return std::move(*lock);
    if (last.passed())
      return fail(Code::busy, "change " + directory.filename().string() + ": another process works on it");
    std::this_thread::sleep_for(kLockPause);
  }
}

bool is_worked_on(const Path& changes, const std::string& run) {
  const auto directory = change_directory(changes, run);
  if (!directory || !is_there(*directory / change_part::kLock)) return false;
  const auto lock = FileLock::try_take(*directory / change_part::kLock);
  return lock && !*lock;
}

// ---- a change that is made ----

Path OpenChange::index() const { return snapshots_->path() / "index"; }
Path OpenChange::notes() const { return snapshots_->path() / "notes"; }

FirstSnapshot OpenChange::first() const {
  return isolated_ ? isolated_->first()
                   : FirstSnapshot{.notes = notes(), .taken = record_.taken, .own_index = own_index_};
}

Result<OpenChange> OpenChange::begin(const GitProgram& program, const Path& changes, const Repository& repository,
                                     const NewChange& wanted, const Patience& patience) {
  TRY(const Directory all, Directory::open_private(changes));
  TRY(const Path directory, change_directory(changes, wanted.run));
  if (is_there(directory / "change.json")) return fail(Code::unavailable, directory.string() + ": already exists");
  TRY(FileLock lock, make_locked(directory));
  OpenChange change(directory, std::move(lock),
                    {.run = wanted.run,
                     .root = repository.root,
                     .started = wanted.now,
                     .is_isolated = wanted.is_isolated,
                     .is_in_files = !wanted.is_isolated});
  if (Status taken = change.take_first_snapshot(program, repository, wanted, patience); !taken) {
    change.discard();
    return tl::unexpected(std::move(taken).error());
  }
  return change;
}

Status OpenChange::take_first_snapshot(const GitProgram& program, const Repository& repository, const NewChange& wanted,
                                       const Patience& patience) {
  TRY_STATUS(write_record(directory_, record_));
  TRY(snapshots_, PrivateRepository::create(directory_ / change_part::kSnapshots, repository, {repository.objects()},
                                            PrivateRepository::Content::bytes));
  own_index_ = repository.index();
  TRY_STATUS(copy_index(own_index_, index()));
  TRY(Snapshot before, take_snapshot(program, *snapshots_, repository.root, index(), wanted.limits, patience));
  const Git git = snapshots_->git(program, patience);
  TRY(const FirstSnapshot first, note_files(git, before, repository.root, notes()));
  record_.before = before.tree;
  record_.taken = first.taken;
  record_.not_covered = before.not_covered;
  if (wanted.is_isolated) {
    IsolatedSource source{repository, *snapshots_, std::move(before), first, directory_, wanted.with};
    TRY(isolated_, IsolatedTree::make(program, std::move(source), patience));
  }
  return write_record(directory_, record_);
}

Result<OpenChange> OpenChange::resume(const Path& changes, const std::string& run) {
  TRY(const Path directory, change_directory(changes, run));
  if (!is_there(directory / "change.json")) return fail(Code::not_found, "change " + run + ": there is none");
  TRY(FileLock lock, lock_change(directory));
  TRY(ChangeRecord record, read_record(directory));
  if (record.is_isolated || record.before.empty() || record.state == ChangeRecord::State::finished)
    return fail(Code::unavailable, "change " + run + ": cannot be resumed");
  OpenChange change(directory, std::move(lock), std::move(record));
  TRY(change.snapshots_, PrivateRepository::open(directory / change_part::kSnapshots));
  change.own_index_ = change.record_.root / ".git/index";  // a linked work tree has it elsewhere
  change.is_resumed_ = true;
  return change;
}

Result<TreeChange> OpenChange::so_far(const GitProgram& program, const SnapshotLimits& limits,
                                      const Patience& patience) {
  auto now = isolated_ ? isolated_->result(program, limits, patience)
                       : take_snapshot(program, *snapshots_, record_.root, index(), limits, patience, first());
  if (!now) return tl::unexpected(std::move(now).error());
  for (std::string& path : now->not_covered)
    if (!std::count(record_.not_covered.begin(), record_.not_covered.end(), path))
      record_.not_covered.push_back(std::move(path));
  left_out_ = std::move(now->left_out);
  std::vector<std::string> gone;
  auto change = compare_trees(snapshots_->git(program, patience), record_.before, now->tree, limits.files, &gone);
  gone_ = {.files = gone.size(), .example = gone.empty() ? std::string() : std::move(gone.front())};
  return change;
}

Result<KeptChange> OpenChange::finish(const GitProgram& program, const Finish& how, const Patience& patience) {
  TRY(TreeChange change, so_far(program, how.limits, patience));
  TRY_STATUS(add_modes(change));
  remove_part(directory_, change_part::kUnfinished);
  remove_part(directory_, change_part::kKept);
  const Path unfinished = directory_ / change_part::kUnfinished;
  const auto made = keep_change(program, *snapshots_, change, unfinished, patience);
  if (!made) remove_part(directory_, change_part::kUnfinished);  // the disk may be full
  if (!made) return tl::unexpected(made.error());
  const TreeChange& kept = *made;
  std::error_code error;
  fs::rename(unfinished, directory_ / change_part::kKept, error);
  if (error) return fail_errno("write " + (directory_ / change_part::kKept).string(), error.value());
  ChangeRecord record = record_;
  record.state = ChangeRecord::State::finished;
  record.finished = how.now;
  if (!is_resumed_) record.trouble.clear();
  record.is_late = is_resumed_;
  record.backends = how.backends;
  record.before = kept.before;
  record.after = kept.after;
  record.files = kept.files.size();
  if (std::string text = left_out_.text(); !text.empty()) record.not_covered.push_back(std::move(text));
  if (gone_.files > 0) record.not_covered.push_back(words_for_gone(gone_));
  record.keeps_tree = isolated_ && how.tree == Tree::keep;
  TRY_STATUS(write_record(directory_, record));
  record_ = record;
  if (!record.keeps_tree) {
    IsolatedTree::remove_from(directory_);
    remove_part(directory_, change_part::kSnapshots);
  }
  lock_.reset();
  return KeptChange(directory_, std::move(record));
}

Status OpenChange::add_modes(TreeChange& change) const {
  if (change.files.empty()) return {};
  TRY(const FileNotes before, read_notes(first().notes));
  TRY(const RootedTree tree, RootedTree::open(root()));
  for (ChangedFile& file : change.files) {
    const auto noted = before.find(file.path);
    if (file.before.is_regular() && noted != before.end()) file.mode_before = noted->second.mode;
    TRY(const FileFacts facts, tree.look(file.path));
    if (file.after.is_regular() && facts.kind == FileFacts::Kind::regular) file.mode_after = facts.mode & kPermissions;
  }
  return {};
}

Status OpenChange::leave(milliseconds now, std::string why) {
  record_.state = ChangeRecord::State::abandoned;
  record_.trouble = std::move(why);
  record_.finished = now;
  record_.keeps_tree = isolated_.has_value();
  TRY_STATUS(write_record(directory_, record_));
  lock_.reset();
  return {};
}

void OpenChange::discard() {
  remove_directory(directory_);
  lock_.reset();
}

// ---- a change that was made ----

Result<KeptChange> KeptChange::open(const Path& changes, const std::string& run) {
  TRY(const Path directory, change_directory(changes, run));
  if (!is_there(directory / "change.json")) return fail(Code::not_found, "change " + run + ": there is none");
  TRY(ChangeRecord record, read_record(directory));
  if (record.state != ChangeRecord::State::finished)
    return fail(Code::unavailable, "change " + run + ": the run has not finished");
  return KeptChange(directory, std::move(record));
}

Result<PrivateRepository> KeptChange::repository() const {
  return PrivateRepository::open(directory_ / change_part::kKept);
}

Result<TreeChange> KeptChange::files(const GitProgram& program, const Patience& patience) const {
  TRY(const PrivateRepository kept, repository());
  TRY(TreeChange change, compare_trees(kept.git(program, patience), record_.before, record_.after, std::string::npos));
  TRY_STATUS(add_kept_modes(kept, change));
  return change;
}

Result<std::string> KeptChange::stat(const GitProgram& program, unsigned width, const Patience& patience) const {
  TRY(const PrivateRepository kept, repository());
  return diffstat(kept.git(program, patience), trees(), width);
}

Result<std::string> KeptChange::patch_text(const GitProgram& program, const Patience& patience,
                                           std::size_t most) const {
  TRY(const PrivateRepository kept, repository());
  return patch(kept.git(program, patience), trees(), most);
}

Result<Path> KeptChange::write_patch(const GitProgram& program, const Patience& patience) const {
  TRY(const std::string text, patch_text(program, patience));
  Path path = directory_ / change_part::kPatch;
  TRY_STATUS(write_private_file(path, text));
  return path;
}

Result<Completion> recover_change(const Path& directory, ChangeRecord& record) {
  const Path workspace = directory / change_part::kApplication;
  if (!record.applying) {  // what is there ended, and was recorded
    TRY_STATUS(end_application(workspace));
    return Completion{};
  }
  TRY(Completion done, recover_application(workspace));
  if (done.is_completed) record.is_in_files = *record.applying == Direction::forward;
  record.applying.reset();
  TRY_STATUS(write_record(directory, record));
  TRY_STATUS(end_application(workspace));
  return done;
}

Result<Application> KeptChange::apply(const GitProgram& program, Direction direction, const Patience& patience,
                                      milliseconds lock_wait, milliseconds now) {
  TRY(const FileLock lock, lock_change(directory_, lock_wait));
  TRY(record_, read_record(directory_));
  TRY_STATUS(recover_change(directory_, record_));  // what it left differs from the change as other files do
  TRY(const PrivateRepository kept, repository());
  TRY(const TreeChange change, files(program, patience));
  record_.applying = direction;
  TRY_STATUS(write_record(directory_, record_));
  const Path workspace = directory_ / change_part::kApplication;
  auto applied = apply_change(program, kept, change, direction, record_.root, workspace, patience);
  record_.applying.reset();
  if (applied && applied->is_applied()) {
    record_.is_in_files = direction == Direction::forward;
    if (record_.is_in_files && now.count() > 0) record_.applied = now;
  }
  TRY_STATUS(write_record(directory_, record_));
  TRY_STATUS(end_application(workspace));
  return applied;
}

}  // namespace delegate
