#include "core/inspect/history.hpp"

#include <algorithm>
#include <set>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::inspect {
namespace {

constexpr std::size_t kLeastOfId = 4;  // so that the next runs seldom make it longer

PastRun::State state_of(const RunRow& row, const Breakers& breakers) {
  if (!row.outcome.empty()) return PastRun::State::ended;
  return breakers.is_dead(row.owner) ? PastRun::State::killed : PastRun::State::running;
}

/// One whose process was killed before it had started waits again, as soon as a dispatcher has noticed that.
bool is_queued(const Engine& engine, const JobRow& job) {
  return !job.is_taken() || (!job.has_started() && engine.breakers.is_dead(job.owner));
}

/// None if the query asks for a backend or an outcome, which only the ledger knows.
/// A process that keeps its own request also keeps its directory to itself.
bool is_of_project(const Engine& engine, const JobRow& job, const std::string& project) {
  const auto stored = engine.jobs()->request(job.id);
  const auto request = stored ? parse_object(stored->request) : std::nullopt;
  return request && is_in_directory(text_at(*request, "/cwd"), project);
}

std::vector<PastRun> queued_runs(const Engine& engine, const RunQuery& query, const std::vector<JobRow>& jobs) {
  std::vector<PastRun> runs;
  if (!query.backend.empty() || !query.outcome.empty()) return runs;
  for (const JobRow& job : jobs)
    if (is_queued(engine, job) && job.submitted_at >= query.since &&
        (query.project.empty() || is_of_project(engine, job, query.project)))
      runs.push_back(queued_run(engine, job));
  return runs;
}

}  // namespace

std::string_view outcome_or_state(const PastRun& run) {
  switch (run.state) {
    case PastRun::State::ended: break;
    case PastRun::State::killed: return "killed";
    case PastRun::State::waiting: return "waiting";
    case PastRun::State::running: return "running";
  }
  return run.row.outcome;
}

Result<std::vector<JobRow>> unended_jobs(const Engine& engine, int most) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr) return std::vector<JobRow>();
  return jobs->unended(most);
}

Result<PastRun> past_run(const Engine& engine, RunRow row, const std::vector<JobRow>& jobs) {
  PastRun run{.row = std::move(row)};
  TRY(run.attempts, engine.ledger->attempts(run.row.id));
  run.state = state_of(run.row, engine.breakers);
  const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const JobRow& one) { return one.id == run.row.id; });
  if (job == jobs.end() || run.state != PastRun::State::running) return run;
  run.in_background = true;
  run.doing = job->doing;
  return run;
}

PastRun queued_run(const Engine&, const JobRow& job) {
  return {.row = {.id = job.id, .started_at = job.submitted_at, .owner = job.owner},
          .attempts = {},
          .state = PastRun::State::waiting,
          .in_background = true,
          .doing = job.doing.empty() ? "queued" : "queued: " + job.doing};
}

Result<std::vector<PastRun>> latest_runs(const Engine& engine, const RunQuery& query) {
  if (engine.ledger == nullptr) return fail(Code::unavailable, "there is no history: " + engine.breakers.trouble());
  TRY(const auto jobs, unended_jobs(engine, query.most + engine.config.background.max_parallel));
  std::vector<PastRun> runs = queued_runs(engine, query, jobs);
  std::set<std::string> queued;
  for (const PastRun& run : runs) queued.insert(run.row.id);
  TRY(auto rows, engine.ledger->runs(query));
  for (RunRow& row : rows) {
    if (queued.contains(row.id)) continue;  // it started after the queue was read
    TRY(PastRun run, past_run(engine, std::move(row), jobs));
    TRY(const std::size_t enough, engine.ledger->enough_of(run.row.id));
    run.shown_of_id = std::max(enough, kLeastOfId);
    runs.push_back(std::move(run));
  }
  runs.resize(std::min(runs.size(), static_cast<std::size_t>(query.most)));
  return runs;
}

}  // namespace delegate::inspect
