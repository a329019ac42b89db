#include "core/jobs/run_job.hpp"

#include <optional>
#include <thread>

#include "core/base/exit_code.hpp"
#include "core/base/text.hpp"
#include "core/jobs/job_process.hpp"
#include "core/jobs/job_request.hpp"
#include "core/jobs/job_status.hpp"
#include "core/os/event.hpp"
#include "core/os/file.hpp"
#include "core/os/pipe_io.hpp"
#include "core/run/ask.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::jobs {
namespace {

constexpr milliseconds kCheck{250};              // how soon a cancel or the end of the lifeline is noticed
constexpr milliseconds kDetachPatience{10'000};  // how long the starter may take to detach after the end
constexpr milliseconds kStorePatience{30'000};   // with a busy store: without it the answer would be lost
constexpr milliseconds kStorePause{50};

void report(const ProcessFacts& process, const JobEvent& event) {
  static_cast<void>(write_all(process.out, to_line(event)));  // the starter may have ended: the run goes on
}

/// Never waits: a starter that reads slowly misses some events.
void report_if_room(const ProcessFacts& process, const JobEvent& event) { write_if_room(process.out, to_line(event)); }

Result<JobStart> try_start(const Engine& engine, Jobs& jobs, const std::string& id) {
  const auto is_dead = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  return jobs.try_start(id, engine.breakers.self(), engine.config.background.max_parallel, is_dead);
}

/// Reports the progress of a run to the store and the starter, and cancels the run if either wants that.
class JobReporter final : public Observer {
 public:
  JobReporter(const ProcessFacts& process, const Engine& engine, Jobs* jobs, std::string id, Lifeline& lifeline)
      : process_(process), engine_(engine), jobs_(jobs), id_(std::move(id)), lifeline_(lifeline) {}

  void asking(const std::string& backend, bool /*probe*/) override {
    progress_ = {.backend = backend};
    if (jobs_ != nullptr) static_cast<void>(jobs_->note_doing(id_, "asking " + backend));  // for display only
    report_if_room(process_, progress_);
  }
  void output(const std::string& backend, const OutputDelta& delta) override {
    if (backend != progress_.backend) return;
    progress_.bytes = (delta.reset ? 0 : progress_.bytes) + static_cast<std::int64_t>(delta.text.size());
    if (delta.doing) progress_.doing = *delta.doing;
    is_unreported_ = true;
  }
  /// Another job may run while this one waits for a slot.
  void waiting_for_slot(const std::vector<std::string>& backends) override {
    progress_ = {.backend = {}, .doing = "waiting for a free slot of " + join(backends, " or ")};
    has_yielded_ = jobs_ != nullptr && jobs_->yield(id_, progress_.doing);
    report_if_room(process_, progress_);
  }
  bool may_go_on() override {
    const auto start = has_yielded_ ? try_start(engine_, *jobs_, id_)
                                    : Result<JobStart>(JobStart{.decision = JobStart::Decision::started});
    if (start && (start->decision == JobStart::Decision::lost || start->decision == JobStart::Decision::cancelled))
      process_.interrupted.cancel();
    // If the store fails meanwhile, the run goes on.
    has_yielded_ = start && start->decision != JobStart::Decision::started;
    return !has_yielded_;
  }
  Deadline tick() override {
    if (next_check_.passed()) {
      next_check_ = Deadline::in(kCheck);
      lifeline_.check();
      if (lifeline_.is_aborted() || is_cancel_requested()) process_.interrupted.cancel();
      if (std::exchange(is_unreported_, false)) report_if_room(process_, progress_);
    }
    return next_check_;
  }

 private:
  /// If the store cannot be read, a signal or the lifeline can still end the run.
  bool is_cancel_requested() { return jobs_ != nullptr && jobs_->is_cancel_requested(id_).value_or(false); }

  const ProcessFacts& process_;
  const Engine& engine_;
  Jobs* jobs_;
  std::string id_;
  Lifeline& lifeline_;
  bool has_yielded_ = false;  // another job may run instead
  job_event::Progress progress_;
  bool is_unreported_ = false;
  Deadline next_check_ = Deadline::in(milliseconds(0));
};

/// Repeats the step while the store is busy.
Status retry_while_busy(const std::function<Status()>& step) {
  const Deadline deadline = Deadline::in(kStorePatience);
  for (;;) {
    Status done = step();
    if (done || done.error().code != Code::busy || deadline.passed()) return done;
    std::this_thread::sleep_for(kStorePause);
  }
}

/// Reports that the job cannot get lost from now on: it runs, or its request is saved. While the starter holds the
/// lifeline, a request that cannot be saved is no failure.
bool report_accepted(const ProcessFacts& process, const Engine& engine, const Request& request, const JobStart& start,
                     const Lifeline& lifeline) {
  const Status saved = start.decision == JobStart::Decision::waits ? save_request(engine, request) : Status();
  const bool is_safe = saved || !lifeline.is_detached();
  report(process, is_safe ? JobEvent(job_event::Accepted{start.ahead, {}})
                          : JobEvent(job_event::Failed{saved.error().what, {}}));
  return is_safe;
}

/// True: the run may start. If the store fails meanwhile, it may.
bool wait_for_start(const ProcessFacts& process, const Engine& engine, const Request& request, Lifeline& lifeline) {
  Event never_signalled;
  for (int ahead = -1; !process.interrupted.cancelled();) {
    const auto start = try_start(engine, *engine.store->jobs(), request.run_id);
    if (ahead < 0 && !report_accepted(process, engine, request, start.value_or(JobStart{}), lifeline)) return false;
    if (!start || start->decision == JobStart::Decision::started) return true;
    if (start->decision != JobStart::Decision::waits) return false;
    if (start->ahead != std::exchange(ahead, start->ahead)) report_if_room(process, job_event::Accepted{ahead, {}});
    never_signalled.wait(process.interrupted, Deadline::in(kCheck));
    lifeline.check();
    if (lifeline.is_aborted()) return false;
  }
  return false;
}

/// Why the job cannot be in the store; empty: it is.
std::string add_to_store(const Engine& engine, const Request& request) {
  if (engine.store == nullptr) return engine.breakers.trouble();
  Jobs* jobs = engine.store->jobs();
  if (jobs == nullptr) return "state.store is \"memory\", which ends with its process";
  const Status added = retry_while_busy([&] {
    return jobs->add({.id = request.run_id, .submitted_at = engine.clock.now().wall, .owner = engine.breakers.self()});
  });
  return added ? std::string() : added.error().what;
}

/// If it fails, the row shows later that the process has ended without a result.
void store_result(const Engine& engine, Jobs& jobs, const std::string& id, const JobResult& result) {
  const milliseconds now = engine.clock.now().wall;
  const JobRow row = ended_row(id, now, result);
  static_cast<void>(retry_while_busy([&] { return jobs.finish(row, now - engine.config.background.keep); }));
}

/// The starter has the result now: it detaches if the result is to be kept as well.
void keep_or_remove(const Engine& engine, Jobs& jobs, const std::string& id, const JobResult& result,
                    Lifeline& lifeline) {
  lifeline.wait(Deadline::in(kDetachPatience));
  if (lifeline.is_detached()) store_result(engine, jobs, id, result);
  else static_cast<void>(retry_while_busy([&] { return jobs.remove(id); }));
}

/// A background run may wait for a free slot, but not one that was started by another run, which may hold that slot.
bool may_wait_for_slot(const ProcessFacts& process) {
  const std::string depth = process.variable("DELEGATE_DEPTH");
  return depth.empty() || depth == "0";
}

}  // namespace

void run_job(const ProcessFacts& process, const Engine& engine, Request request, Jobs* jobs, Lifeline& lifeline) {
  const std::string id = request.run_id;
  request.waits_for_slot = may_wait_for_slot(process);
  const bool starts = jobs == nullptr || wait_for_start(process, engine, request, lifeline);
  if (jobs != nullptr) remove_saved_request(engine, id);
  if (starts) report(process, job_event::Started{});
  JobReporter reporter(process, engine, jobs, id, lifeline);
  const RunResult run =
      starts ? ask(engine, request, process.interrupted, reporter) : cancelled_before_start(id, request.backend);
  const JobResult result = to_job_result(run, engine.redact);
  lifeline.check();
  const bool is_kept = jobs != nullptr && lifeline.is_detached();
  if (is_kept) store_result(engine, *jobs, id, result);
  report(process, job_event::Ended{result});
  if (jobs != nullptr && !is_kept) keep_or_remove(engine, *jobs, id, result, lifeline);
  if (const auto local = to_warm_up(engine, run)) warm_up(engine, *local, process.interrupted);
}

int serve_job(const ProcessFacts& process, const Engine& engine, const std::string& id) {
  Lifeline lifeline(process.in);
  const auto line = lifeline.read_request(process.interrupted);
  if (!line) return kInternal;  // the starter has ended
  auto request = request_from(*line);
  if (request && request->run_id != id)
    request = fail(Code::invalid_argument, "request: not of run " + one_line(id, 80));
  if (!request) {
    report(process, job_event::Failed{request.error().what, request.error().hint});
    return kUsage;
  }
  const std::string no_store = add_to_store(engine, *request);
  if (!no_store.empty() && lifeline.is_detached()) {
    report(process, job_event::Failed{"a run in the background needs the store: " + no_store, "see `delegate status`"});
    return kInternal;
  }
  if (!no_store.empty()) report(process, job_event::Accepted{0, no_store});
  run_job(process, engine, *std::move(request), no_store.empty() ? engine.store->jobs() : nullptr, lifeline);
  return kAnswered;
}

}  // namespace delegate::jobs
