#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "core/base/exit_code.hpp"
#include "core/jobs/run_job.hpp"
#include "core/jobs/saved_request.hpp"
#include "core/os/fd.hpp"
#include "core/run/run_record.hpp"

namespace delegate::jobs {
namespace {

/// What it was to ask is gone, or of another version: its end says so, and the queue goes on.
Status give_up(const Engine& engine, const JobRow& row, const Error& why) {
  const milliseconds now = engine.clock.now().wall;
  return engine.store->jobs()->finish({.id = row.id,
                                       .ended_at = now,
                                       .result = error_record(why, "internal"),
                                       .remarks = "delegate: " + why.what + "\n",
                                       .exit_code = kInternal},
                                      now - engine.config.background.keep);
}

Status run_one(const ProcessFacts& process, const Engine& engine, const JobRow& row) {
  auto request = load_request(engine, row.id);
  if (!request) return give_up(engine, row, request.error());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("worker: pipe", errno);
  const Fd held(ends[0]);
  const Fd holder(ends[1]);
  static_cast<void>(!::write(holder.get(), &Lifeline::kDetach, 1));
  Lifeline lifeline(held.get());
  lifeline.look();
  const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  ProcessFacts there = process;
  there.out = nowhere.get();
  run_job(there, engine, *request, engine.store->jobs(), lifeline);
  return {};
}

}  // namespace

Result<std::vector<std::string>> run_orphaned_jobs(const ProcessFacts& process, const Engine& engine,
                                                   const std::function<void(const std::string& id)>& on_run) {
  Jobs* jobs = engine.store == nullptr ? nullptr : engine.store->jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "worker: there is no store: " + engine.breakers.trouble());
  const auto gone = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  for (std::vector<std::string> runs;;) {
    if (process.interrupted.cancelled()) return runs;
    TRY(const auto row, jobs->adopt(engine.breakers.self(), gone));
    if (!row) return runs;
    runs.push_back(row->id);
    on_run(row->id);
    TRY_STATUS(run_one(process, engine, *row));
  }
}

}  // namespace delegate::jobs
