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
#include "core/os/process.hpp"
#include "core/os/wake_signal.hpp"
#include "core/run/ask.hpp"
#include "core/run/next_chance.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::jobs {
namespace {

constexpr milliseconds kCheck{250};              // how soon a cancel or the end of the lifeline is noticed
constexpr milliseconds kQuietStart{50};          // of a run that did not have to wait: before, no progress is reported
constexpr milliseconds kLook{5'000};             // while it waits and a client watches: its place in the queue
constexpr milliseconds kLookForDispatcher{500};  // that was started just now
constexpr milliseconds kDetachPatience{10'000};  // how long the starter may take to detach after the end
constexpr milliseconds kStorePatience{30'000};   // with a busy store: without it the answer would be lost
constexpr milliseconds kStorePause{50};

void report_lines(const ProcessFacts& process, const std::string& lines) {
  static_cast<void>(write_all(process.out, lines));  // the starter may have ended: the run goes on
}

void report(const ProcessFacts& process, const JobEvent& event) { report_lines(process, to_line(event)); }

/// Never waits: a starter that reads slowly misses some events.
void report_if_room(const ProcessFacts& process, const JobEvent& event) { write_if_room(process.out, to_line(event)); }

/// Reports the progress of a run to the store and the starter, and cancels the run if either wants that.
class JobReporter final : public Observer {
 public:
  JobReporter(const ProcessFacts& process, const Engine& engine, Jobs* jobs, std::string id, JobRow::Stage stage,
              Lifeline& lifeline)
      : process_(process),
        engine_(engine),
        jobs_(jobs),
        id_(std::move(id)),
        lifeline_(lifeline),
        has_started_(stage == JobRow::Stage::started),
        next_check_(Deadline::in(has_started_ ? kQuietStart : milliseconds(0))) {}

  /// Recorded before the first CLI: from then on no other process runs the job.
  bool may_start() override {
    if (has_started_ || jobs_ == nullptr) return true;
    const Deadline patience = Deadline::in(kStorePatience);
    auto start = jobs_->start(id_, engine_.breakers.self());
    while (!start && !patience.passed() && !process_.interrupted.cancelled_within(kStorePause)) {
      lifeline_.check();
      if (lifeline_.is_aborted()) break;
      start = jobs_->start(id_, engine_.breakers.self());
    }
    has_started_ = start && *start == Jobs::Start::started;
    is_lost_ = !start || *start == Jobs::Start::lost;
    if (!has_started_) process_.interrupted.cancel();
    return has_started_;
  }
  /// It belongs to no process, or to another one: its row is not this one's to complete.
  bool is_lost() const { return is_lost_; }
  bool has_started() const { return has_started_; }

  void asking(const std::string& backend, bool /*probe*/) override {
    progress_ = {.backend = backend};
    is_unreported_ = is_unnoted_ = true;
    if (next_check_.passed()) report_progress();
  }
  void output(const std::string& backend, const OutputDelta& delta) override {
    if (backend != progress_.backend) return;
    progress_.bytes = (delta.reset ? 0 : progress_.bytes) + static_cast<std::int64_t>(delta.text.size());
    if (delta.doing) progress_.doing = *delta.doing;
    is_unreported_ = true;
  }
  void waiting_for_slot(const std::vector<std::string>& backends, int ahead) override {
    wait_aside(slot_wait_words(backends, ahead));
  }
  void waiting_for_breaker(const std::vector<std::string>& backends) override {
    wait_aside(breaker_wait_words(backends));
  }
  void waiting_for_directory(const std::string& other_run, const std::string& directory) override {
    wait_aside(directory_wait_words(other_run, directory));
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
      report_progress();
    }
    return next_check_;
  }

 private:
  void report_progress() {
    if (std::exchange(is_unnoted_, false) && jobs_ != nullptr)
      static_cast<void>(jobs_->note_doing(id_, "asking " + progress_.backend));  // for display only
    if (std::exchange(is_unreported_, false)) report_if_room(process_, progress_);
  }
  /// Another job may run meanwhile.
  void wait_aside(const std::string& doing) {
    progress_ = {.backend = {}, .doing = doing};
    is_unnoted_ = false;
    if (jobs_ != nullptr && has_yielded_) static_cast<void>(jobs_->note_doing(id_, doing));
    else has_yielded_ = jobs_ != nullptr && jobs_->yield(id_, engine_.breakers.self(), doing);
    report_if_room(process_, progress_);
  }
  /// If the store cannot be read, a signal or the lifeline can still end the run.
  bool is_cancel_requested() { return jobs_ != nullptr && jobs_->is_cancel_requested(id_).value_or(false); }

  const ProcessFacts& process_;
  const Engine& engine_;
  Jobs* jobs_;
  std::string id_;
  Lifeline& lifeline_;
  bool has_started_;
  bool is_lost_ = false;
  bool has_yielded_ = false;  // another job may run instead
  job_event::Progress progress_;
  bool is_unreported_ = false;
  bool is_unnoted_ = false;  // in the store: which backend is asked
  Deadline next_check_;
};

/// For the end of the dispatcher; none: there is none yet, or it cannot be seen from here.
Fd dispatcher_process(const Engine& engine) {
  const auto leader = engine.jobs()->leader();
  const bool is_visible = leader && *leader && (*leader)->pid_namespace == engine.breakers.self().pid_namespace;
  if (!is_visible) return {};
  Fd process = open_pidfd(static_cast<pid_t>((*leader)->pid));  // first: from here on it is no other one
  return engine.breakers.is_dead(**leader) ? Fd() : std::move(process);
}

/// Repeats the step while the store is busy.
Status retry_while_busy(const std::function<Status()>& step) {
  const Deadline deadline = Deadline::in(kStorePatience);
  for (;;) {
    Status done = step();
    if (done || done.error().code != Code::busy || deadline.passed()) return done;
    std::this_thread::sleep_for(kStorePause);
  }
}

enum class Waited {
  taken,      // the turn
  cancelled,  // the job is to be stopped, or its starter has ended
  ended,      // by the dispatcher: the row has the result
  lost,       // to another process
};

/// Waits for the turn of a job that is in the queue.
Waited wait_for_turn(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const std::string& id,
                     Lifeline& lifeline, WakeSignal& wake) {
  Jobs& jobs = *engine.jobs();
  const ProcessId& me = engine.breakers.self();
  for (int ahead = -1; !process.interrupted.cancelled();) {
    wake.take();
    const auto row = jobs.find(id);
    if (!row && row.error().code == Code::not_found) return Waited::lost;
    if (row && row->has_ended()) return Waited::ended;
    if (row && row->owner != me) return Waited::lost;
    if (row && row->cancel_requested) return Waited::cancelled;
    if (row && row->state == JobRow::State::running) {
      const auto taken = jobs.take(id, row->turn, me);
      if (taken && *taken) return Waited::taken;
    }
    static_cast<void>(ensure_dispatcher(process, self, engine));  // with the next look otherwise
    const int before = jobs.ahead_of(id).value_or(std::max(ahead, 0));
    if (before != std::exchange(ahead, before)) report_if_room(process, job_event::Accepted{ahead, {}});
    // The dispatcher wakes this process; if it ends before that, another one has to be there.
    const Fd dispatcher = dispatcher_process(engine);
    const Deadline look = lifeline.is_detached() ? Deadline::never() : Deadline::in(kLook);
    lifeline.wait_beside(process.interrupted, {wake.fd(), dispatcher.get()},
                         dispatcher ? look : Deadline::in(kLookForDispatcher));
    if (lifeline.is_aborted()) return Waited::cancelled;
  }
  return Waited::cancelled;
}

/// If it fails, the row shows later that the process has ended without a result.
void store_result(const Engine& engine, Jobs& jobs, const std::string& id, const JobResult& result) {
  const milliseconds now = engine.clock.now().wall;
  const JobRow row = ended_row(id, now, result);
  static_cast<void>(retry_while_busy([&]() -> Status {
    TRY_STATUS(jobs.finish(row, engine.breakers.self(), now - engine.config.background.keep));
    return {};
  }));
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

/// Until a CLI was started, a signal without a `cancel` ends the process, not the job.
bool goes_back(const Engine& engine, Jobs* jobs, const std::string& id, const RunResult& run,
               const JobReporter& reporter, const Lifeline& lifeline) {
  if (jobs == nullptr || run.outcome != Outcome::cancelled || reporter.has_started()) return false;
  if (!lifeline.is_detached() || jobs->is_cancel_requested(id).value_or(true)) return false;
  const auto row = jobs->find(id);
  return row && row->owner == engine.breakers.self() && jobs->return_turn(*row).value_or(false);
}

/// How long it may wait for a breaker, counted from its submission.
std::optional<milliseconds> breaker_wait(const Engine& engine, milliseconds submitted_at) {
  const BackgroundSettings& settings = engine.config.background;
  if (settings.on_open != "wait") return std::nullopt;
  return std::max(milliseconds(0), settings.max_wait - (engine.clock.now().wall - submitted_at));
}

/// Waits for a free slot if need be, but not inside another run, which may hold that slot. The job has its turn; it is
/// stored if there is a store that outlives this process. Returns the local model that is to be loaded afterwards.
std::optional<Candidate> run(const ProcessFacts& process, const Engine& engine, PreparedAsk prepared,
                             milliseconds submitted_at, Jobs* jobs, JobRow::Stage stage, Lifeline& lifeline) {
  prepared.request.in_background = jobs != nullptr && !is_nested(process);
  prepared.request.breaker_wait = prepared.request.in_background ? breaker_wait(engine, submitted_at) : std::nullopt;
  const Request request = prepared.request;
  const std::string& id = request.run_id;
  JobReporter reporter(process, engine, jobs, id, stage, lifeline);
  RunResult run = ask(engine, std::move(prepared), process.interrupted, reporter);
  if (goes_back(engine, jobs, id, run, reporter, lifeline)) return std::nullopt;
  if (reporter.is_lost()) {
    report(process, job_event::Failed{"run " + id + " is not this process's any more",
                                      "`delegate result --wait " + id + "` fetches it"});
    return std::nullopt;
  }
  if (!run.answer) run.next = next_chance(engine, request, run, process.interrupted);
  end(process, engine, jobs, id, to_job_result(run, engine.redact), lifeline);
  return to_warm_up(engine, run);
}

/// A job that no process had started when it ended.
void report_end_in_queue(const ProcessFacts& process, const Engine& engine, const std::string& id, Lifeline& lifeline) {
  const auto row = engine.jobs()->find(id);
  if (row && row->state == JobRow::State::ended) {
    const JobResult result = job_result_from(*row);
    report(process, job_event::Ended{result});
    return keep_or_remove(engine, *engine.jobs(), id, result, lifeline);
  }
  report(process, job_event::Failed{"run " + id + " is not this process's any more", "see `delegate runs " + id + "`"});
}

/// Waits for the turn of a job that is in the queue, and runs it.
std::optional<Candidate> run_in_turn(const ProcessFacts& process, const Engine& engine, const OwnCommand& self,
                                     const Request& request, milliseconds submitted_at, Lifeline& lifeline,
                                     WakeSignal& wake) {
  const std::string& id = request.run_id;
  Jobs* jobs = engine.jobs();
  switch (wait_for_turn(process, engine, self, id, lifeline, wake)) {
    case Waited::taken:
      report(process, job_event::Started{});
      return run(process, engine, prepare_ask(engine, request), submitted_at, jobs, JobRow::Stage::taken, lifeline);
    case Waited::cancelled: {
      // A signal that was no cancel: the dispatcher sends the job on.
      if (lifeline.is_detached() && !jobs->is_cancel_requested(id).value_or(true)) break;
      const RunResult cancelled = cancelled_before_start(id, request.backend);
      end(process, engine, jobs, id, to_job_result(cancelled, engine.redact), lifeline);
      break;
    }
    case Waited::ended:
    case Waited::lost: report_end_in_queue(process, engine, id, lifeline); break;
  }
  return std::nullopt;
}

/// Why the job is not in the queue.
struct Unqueued {
  Error error;
  bool is_refused = false;  // the queue is full, or locked: without a place in it the run would exceed the limits
};

/// The end of a job frees its place in the cap, and the dispatcher that was there may have been killed. If no other one
/// can be started, the runs that wait say so.
void pass_on(const ProcessFacts& process, const Engine& engine, const OwnCommand& self) {
  const Status ensured = retry_while_busy([&] { return ensure_dispatcher(process, self, engine); });
  if (ensured || engine.jobs() == nullptr) return;
  const auto heads = engine.jobs()->heads();
  if (!heads) return;  // the store is what cannot be used: nothing can be noted in it
  for (const JobRow& head : *heads)
    static_cast<void>(engine.jobs()->note_doing(head.id, "nothing starts it yet: " + ensured.error().what));
}

/// Puts the job into the queue. True: it has started at once.
tl::expected<bool, Unqueued> enqueue(const ProcessFacts& process, const Engine& engine, const OwnCommand& self,
                                     const PreparedAsk& prepared, milliseconds submitted_at) {
  if (engine.store == nullptr) return tl::unexpected(Unqueued{{Code::unavailable, engine.breakers.trouble(), {}}});
  Jobs* jobs = engine.store->jobs();
  if (jobs == nullptr)
    return tl::unexpected(Unqueued{{Code::unavailable, "state.store is \"memory\", which ends with its process", {}}});
  const JobRow row{.id = prepared.request.run_id,
                   .submitted_at = submitted_at,
                   .owner = engine.breakers.self(),
                   .line = line_of(process, prepared),
                   .needs = join(needed_keys(process, engine, prepared), ", ")};
  const JobRequest stored{to_json(prepared.request), to_json(job_start(process, self, engine, prepared))};
  const JobLimits limits = limits_of(engine);
  bool starts = false;
  const Status added = retry_while_busy([&]() -> Status {
    TRY(starts, jobs->add_own(row, stored, limits));
    return {};
  });
  if (!added)
    return tl::unexpected(
        Unqueued{added.error(), added.error().code == Code::resource_exhausted || added.error().code == Code::busy});
  return starts;
}

struct TakenJob {
  std::string request;  // JSON
  milliseconds submitted_at{0};
};

Result<TakenJob> take_turn(const Engine& engine, const std::string& id, std::int64_t turn) {
  Jobs& jobs = *engine.jobs();
  TakenJob taken;
  TRY_STATUS(retry_while_busy([&]() -> Status {
    TRY(const JobRow row, jobs.find(id));
    TRY(JobRequest stored, jobs.request(id));
    TRY(const bool is_taken, jobs.take(id, turn, engine.breakers.self()));
    if (!is_taken) return fail(Code::unavailable, "run " + id + ": turn " + std::to_string(turn) + " is over");
    taken = {std::move(stored.request), row.submitted_at};
    return {};
  }));
  return taken;
}

}  // namespace

JobLimits limits_of(const Engine& engine) {
  return {.parallel = engine.config.background.max_parallel, .queued = engine.config.background.max_queued};
}

int serve_job(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const Request& request,
              Lifeline& lifeline) {
  WakeSignal wake;
  const std::string& id = request.run_id;
  const milliseconds submitted_at = engine.clock.now().wall;
  PreparedAsk prepared = prepare_ask(engine, request);
  lifeline.check();
  if (lifeline.is_aborted()) return kInternal;  // the starter has ended
  const auto starts = enqueue(process, engine, self, prepared, submitted_at);
  if (!starts && (lifeline.is_detached() || starts.error().is_refused)) {
    const Error& why = starts.error().error;
    const bool is_full = why.code == Code::resource_exhausted;
    const int exit_code = is_full ? kAllBusy : kInternal;
    report(process, job_event::Failed{is_full ? why.what : "a run in the background needs the store: " + why.what,
                                      is_full ? why.hint : "see `delegate status`", exit_code});
    return exit_code;
  }
  Jobs* jobs = starts ? engine.jobs() : nullptr;
  std::optional<Candidate> local;
  if (!starts || *starts) {
    const job_event::Accepted accepted{0, starts ? std::string() : starts.error().error.what};
    report_lines(process, to_line(accepted) + to_line(job_event::Started{}));
    local = run(process, engine, std::move(prepared), submitted_at, jobs, JobRow::Stage::started, lifeline);
  } else {
    report(process, job_event::Accepted{jobs->ahead_of(id).value_or(0), {}});
    local = run_in_turn(process, engine, self, request, submitted_at, lifeline, wake);
  }
  if (jobs != nullptr) pass_on(process, engine, self);
  if (local) warm_up(engine, *local, process.interrupted);
  return kAnswered;
}

Result<int> serve_turn(const ProcessFacts& process, const Engine& engine, const OwnCommand& self, const std::string& id,
                       std::int64_t turn) {
  Jobs* jobs = engine.jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "run " + id + ": " + engine.breakers.trouble());
  Lifeline lifeline = Lifeline::already_detached();
  ProcessFacts without_reader = process;
  without_reader.out = -1;
  const auto taken = take_turn(engine, id, turn);
  if (!taken) {
    pass_on(process, engine, self);
    return tl::unexpected(taken.error());
  }
  auto request = request_from(taken->request);
  std::optional<Candidate> local;
  if (request)
    local = run(without_reader, engine, prepare_ask(engine, *std::move(request)), taken->submitted_at, jobs,
                JobRow::Stage::taken, lifeline);
  else
    end(without_reader, engine, jobs, id, to_job_result(set_aside(engine, id, taken->request, request.error())),
        lifeline);
  pass_on(process, engine, self);
  if (local) warm_up(engine, *local, process.interrupted);
  return kAnswered;
}

}  // namespace delegate::jobs
