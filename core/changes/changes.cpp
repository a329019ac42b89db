#include "core/changes/changes.hpp"

#include <algorithm>

#include "core/os/directory.hpp"
#include "core/os/rooted_tree.hpp"

namespace delegate {
namespace {

using State = ChangeRecord::State;

std::vector<std::string> runs_in(const Path& changes) {
  std::vector<std::string> runs;
  const auto tree = RootedTree::open(changes);
  auto names = tree ? tree->names_in("") : Result<std::vector<std::string>>();
  if (!tree || !names) return runs;
  for (std::string& name : *names)
    if (change_directory(changes, name)) runs.push_back(std::move(name));
  std::sort(runs.rbegin(), runs.rend());
  return runs;
}

void remove_all_of(const Path& changes, const std::string& run) {
  if (const auto opened = Directory::open(changes)) remove_tree(opened->fd(), run);
}

void remove_parts(const Path& directory, std::initializer_list<const char*> names) {
  if (const auto opened = Directory::open(directory))
    for (const char* name : names) remove_tree(opened->fd(), name);
}

bool is_expired(const ChangeRecord& record, milliseconds now, milliseconds keep) {
  return now - record.finished.value_or(record.started) > keep;
}

/// A process that a killed run had started may need a moment to end, and write until then: the record goes last, so
/// that what is left is removed by the next call. False: something is left.
bool remove_killed(const Path& changes, const std::string& run) {
  IsolatedTree::remove_from(changes / run);
  if (IsolatedTree::is_in(changes / run)) return false;
  remove_all_of(changes, run);
  return true;
}

class Cleaner {
 public:
  Cleaner(Path changes, milliseconds now, milliseconds keep) : changes_(std::move(changes)), now_(now), keep_(keep) {}

  void look_at(const std::string& run) {
    const Path directory = changes_ / run;
    const auto lock = lock_change(directory);
    if (!lock && (lock.error().code == Code::busy || lock.error().code == Code::not_found)) return;
    if (!lock) return failed(lock.error());
    auto record = read_record(directory);
    if (!record && record.error().code == Code::not_found) return remove_all_of(changes_, run);  // killed as it began
    if (!record) return failed(record.error());
    clean(directory, std::move(*record));
  }
  CleanUp result() { return std::move(done_); }

 private:
  void clean(const Path& directory, ChangeRecord record) {
    if (record.applying) return;  // its end is not known
    if (record.state == State::running && record.is_isolated) {
      if (remove_killed(changes_, record.run)) done_.removed_trees.push_back(std::move(record));
      return;
    }
    const bool has_changed_nothing = record.state == State::running && record.before.empty();  // killed as it began
    if (has_changed_nothing || is_expired(record, now_, keep_)) {
      remove_all_of(changes_, record.run);
      done_.expired += has_changed_nothing ? 0 : 1;
    } else if (record.state == State::finished && !record.keeps_tree) {  // killed right after it was recorded
      IsolatedTree::remove_from(directory);
      remove_parts(directory, {change_part::kSnapshots, change_part::kApplication});
    }
  }
  void failed(const Error& error) { done_.failures.push_back(error); }

  Path changes_;
  milliseconds now_;
  milliseconds keep_;
  CleanUp done_;
};

/// Nothing: it had changed nothing yet.
Result<std::optional<Recovered>> recover_one(const Path& directory) {
  TRY(const FileLock lock, lock_change(directory, kLockWait));
  TRY(ChangeRecord record, read_record(directory));
  const Direction direction = record.applying.value_or(Direction::forward);
  TRY(Completion done, recover_change(directory, record));
  if (!done.is_completed) return std::optional<Recovered>();
  return std::optional(Recovered{std::move(record), direction, std::move(done.left)});
}

}  // namespace

ChangeList changes_in(const Path& changes) {
  ChangeList list;
  for (const std::string& run : runs_in(changes)) {
    auto record = read_record(changes / run);
    if (record) list.records.push_back(std::move(*record));
    else if (record.error().code != Code::not_found) list.unreadable.push_back(std::move(record).error());
  }
  return list;
}

Status remove_change(const Path& changes, const std::string& run) {
  TRY(const Path directory, change_directory(changes, run));
  std::error_code error;
  if (!std::filesystem::is_directory(std::filesystem::symlink_status(directory, error)))
    return fail(Code::not_found, "change " + run + ": there is none");
  TRY(const FileLock lock, lock_change(directory));
  if (auto record = read_record(directory)) TRY_STATUS(recover_change(directory, *record));
  remove_all_of(changes, run);
  return {};
}

CleanUp clean_up_changes(const Path& changes, milliseconds now, milliseconds keep) {
  Cleaner cleaner(changes, now, keep);
  for (const std::string& run : runs_in(changes)) cleaner.look_at(run);
  return cleaner.result();
}

Recovery recover_changes(const Path& changes, const Path& root) {
  Recovery done;
  for (const std::string& run : runs_in(changes)) {
    const auto seen = read_record(changes / run);
    if (!seen || !seen->applying || seen->root != root) continue;
    auto recovered = recover_one(changes / run);
    if (!recovered) done.failures.push_back(std::move(recovered).error());
    else if (*recovered) done.completed.push_back(std::move(**recovered));
  }
  return done;
}

}  // namespace delegate
