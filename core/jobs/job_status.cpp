#include "core/jobs/job_status.hpp"

#include <csignal>

#include "core/jobs/job_result.hpp"
#include "core/os/process.hpp"

namespace delegate::jobs {

Result<JobStatus> find_job(const Engine& engine, const std::string& id) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "there is no store: " + engine.breakers.trouble());
  const auto runs = [](const JobRow& one) {
    return one.has_begun && (one.state == JobRow::State::running || one.state == JobRow::State::yielded);
  };
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
  if (job.row.state == JobRow::State::waiting || !job.row.has_begun)
    return name + " is queued" + (job.row.doing.empty() ? "" : ": " + job.row.doing);
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

/// True: no process had begun it, and none will.
Result<bool> end_queued(const Engine& engine, const std::string& id) {
  const milliseconds now = engine.clock.now().wall;
  const JobResult result = to_job_result(cancelled_before_start(id, {}), engine.redact);
  return engine.jobs()->finish_waiting(ended_row(id, now, result), now - engine.config.background.keep);
}

}  // namespace

Status cancel_job(const Engine& engine, const JobStatus& job) {
  if (job.has_ended()) return {};
  // Its process checks for the request now and then; a signal is quicker.
  TRY_STATUS(engine.jobs()->request_cancel(job.row.id));
  TRY(JobRow now, engine.jobs()->find(job.row.id));
  const bool waits = now.state == JobRow::State::waiting || (now.state == JobRow::State::running && !now.has_begun);
  const bool runs_itself =
      now.state == JobRow::State::waiting && now.has_owner() && !engine.breakers.is_dead(now.owner);
  if (waits && !runs_itself) {
    TRY(const bool ended, end_queued(engine, job.row.id));
    if (ended) return {};
    TRY(now, engine.jobs()->find(job.row.id));
  }
  if (now.has_begun || runs_itself) signal_owner(engine, now.owner);
  return {};
}

}  // namespace delegate::jobs
