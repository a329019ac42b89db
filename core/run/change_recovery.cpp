#include "core/run/change_recovery.hpp"

#include "core/base/ids.hpp"
#include "core/base/text.hpp"
#include "core/os/random.hpp"
#include "core/run/half_change.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLongestRecord{60'000};
constexpr milliseconds kPatience{10'000};
constexpr milliseconds kMargin{60'000};  // of a lease

std::string line_about(const Recovered& one) {
  const bool is_undo = one.direction == Direction::reverse;
  std::string line = is_undo ? "the undo of run " + one.record.run : "applying the change of run " + one.record.run;
  line += " was killed half-way; it is complete now";
  if (!one.left.empty()) line += ", but for files that have changed since: " + words_for_files(one.left);
  return line;
}

/// Records what a killed run has changed, before later changes mix with it.
std::string record_late(const Engine& engine, const ChangeRecord& record) {
  const CancelToken never;
  const auto git = find_git(engine.environment);
  const auto kept = git ? recorded_change(engine, *git, record, {never, Deadline::in(kLongestRecord)})
                        : Result<KeptChange>(tl::unexpected(git.error()));
  const std::string run = "run " + record.run + " was killed";
  if (!kept) return run + ", and what it has changed could not be recorded: " + kept.error().what;
  if (kept->record().files > 0)
    return run + " and has left changes; `delegate runs " + record.run +
           " --diff` shows what has changed since it began";
  const Status removed = remove_change(changes_directory(engine), record.run);
  return removed ? std::string() : removed.error().what;
}

}  // namespace

Path changes_directory(const Engine& engine) {
  return engine.store_path.empty() ? Path() : Path(engine.store_path).parent_path() / "changes";
}

ChangeRecovery recover_changes_in(const Engine& engine, const Path& root) {
  ChangeRecovery done;
  const Path changes = changes_directory(engine);
  if (changes.empty()) return done;
  clean_up_changes(changes, engine.clock.now().wall, engine.config.background.keep);
  Recovery recovery = recover_changes(changes, root);
  for (const Recovered& one : recovery.completed) done.lines.push_back(line_about(one));
  for (const Error& error : recovery.failures) done.lines.push_back(error.what);
  done.completed = std::move(recovery.completed);
  for (const ChangeRecord& record : changes_in(changes).records) {
    const bool is_of_killed = record.state == ChangeRecord::State::running && !record.is_isolated;
    if (!is_of_killed || record.root != root || is_worked_on(changes, record.run)) continue;
    if (std::string line = record_late(engine, record); !line.empty()) done.lines.push_back(std::move(line));
  }
  return done;
}

WriterAdmission take_root(const Engine& engine, const Path& root, milliseconds longest, const CancelToken& cancel) {
  const std::string own_id = make_run_id(engine.clock.now().wall, random_bits());
  const WriterRequest wanted{.directory = root.string(),
                             .run_id = own_id,
                             .tag = run_tag(engine, own_id),
                             .lease = longest + kPatience + kMargin};
  return wait_in_line(engine, wanted, kPatience, cancel);
}

Result<KeptChange> recorded_change(const Engine& engine, const GitProgram& git, const ChangeRecord& record,
                                   const Patience& patience) {
  const Path changes = changes_directory(engine);
  if (record.state == ChangeRecord::State::finished) return KeptChange::open(changes, record.run);
  const milliseconds now = engine.clock.now().wall;
  TRY(OpenChange open, OpenChange::resume(changes, record.run));
  auto kept = open.finish(git, {.now = now}, patience);
  // After a cancel or a deadline it can be tried again, before others change more.
  const bool is_final = !kept && kept.error().code != Code::cancelled && kept.error().code != Code::deadline_exceeded;
  if (is_final) TRY_STATUS(open.leave(now, kept.error().what));
  return kept;
}

std::string why_uncertain(const ChangeRecord& record) {
  if (record.state == ChangeRecord::State::running) return "it was killed";
  if (record.state == ChangeRecord::State::abandoned) return "its change could not be recorded: " + record.trouble;
  if (!record.is_late) return {};
  return record.trouble.empty() ? "it was killed" : "its change could not be recorded at its end: " + record.trouble;
}

}  // namespace delegate
