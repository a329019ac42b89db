#include "core/jobs/job_status.hpp"

#include <csignal>

#include "core/jobs/job_result.hpp"
#include "core/os/process.hpp"

namespace delegate::jobs {

Result<JobStatus> find_job(const Engine& engine, const std::string& id) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr)
    return fail(Code::unavailable, engine.store != nullptr ? "runs are not kept: state.store is \"memory\""
                                                           : "there is no store: " + engine.breakers.trouble());
  const auto runs = [](const JobRow& one) { return one.has_started() && !one.has_ended(); };
  TRY(JobRow row, jobs->find(id));
  const bool is_dead = runs(row) && engine.breakers.is_dead(row.owner);
  if (is_dead) {  // its end may have been stored just before
    TRY(row, jobs->find(id));
  }
  return JobStatus{row, row.state == JobRow::State::killed || (is_dead && runs(row))};
}

std::string describe(const JobStatus& job) {
  const std::string name = "run " + job.row.id;
  if (job.is_lost) return name + ": its process was killed before it ended";
  if (!job.row.is_taken()) return name + " is queued" + (job.row.doing.empty() ? "" : ": " + job.row.doing);
  return name + " has not ended" + (job.row.doing.empty() ? "" : ": " + job.row.doing);
}

RunResult cancelled_before_start(const std::string& id, const std::string& backend) {
  RunResult result;
  result.run_id = id;
  result.requested_backend = backend;
  result.outcome = Outcome::cancelled;
  result.message = "cancelled before it started";
  return result;
}

namespace {

/// The pidfd is opened before the check, so the signal cannot reach a later process with the same pid.
void signal_owner(const Engine& engine, const ProcessId& owner) {
  const ProcessId& self = engine.breakers.self();
  const Fd process = open_pidfd(static_cast<pid_t>(owner.pid));
  if (process && owner.pid_namespace == self.pid_namespace && is_alive(owner, self.boot_id))
    static_cast<void>(send_signal(process, SIGTERM));
}

}  // namespace

Status cancel_job(const Engine& engine, const JobStatus& job) {
  if (job.has_ended()) return {};
  const milliseconds now = engine.clock.now().wall;
  const JobResult cancelled = to_job_result(cancelled_before_start(job.row.id, {}), engine.redact);
  const auto is_dead = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  TRY(const Jobs::Cancel done,
      engine.jobs()->cancel(ended_row(job.row.id, now, cancelled), now - engine.config.background.keep, is_dead));
  if (done != Jobs::Cancel::requested) return {};
  // Its process checks for the request now and then; a signal is quicker.
  TRY(const JobRow row, engine.jobs()->find(job.row.id));
  signal_owner(engine, row.owner);
  return {};
}

}  // namespace delegate::jobs
