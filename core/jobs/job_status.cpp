#include "core/jobs/job_status.hpp"

#include <csignal>

#include "core/jobs/saved_request.hpp"
#include "core/os/process.hpp"
#include "core/run/run_record.hpp"

namespace delegate::jobs {

Result<JobStatus> find_job(const Engine& engine, const std::string& id) {
  Jobs* jobs = engine.store == nullptr ? nullptr : engine.store->jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "there is no store: " + engine.breakers.trouble());
  TRY(JobRow row, jobs->find(id));
  const bool has_ended = row.state == JobRow::State::ended;
  const bool lost = row.state == JobRow::State::killed || (!has_ended && engine.breakers.is_dead(row.owner));
  return JobStatus{std::move(row), lost};
}

std::string describe(const JobStatus& job) {
  const std::string name = "run " + job.row.id;
  if (job.is_lost) return name + ": its process was killed before it ended";
  if (job.row.state == JobRow::State::waiting) return name + " waits for its turn";
  return name + " has not ended" + (job.row.doing.empty() ? "" : ": " + job.row.doing);
}

constexpr int kCancelled = 130;

/// It waits, and nobody is left to end it. A worker that adopts it in the same moment finds it ended.
Status end_for_good(const Engine& engine, const std::string& id) {
  RunResult result;
  result.run_id = id;
  result.outcome = Outcome::cancelled;
  result.message = "cancelled before it began";
  const milliseconds now = engine.clock.now().wall;
  remove_saved_request(engine, id);
  return engine.store->jobs()->finish({.id = id,
                                       .ended_at = now,
                                       .result = to_json(result),
                                       .remarks = "delegate: cancelled before it began\n",
                                       .exit_code = kCancelled},
                                      now - engine.config.background.keep);
}

Status cancel_job(const Engine& engine, const JobStatus& job) {
  if (job.is_left_behind()) return end_for_good(engine, job.row.id);
  if (job.has_ended()) return {};
  TRY_STATUS(engine.store->jobs()->request_cancel(job.row.id));
  // It looks for the wish every now and then; a signal is quicker. Held by a descriptor, the process is the right one.
  const ProcessId& owner = job.row.owner;
  const ProcessId& self = engine.breakers.self();
  const Fd process = open_pidfd(static_cast<pid_t>(owner.pid));
  if (process && owner.pid_namespace == self.pid_namespace && is_alive(owner, self.boot_id))
    static_cast<void>(send_signal(process, SIGTERM));
  return {};
}

}  // namespace delegate::jobs
