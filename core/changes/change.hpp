#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/changes/application.hpp"
#include "core/changes/change_record.hpp"
#include "core/changes/isolated_tree.hpp"
#include "core/os/file_lock.hpp"

// The change of one run. Everything of it is in a directory of ours, CHANGES/RUN:
//
//   change.json     what is remembered (change_record.hpp)
//   lock            held by the process that works on the change; free while it is unfinished: the process was killed
//   before.git      while it is made: the snapshot from before, with notes of its files
//   tree            the isolated tree, with isolated.git
//   change.git      what has changed, with all that a patch or an undo needs
//   change.patch    the same as text, if it was asked for
//   apply           while it is applied or undone: the journal (journal.hpp)
namespace delegate {

/// Where the isolated tree of a change is, if it has one.
Path isolated_root_in(const Path& directory, const ChangeRecord& record);

struct NewChange {
  std::string run;
  milliseconds now{0};  // wall clock
  SnapshotLimits limits;
  bool is_isolated = false;
  std::vector<std::string> with;  // isolated: ignored paths to copy
};

/// A change that was made.
class KeptChange {
 public:
  /// Code::not_found: there is no such change; unavailable: it is not finished.
  static Result<KeptChange> open(const Path& changes, const std::string& run);

  const ChangeRecord& record() const { return record_; }
  Path isolated_root() const { return isolated_root_in(directory_, record_); }  // if the record says that it stays
  Result<TreeChange> files(const GitProgram& program, const Patience& patience) const;
  Result<std::string> stat(const GitProgram& program, unsigned width, const Patience& patience) const;
  Result<std::string> patch_text(const GitProgram& program, const Patience& patience,
                                 std::size_t most = Git::kMostOutput) const;
  /// Writes the patch to a file in the directory of the change, mode 0600. Code::resource_exhausted: it is larger than
  /// what patch_text gives.
  Result<Path> write_patch(const GitProgram& program, const Patience& patience) const;
  /// Applies the change to the person's files, or takes it back. Completes first what a killed process had begun.
  /// Code::busy: another process works on the change, also after `lock_wait` (kLockWait is enough for one that only
  /// looks at it). `now`, the wall clock, is remembered as the time of an application.
  Result<Application> apply(const GitProgram& program, Direction direction, const Patience& patience,
                            milliseconds lock_wait = milliseconds(0), milliseconds now = milliseconds(0));

 private:
  friend class OpenChange;
  KeptChange(Path directory, ChangeRecord record) : directory_(std::move(directory)), record_(std::move(record)) {}
  TreeChange trees() const { return {.before = record_.before, .after = record_.after}; }
  Result<PrivateRepository> repository() const;

  Path directory_;
  ChangeRecord record_;
};

/// A change while a run makes it. If it is destroyed unfinished, its directory stays, as after a kill.
class OpenChange {
 public:
  /// Takes the snapshot, and makes the isolated tree. After a failure nothing is left. `changes` is created if needed.
  static Result<OpenChange> begin(const GitProgram& program, const Path& changes, const Repository& repository,
                                  const NewChange& wanted, const Patience& patience);
  /// Takes over a change in the person's own files whose process was killed, or that was left: `finish` records it
  /// late, with what others have changed since. Code::busy: its process still works; unavailable: it has no snapshot,
  /// is finished or isolated.
  static Result<OpenChange> resume(const Path& changes, const std::string& run);

  const ChangeRecord& record() const { return record_; }
  IsolatedTree* isolated() { return isolated_ ? &*isolated_ : nullptr; }
  const IsolatedTree* isolated() const { return isolated_ ? &*isolated_ : nullptr; }

  /// What has changed so far.
  Result<TreeChange> so_far(const GitProgram& program, const SnapshotLimits& limits, const Patience& patience);

  enum class Tree { remove, keep };
  struct Finish {
    milliseconds now{0};  // wall clock
    std::vector<std::string> backends;
    Tree tree = Tree::remove;
    SnapshotLimits limits;
  };
  /// Keeps what has changed, and releases the lock. After a failure the change is as before.
  Result<KeptChange> finish(const GitProgram& program, const Finish& how, const Patience& patience);
  /// After a failure of `finish`: ends it without a result, and leaves the isolated tree (or the snapshot) where it is
  /// until the change expires, because it may be all that is left of the work. `why` is kept in the record.
  Status leave(milliseconds now, std::string why);
  /// Forgets it: nothing was changed, or it shall not be kept.
  void discard();

 private:
  OpenChange(Path directory, FileLock lock, ChangeRecord record)
      : directory_(std::move(directory)), lock_(std::move(lock)), record_(std::move(record)) {}
  Status take_first_snapshot(const GitProgram& program, const Repository& repository, const NewChange& wanted,
                             const Patience& patience);
  Path index() const;
  Path notes() const;
  /// Of the files in which the run works.
  FirstSnapshot first() const;
  Path root() const { return isolated_ ? isolated_->root() : record_.root; }
  Status add_modes(TreeChange& change) const;

  Path directory_;
  Path own_index_;                // of the person's repository
  std::optional<FileLock> lock_;  // until it is finished
  ChangeRecord record_;
  std::optional<PrivateRepository> snapshots_;
  std::optional<IsolatedTree> isolated_;
  bool is_resumed_ = false;
  LeftOut left_out_;  // by the last snapshot
  LeftOut gone_;      // files whose former content is in no repository any more
};

/// Completes what a killed process had begun to apply, and records it. For the holder of the lock of the change and of
/// the write lease of its root. Not completed: there was nothing, or it had changed nothing yet.
Result<Completion> recover_change(const Path& directory, ChangeRecord& record);

/// The directory of a change. Code::invalid_argument: not the id of a run.
Result<Path> change_directory(const Path& changes, const std::string& run);

/// Takes the lock of a change. Code::busy: another process has it, also after `wait`.
Result<FileLock> lock_change(const Path& directory, milliseconds wait = milliseconds(0));
/// Processes that only look at a change hold its lock for less.
inline constexpr milliseconds kLockWait{1000};

/// A living process has the lock of this change.
bool is_worked_on(const Path& changes, const std::string& run);

/// The parts of a directory, by name.
namespace change_part {
inline constexpr const char* kSnapshots = "before.git";
inline constexpr const char* kKept = "change.git";
inline constexpr const char* kPatch = "change.patch";
inline constexpr const char* kUnfinished = "change.git.new";
inline constexpr const char* kApplication = "apply";
inline constexpr const char* kLock = "lock";
}  // namespace change_part

}  // namespace delegate
