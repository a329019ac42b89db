#include "core/jobs/job_status.hpp"

#include <csignal>

#include "core/jobs/job_request.hpp"
#include "core/jobs/job_result.hpp"
#include "core/os/process.hpp"

namespace delegate::jobs {

Result<JobStatus> find_job(const Engine& engine, const std::string& id) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "there is no store: " + engine.breakers.trouble());
  const auto has_ended = [](const JobRow& one) {
    return one.state == JobRow::State::ended || one.state == JobRow::State::killed;
  };
  TRY(JobRow row, jobs->find(id));
  const bool is_dead = !has_ended(row) && engine.breakers.is_dead(row.owner);
  if (is_dead) {  // its end may have been stored just before
    TRY(row, jobs->find(id));
  }
  return JobStatus{row, row.state == JobRow::State::killed || (is_dead && !has_ended(row))};
}

std::string describe(const JobStatus& job) {
  const std::string name = "run " + job.row.id;
  if (job.is_lost) return name + ": its process was killed before it ended";
  if (job.row.state == JobRow::State::waiting) return name + " is queued";
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

/// No process is left to do it. A worker that adopts the job at the same time finds it ended.
Status end_orphan(const Engine& engine, const std::string& id) {
  const RunResult result = cancelled_before_start(id, {});
  const milliseconds now = engine.clock.now().wall;
  remove_saved_request(engine, id);
  return engine.store->jobs()->finish(ended_row(id, now, to_job_result(result, engine.redact)),
                                      now - engine.config.background.keep);
}

Status cancel_job(const Engine& engine, const JobStatus& job) {
  if (job.is_orphaned()) return end_orphan(engine, job.row.id);
  if (job.has_ended()) return {};
  TRY_STATUS(engine.store->jobs()->request_cancel(job.row.id));
  // The job process checks for the request now and then; a signal is quicker. The pidfd is opened before the check, so
  // the signal cannot reach a later process with the same pid.
  const ProcessId& owner = job.row.owner;
  const ProcessId& self = engine.breakers.self();
  const Fd process = open_pidfd(static_cast<pid_t>(owner.pid));
  if (process && owner.pid_namespace == self.pid_namespace && is_alive(owner, self.boot_id))
    static_cast<void>(send_signal(process, SIGTERM));
  return {};
}

}  // namespace delegate::jobs
