#include "core/jobs/run_job.hpp"

#include <optional>
#include <thread>

#include "core/base/exit_code.hpp"
#include "core/base/text.hpp"
#include "core/jobs/dispatcher.hpp"
#include "core/jobs/job_process.hpp"
#include "core/jobs/job_request.hpp"
#include "core/jobs/job_start.hpp"
#include "core/jobs/job_status.hpp"
#include "core/jobs/lifeline.hpp"
#include "core/os/event.hpp"
#include "core/os/file.hpp"
#include "core/os/pipe_io.hpp"
#include "core/os/wake_signal.hpp"
#include "core/run/ask.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::jobs {
namespace {

constexpr milliseconds kCheck{250};              // how soon a cancel or the end of the lifeline is noticed
constexpr milliseconds kLook{5'000};             // while it waits: should a wake-up get lost
constexpr milliseconds kDetachPatience{10'000};  // how long the starter may take to detach after the end
constexpr milliseconds kStorePatience{30'000};   // with a busy store: without it the answer would be lost
constexpr milliseconds kStorePause{50};

void report(const ProcessFacts& process, const JobEvent& event) {
  static_cast<void>(write_all(process.out, to_line(event)));  // the starter may have ended: the run goes on
}

/// Never waits: a starter that reads slowly misses some events.
void report_if_room(const ProcessFacts& process, const JobEvent& event) { write_if_room(process.out, to_line(event)); }

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
  void waiting_for_slot(const std::vector<std::string>& backends, int ahead) override {
    progress_ = {.backend = {}, .doing = slot_wait_words(backends, ahead)};
    if (jobs_ != nullptr && has_yielded_) static_cast<void>(jobs_->note_doing(id_, progress_.doing));
    else has_yielded_ = jobs_ != nullptr && jobs_->yield(id_, progress_.doing);
    report_if_room(process_, progress_);
  }
  bool may_go_on() override {
    if (!has_yielded_) return true;
    const auto resumed = jobs_->resume(id_, engine_.breakers.self(), engine_.config.background.max_parallel);
    if (resumed && *resumed) has_yielded_ = false;
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

/// Waits for the turn of a job that is in the queue. True: it has begun.
bool wait_for_turn(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const std::string& id,
                   Lifeline& lifeline, WakeSignal& wake) {
  Jobs& jobs = *engine.jobs();
  for (int ahead = -1; !process.interrupted.cancelled();) {
    wake.take();
    const auto row = jobs.find(id);
    if (!row && row.error().code != Code::busy) return false;
    if (row) {
      const bool is_mine = row->owner == engine.breakers.self();
      const bool has_turn = is_mine && row->state == JobRow::State::running && !row->has_begun;
      const auto begun = has_turn ? jobs.begin(id, row->turn, engine.breakers.self()) : Result<bool>(false);
      if (begun && *begun) return true;
      if (!is_mine || row->cancel_requested || row->state == JobRow::State::ended) return false;
      static_cast<void>(ensure_dispatcher(process, self, engine));  // with the next look otherwise
      const int before = jobs.ahead_of(id).value_or(std::max(ahead, 0));
      if (before != std::exchange(ahead, before)) report_if_room(process, job_event::Accepted{ahead, {}});
    }
    lifeline.wait_beside(process.interrupted, wake.fd(), Deadline::in(kLook));
    if (lifeline.is_aborted()) return false;
  }
  return false;
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

/// Stores and reports the end of a job.
void end(const ProcessFacts& process, const Engine& engine, Jobs* jobs, const std::string& id, const JobResult& result,
         Lifeline& lifeline) {
  lifeline.check();
  const bool is_kept = jobs != nullptr && lifeline.is_detached();
  if (is_kept) store_result(engine, *jobs, id, result);
  report(process, job_event::Ended{result});
  if (jobs != nullptr && !is_kept) keep_or_remove(engine, *jobs, id, result, lifeline);
}

/// Waits for a free slot if need be, but not inside another run, which may hold that slot. The job has begun; it is
/// stored if there is a store that outlives this process.
void run(const ProcessFacts& process, const Engine& engine, Request request, Jobs* jobs, Lifeline& lifeline) {
  const std::string id = request.run_id;
  request.in_background = jobs != nullptr && !is_nested(process);
  report(process, job_event::Started{});
  JobReporter reporter(process, engine, jobs, id, lifeline);
  const RunResult run = ask(engine, request, process.interrupted, reporter);
  end(process, engine, jobs, id, to_job_result(run, engine.redact), lifeline);
  if (const auto local = to_warm_up(engine, run)) warm_up(engine, *local, process.interrupted);
}

/// Why the job is not in the queue.
struct Unqueued {
  Error error;
  bool is_full = false;  // the queue, not the store, refuses it
};

/// Puts the job into the queue. True: it begins at once.
tl::expected<bool, Unqueued> enqueue(const ProcessFacts& process, const Engine& engine, const OwnCommand& self,
                                     const Request& request) {
  if (engine.store == nullptr) return tl::unexpected(Unqueued{{Code::unavailable, engine.breakers.trouble(), {}}});
  Jobs* jobs = engine.store->jobs();
  if (jobs == nullptr)
    return tl::unexpected(Unqueued{{Code::unavailable, "state.store is \"memory\", which ends with its process", {}}});
  const PreparedAsk prepared = prepare_ask(engine, request);
  const JobRow row{.id = request.run_id,
                   .submitted_at = engine.clock.now().wall,
                   .owner = engine.breakers.self(),
                   .line = line_of(process, prepared),
                   .needs = join(needed_keys(process, engine, prepared), ", ")};
  const JobRequest stored{to_json(request), to_json(job_start(process, self, engine, prepared))};
  const JobLimits limits = limits_of(engine);
  bool begins = false;
  const Status added = retry_while_busy([&]() -> Status {
    TRY(begins, jobs->add_own(row, stored, limits));
    return {};
  });
  if (!added) return tl::unexpected(Unqueued{added.error(), added.error().code == Code::resource_exhausted});
  return begins;
}

}  // namespace

JobLimits limits_of(const Engine& engine) {
  return {.parallel = engine.config.background.max_parallel, .queued = engine.config.background.max_queued};
}

int serve_job(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const std::string& id) {
  WakeSignal wake;
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
  const auto begins = enqueue(process, engine, self, *request);
  if (!begins && (lifeline.is_detached() || begins.error().is_full)) {
    const Error& why = begins.error().error;
    const bool is_full = begins.error().is_full;
    report(process, job_event::Failed{is_full ? why.what : "a run in the background needs the store: " + why.what,
                                      is_full ? why.hint : "see `delegate status`"});
    return kInternal;
  }
  if (!begins) {
    report(process, job_event::Accepted{0, begins.error().error.what});
    run(process, engine, *std::move(request), nullptr, lifeline);
    return kAnswered;
  }
  Jobs* jobs = engine.jobs();
  report(process, job_event::Accepted{*begins ? 0 : jobs->ahead_of(id).value_or(0), {}});
  if (*begins || wait_for_turn(process, engine, self, id, lifeline, wake))
    run(process, engine, *std::move(request), jobs, lifeline);
  else
    end(process, engine, jobs, id, to_job_result(cancelled_before_start(id, request->backend), engine.redact),
        lifeline);
  return kAnswered;
}

int serve_turn(const ProcessFacts& process, const Engine& engine, const std::string& id, std::int64_t turn) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr) return kInternal;
  Lifeline lifeline = Lifeline::already_detached();
  ProcessFacts without_reader = process;
  without_reader.out = -1;
  JobRequest stored;
  bool has_begun = false;
  const Status begun = retry_while_busy([&]() -> Status {
    TRY(stored, jobs->request(id));
    TRY(has_begun, jobs->begin(id, turn, engine.breakers.self()));
    return {};
  });
  if (!begun || !has_begun) return kInternal;  // it is, or will be, somebody else's turn
  auto request = request_from(stored.request);
  if (request) run(without_reader, engine, *std::move(request), jobs, lifeline);
  else
    end(without_reader, engine, jobs, id, to_job_result(set_aside(engine, id, stored.request, request.error())),
        lifeline);
  return kAnswered;
}

}  // namespace delegate::jobs
