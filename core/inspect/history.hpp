#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/run/engine.hpp"
#include "core/state/jobs.hpp"
#include "core/state/ledger.hpp"

namespace delegate::inspect {

/// A run with its attempts. Only one that has ended has an outcome in its row. A queued background run has only its id,
/// the time when it was submitted (as `started_at`), and what is known of its request.
struct PastRun {
  enum class State { ended, killed, waiting, running };  // killed: its process is dead and stored no outcome

  RunRow row;
  std::vector<AttemptRow> attempts;
  State state = State::ended;
  bool in_background = false;                   // a job that waits or runs
  std::string doing = {};                       // of such a job: "asking codex"
  std::size_t shown_of_id = std::string::npos;  // so many characters of its id are enough to name it
};
/// The outcome of a run that has ended, otherwise the name of its state: one word for scripts.
std::string_view outcome_or_state(const PastRun& run);

/// The newest runs first; queued ones before all others. Code::unavailable: there is no history.
Result<std::vector<PastRun>> latest_runs(const Engine& engine, const RunQuery& query = {});

// The parts of it, for one run.
/// Background jobs that have not ended, newest first, at most that many. A store without a queue has none.
Result<std::vector<JobRow>> unended_jobs(const Engine& engine, int most);
Result<PastRun> past_run(const Engine& engine, RunRow row, const std::vector<JobRow>& jobs);
/// The ledger does not know a queued run yet.
PastRun queued_run(const Engine& engine, const JobRow& job);

}  // namespace delegate::inspect
