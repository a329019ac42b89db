#include "core/jobs/run_job.hpp"

#include <fcntl.h>
#include <poll.h>

#include <climits>
#include <optional>

#include "core/base/exit_code.hpp"
#include "core/base/text.hpp"
#include "core/jobs/job_process.hpp"
#include "core/jobs/request_json.hpp"
#include "core/jobs/saved_request.hpp"
#include "core/os/event.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"
#include "core/run/remarks.hpp"
#include "core/run/run_record.hpp"
#include "core/run/warm_up.hpp"

namespace delegate::jobs {
namespace {

constexpr milliseconds kLook{250};         // how soon the end of the lifeline, or a wish to cancel, is seen
constexpr milliseconds kLastWord{10'000};  // how long the one who holds the lifeline may take to say whether to keep it
constexpr milliseconds kPatience{30'000};  // with a store that others keep busy: this is somebody's answer
constexpr std::size_t kLongestRemark = 8192;

void say(const ProcessFacts& process, const JobEvent& told) {
  static_cast<void>(write_all(process.out, to_line(told)));  // whoever listened may have gone: the run goes on
}

/// Never waits: a reader that is slow misses some of it.
void say_in_passing(const ProcessFacts& process, const JobEvent& told) {
  pollfd ready{process.out, POLLOUT, 0};
  const std::string line = to_line(told);
  if (line.size() <= PIPE_BUF && ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLERR) == 0) say(process, told);
}

/// What `ask` would have printed on stderr.
std::string remarks_on(const Engine& engine, const RunResult& result) {
  std::string lines;
  for (const Remark& remark : explain(result)) lines += engine.redact(one_line(line_of(remark), kLongestRemark)) + "\n";
  return lines;
}

/// Asks for a place among those that run on this host.
Result<JobStart> take_place(const Engine& engine, Jobs& jobs, const std::string& id) {
  const auto gone = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  return jobs.try_start(id, engine.breakers.self(), engine.config.background.max_parallel, gone);
}

/// Tells how the run goes, and hears of the wish to stop it.
class JobReporter final : public Observer {
 public:
  JobReporter(const ProcessFacts& process, const Engine& engine, Jobs* jobs, std::string id, Lifeline& lifeline)
      : process_(process), engine_(engine), jobs_(jobs), id_(std::move(id)), lifeline_(lifeline) {}

  void asking(const std::string& backend, bool /*probe*/) override {
    progress_ = {.backend = backend};
    // It is only for showing.
    if (jobs_ != nullptr) static_cast<void>(jobs_->note_doing(id_, "asking " + backend));
    say_in_passing(process_, progress_);
  }
  void output(const std::string& backend, const OutputDelta& delta) override {
    if (backend != progress_.backend) return;
    progress_.bytes = (delta.reset ? 0 : progress_.bytes) + static_cast<std::int64_t>(delta.text.size());
    if (delta.doing) progress_.doing = *delta.doing;
    is_new_ = true;
  }
  /// While it waits for a slot, others may work.
  void waiting_for_slot(const std::vector<std::string>& backends) override {
    progress_ = {.backend = {}, .doing = "waits for a free slot of " + join(backends, " or ")};
    has_yielded_ = jobs_ != nullptr && jobs_->yield(id_, progress_.doing);
    say_in_passing(process_, progress_);
  }
  bool may_go_on() override {
    const auto turn = has_yielded_ ? take_place(engine_, *jobs_, id_)
                                   : Result<JobStart>(JobStart{.decision = JobStart::Decision::started});
    if (turn && (turn->decision == JobStart::Decision::lost || turn->decision == JobStart::Decision::cancelled))
      process_.interrupted.cancel();
    // A store that fails meanwhile is no reason to wait any longer.
    has_yielded_ = turn && turn->decision != JobStart::Decision::started;
    return !has_yielded_;
  }
  Deadline tick() override {
    if (next_look_.passed()) {
      next_look_ = Deadline::in(kLook);
      lifeline_.look();
      if (lifeline_.is_aborted() || wants_end()) process_.interrupted.cancel();
      if (std::exchange(is_new_, false)) say_in_passing(process_, progress_);
    }
    return next_look_;
  }

 private:
  /// A store that cannot be asked leaves the signal and the lifeline.
  bool wants_end() { return jobs_ != nullptr && jobs_->is_cancel_requested(id_).value_or(false); }

  const ProcessFacts& process_;
  const Engine& engine_;
  Jobs* jobs_;
  std::string id_;
  Lifeline& lifeline_;
  bool has_yielded_ = false;  // it has given its place away
  job_event::Progress progress_;
  bool is_new_ = false;
  Deadline next_look_ = Deadline::in(milliseconds(0));
};

/// Once more while others keep the store busy.
Status patiently(const std::function<Status()>& step) {
  const Deadline patience = Deadline::in(kPatience);
  for (;;) {
    Status done = step();
    if (done || done.error().code != Code::busy || patience.passed()) return done;
    ::poll(nullptr, 0, 50);
  }
}

/// Tells that the run is safe from now on: under way, or parked. One that somebody holds need not be parked.
bool accept(const ProcessFacts& process, const Engine& engine, const Request& request, const JobStart& turn,
            const Lifeline& lifeline) {
  const Status parked = turn.decision == JobStart::Decision::waits ? save_request(engine, request) : Status();
  const bool is_safe = parked || !lifeline.is_detached();
  say(process,
      is_safe ? JobEvent(job_event::Accepted{turn.ahead, {}}) : JobEvent(job_event::Failed{parked.error().what, {}}));
  return is_safe;
}

/// True: the run may begin. A store that fails meanwhile is no reason to wait any longer.
bool wait_for_turn(const ProcessFacts& process, const Engine& engine, const Request& request, Lifeline& lifeline) {
  Event nothing;
  for (int ahead = -1; !process.interrupted.cancelled();) {
    const auto turn = take_place(engine, *engine.store->jobs(), request.run_id);
    if (ahead < 0 && !accept(process, engine, request, turn.value_or(JobStart{}), lifeline)) return false;
    if (!turn || turn->decision == JobStart::Decision::started) return true;
    if (turn->decision != JobStart::Decision::waits) return false;
    if (turn->ahead != std::exchange(ahead, turn->ahead)) say_in_passing(process, job_event::Accepted{ahead, {}});
    nothing.wait(process.interrupted, Deadline::in(kLook));
    lifeline.look();
    if (lifeline.is_aborted()) return false;
  }
  return false;
}

RunResult stopped_before_it_began(const Request& request) {
  RunResult result;
  result.run_id = request.run_id;
  result.requested_backend = request.backend;
  result.outcome = Outcome::cancelled;
  result.message = "cancelled before it began";
  return result;
}

/// Why the host cannot hold a job; empty: it does now.
std::string enter(const Engine& engine, const Request& request) {
  if (engine.store == nullptr) return engine.breakers.trouble();
  Jobs* jobs = engine.store->jobs();
  if (jobs == nullptr) return "state.store is \"memory\", which ends with its process";
  const Status added = patiently([&] {
    return jobs->add({.id = request.run_id, .submitted_at = engine.clock.now().wall, .owner = engine.breakers.self()});
  });
  return added ? std::string() : added.error().what;
}

}  // namespace

void run_job(const ProcessFacts& process, const Engine& engine, const Request& asked, Jobs* jobs, Lifeline& lifeline) {
  Request request = asked;
  // Nobody sits before it and could do something better meanwhile; but one within another run could wait for that one.
  request.waits_for_slot = process.variable("DELEGATE_DEPTH").empty() || process.variable("DELEGATE_DEPTH") == "0";
  const bool begins = jobs == nullptr || wait_for_turn(process, engine, request, lifeline);
  if (jobs != nullptr) remove_saved_request(engine, request.run_id);
  if (begins) say(process, job_event::Begun{});
  JobReporter reporter(process, engine, jobs, request.run_id, lifeline);
  const RunResult result =
      begins ? ask(engine, request, process.interrupted, reporter) : stopped_before_it_began(request);
  const job_event::Ended end{to_json(result), remarks_on(engine, result), exit_code_of(result)};
  lifeline.look();
  const auto keep = [&] {
    const milliseconds now = engine.clock.now().wall;
    const JobRow row{.id = request.run_id,
                     .ended_at = now,
                     .result = end.result,
                     .remarks = end.remarks,
                     .exit_code = end.exit_code};
    // There is nobody left to tell that it failed; the row says then that its process is gone.
    static_cast<void>(patiently([&] { return jobs->finish(row, now - engine.config.background.keep); }));
  };
  const bool was_kept = jobs != nullptr && lifeline.is_detached();
  if (was_kept) keep();
  say(process, end);
  if (jobs != nullptr && !was_kept) {
    lifeline.wait(Deadline::in(kLastWord));
    if (lifeline.is_detached()) keep();
    else static_cast<void>(patiently([&] { return jobs->remove(request.run_id); }));
  }
  if (const auto local = to_warm_up(engine, result)) warm_up(engine, *local, process.interrupted);
}

int serve_job(const ProcessFacts& process, const Engine& engine, const std::string& id) {
  Lifeline lifeline(process.in);
  const auto line = lifeline.request(process.interrupted);
  if (!line) return kInternal;  // the starter no longer wants it
  auto request = request_from(*line);
  if (request && request->run_id != id)
    request = fail(Code::invalid_argument, "request: not of run " + one_line(id, 80));
  if (!request) {
    say(process, job_event::Failed{request.error().what, request.error().hint});
    return kUsage;
  }
  const std::string no_store = enter(engine, *request);
  if (!no_store.empty() && lifeline.is_detached()) {
    say(process, job_event::Failed{"a run in the background needs the store: " + no_store, "see `delegate status`"});
    return kInternal;
  }
  if (!no_store.empty()) say(process, job_event::Accepted{0, no_store});
  run_job(process, engine, *request, no_store.empty() ? engine.store->jobs() : nullptr, lifeline);
  return kAnswered;
}

}  // namespace delegate::jobs
