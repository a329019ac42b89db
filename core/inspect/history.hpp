#pragma once
#include <string>
#include <vector>

#include "core/run/engine.hpp"
#include "core/state/jobs.hpp"
#include "core/state/ledger.hpp"

namespace delegate::inspect {

/// A run with its attempts, and how it ended: its outcome, `waiting`, `running`, or `killed` if its process was killed.
/// A queued background run has only its id, the time when it was submitted (as `started_at`), and what is known of its
/// request.
struct PastRun {
  enum class State { ended, waiting, working };  // other than ended: in the background

  RunRow row;
  std::vector<AttemptRow> attempts;
  std::string outcome;
  State state = State::ended;
  std::string doing = {};  // until it has ended: "asking codex"
};

/// The newest runs first; queued ones before all others. Code::unavailable: there is no history.
Result<std::vector<PastRun>> latest_runs(const Engine& engine, const RunQuery& query = {});

// The parts of it, for one run.
/// Background jobs that have not ended, newest first. A store without a queue has none.
Result<std::vector<JobRow>> unended_jobs(const Engine& engine);
Result<PastRun> past_run(const Engine& engine, RunRow row, const std::vector<JobRow>& jobs);
/// The ledger does not know a queued run yet.
PastRun queued_run(const Engine& engine, const JobRow& job);

}  // namespace delegate::inspect
