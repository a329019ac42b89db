#include "core/jobs/job_request.hpp"
#include "core/jobs/job_result.hpp"
#include "core/jobs/run_job.hpp"

namespace delegate::jobs {
namespace {

/// Its saved request is missing or of another version. The job ends with that error and the queue goes on.
Status end_unreadable(const Engine& engine, const JobRow& row, const Error& why) {
  const milliseconds now = engine.clock.now().wall;
  return engine.store->jobs()->finish(ended_row(row.id, now, to_job_result(why)), now - engine.config.background.keep);
}

Status run_one(const ProcessFacts& process, const Engine& engine, const JobRow& row) {
  auto request = load_request(engine, row.id);
  if (!request) return end_unreadable(engine, row, request.error());
  Lifeline lifeline = Lifeline::already_detached();
  ProcessFacts without_reader = process;
  without_reader.out = -1;
  run_job(without_reader, engine, *std::move(request), engine.store->jobs(), lifeline);
  return {};
}

}  // namespace

Result<std::vector<std::string>> run_orphaned_jobs(const ProcessFacts& process, const Engine& engine,
                                                   const std::function<void(const std::string& id)>& on_run) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "worker: there is no store: " + engine.breakers.trouble());
  const auto is_dead = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  for (std::vector<std::string> runs;;) {
    if (process.interrupted.cancelled()) return runs;
    TRY(const auto row, jobs->adopt(engine.breakers.self(), is_dead));
    if (!row) return runs;
    runs.push_back(row->id);
    on_run(row->id);
    TRY_STATUS(run_one(process, engine, *row));
  }
}

}  // namespace delegate::jobs
