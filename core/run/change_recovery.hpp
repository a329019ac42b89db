#pragma once
#include <string>
#include <vector>

#include "core/changes/changes.hpp"
#include "core/run/engine.hpp"
#include "core/run/writers.hpp"

namespace delegate {

/// Where the changes of runs are kept. Empty: there is no place for them.
Path changes_directory(const Engine& engine);

/// What killed processes had left of changes in a work tree.
struct ChangeRecovery {
  std::vector<Recovered> completed;  // applications and undos
  std::vector<std::string> lines;    // all that a person should know
};
/// Completes what killed processes had begun to apply or to take back in the files of this root, and records what
/// killed runs have changed in them, as far as that is known. For the run that has the root to itself.
ChangeRecovery recover_changes_in(const Engine& engine, const Path& root);

/// The root for oneself, for recovery and undo: waits some seconds, as for an isolated run that applies its change.
/// `longest`: how long the work takes at most.
WriterAdmission take_root(const Engine& engine, const Path& root, milliseconds longest, const CancelToken& cancel);

/// The change of a record with all that it needs; of a run that was killed, or whose change could not be recorded, it
/// is recorded now. For the process that has its root to itself.
Result<KeptChange> recorded_change(const Engine& engine, const GitProgram& git, const ChangeRecord& record,
                                   const Patience& patience);

/// Why a change is not separate from what others have changed: "it was killed", "its change could not be recorded: …".
/// Empty: it can.
std::string why_uncertain(const ChangeRecord& record);

}  // namespace delegate
