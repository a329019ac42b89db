#include "core/inspect/context.hpp"
#include "core/run/change_recovery.hpp"

// What runs with --write have changed. The copies of killed runs are removed here, too.
namespace delegate::inspect {
namespace {

constexpr const char* kChanges = "changes";

/// A run that was killed, or whose change could not be recorded: it may have left something that no person has looked
/// at.
Finding uncertain(const ChangeRecord& record, const std::string& why) {
  return {FindingSeverity::warning, kChanges, "run " + record.run + " in " + record.root.string() + ": " + why,
          "delegate runs " + record.run + " --diff"};
}

}  // namespace

Findings check_changes(const Context& context) {
  Findings all;
  const Engine& engine = context.engine();
  const Path changes = changes_directory(engine);
  if (changes.empty()) return all;
  const CleanUp done = clean_up_changes(changes, engine.clock.now().wall, engine.config.background.keep);
  for (const ChangeRecord& record : done.removed_trees)
    all.push_back({FindingSeverity::note, kChanges, "removed the copy of run " + record.run + ", which was killed"});
  for (const Error& error : done.failures) all.push_back({FindingSeverity::warning, kChanges, error.what, error.hint});
  const ChangeList list = changes_in(changes);
  for (const Error& error : list.unreadable)
    all.push_back({FindingSeverity::warning, kChanges, error.what, error.hint});
  for (const ChangeRecord& record : list.records) {
    const bool is_under_way = record.state == ChangeRecord::State::running && is_worked_on(changes, record.run);
    if (record.applying && !is_worked_on(changes, record.run))
      all.push_back({FindingSeverity::warning, kChanges,
                     "applying run " + record.run + " in " + record.root.string() + " was killed half-way",
                     "delegate undo " + record.run});
    const std::string why = is_under_way || !record.is_in_files ? std::string() : why_uncertain(record);
    if (!why.empty()) all.push_back(uncertain(record, why));
  }
  return all;
}

}  // namespace delegate::inspect
