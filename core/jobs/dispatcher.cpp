#include "core/jobs/dispatcher.hpp"

#include <algorithm>
#include <set>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/jobs/job_request.hpp"
#include "core/jobs/job_result.hpp"
#include "core/jobs/job_start.hpp"
#include "core/jobs/job_status.hpp"
#include "core/jobs/started_processes.hpp"
#include "core/os/file_watch.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/os/wake_signal.hpp"
#include "core/run/quota_report.hpp"
#include "core/run/refused_run.hpp"

namespace delegate::jobs {
namespace {

constexpr milliseconds kLease{10'000};
constexpr milliseconds kHeartbeat{3'000};      // well within the lease
constexpr milliseconds kTurnPatience{30'000};  // for a process to take its turn; it may be stopped
constexpr milliseconds kPause{20};             // between two looks at the store, however much happens there
constexpr milliseconds kBusyPause{50};         // while others keep it locked
constexpr milliseconds kErrorPause{1'000};
constexpr milliseconds kErrorPatience{60'000};  // with a store that cannot be used: it may be in repair
constexpr milliseconds kFullPause{1'000};       // a run for which a place was kept may not come for it
constexpr milliseconds kRemainsPause{200};      // what a killed process had started ends soon

/// What a job leaves of a backend's quota, whatever its type, which its line does not say. The job itself decides about
/// a reserve that is larger for its type, and about windows of its model.
std::vector<WindowShare> least_reserve(const Engine& engine, const BackendSettings& settings, const JobLine& line) {
  const bool may_use_all = line.is_named || engine.config.router.reserve_is == "soft";
  return may_use_all ? std::vector<WindowShare>() : settings.reserve;
}

AdmissionRequest admission_of(const Engine& engine, const std::string& candidate, const JobLine& line,
                              bool is_last_resort) {
  const BackendSettings& settings = *engine.config.backend(candidate);
  return {.backend = candidate,
          .policy = policy_of(settings.breaker, engine.config.grace),
          .max_parallel = settings.max_parallel,
          .probe_time = is_last_resort ? ProbeTime::immediate : ProbeTime::when_due,
          .reserve = least_reserve(engine, settings, line),
          .avoids_extra_billing = settings.overage == "avoid",
          .account_id = [&engine, candidate] {
            const auto found = find_candidate(engine, candidate);
            return found ? account_reader(*found)() : std::string();
          }};
}

bool holds_slot(const StateStore::Snapshot& snapshot, const ProcessId& owner) {
  return std::any_of(snapshot.backends.begin(), snapshot.backends.end(), [&](const auto& one) {
    return std::any_of(one.second.slots.begin(), one.second.slots.end(),
                       [&](const SlotLease& slot) { return slot.owner == owner; });
  });
}

/// Jobs that have their turn and will take a slot of `candidate` next.
int on_their_way_to(const std::string& candidate, const StateStore::Snapshot& snapshot,
                    const std::vector<JobRow>& running) {
  return static_cast<int>(std::count_if(running.begin(), running.end(), [&](const JobRow& job) {
    const auto& names = job.line.candidates;
    return std::find(names.begin(), names.end(), candidate) != names.end() && !holds_slot(snapshot, job.owner);
  }));
}

bool is_closed(const StateStore::Snapshot& snapshot, const std::string& candidate) {
  const auto known = snapshot.backends.find(candidate);
  return known == snapshot.backends.end() || known->second.breaker.state == BreakerState::closed ||
         known->second.breaker.state == BreakerState::disabled;
}

class Dispatcher {
 public:
  Dispatcher(const ProcessFacts& process, const Engine& engine, bool stays, const DispatchEvents& events)
      : process_(process),
        engine_(engine),
        jobs_(*engine.jobs()),
        stays_(stays),
        events_(events),
        watch_(Path(engine.store_path).parent_path(), Path(engine.store_path).filename().string()),
        troubles_of_runs_(engine.config.background.max_wait),
        troubles_of_places_(engine.config.background.max_wait) {}

  Status run() {
    std::optional<Deadline> give_up;
    for (;;) {
      next_look_ = Deadline::in(kHeartbeat);
      auto done = round();
      const bool is_busy = !done && done.error().code == Code::busy;
      if (done || is_busy) give_up.reset();
      else if (!give_up) give_up = Deadline::in(kErrorPatience);
      if (give_up && give_up->passed()) return tl::unexpected(done.error());
      if (done && *done) return {};
      if (process_.interrupted.cancelled()) return resign();
      if (done) wait();
      else process_.interrupted.cancelled_within(is_busy ? kBusyPause : kErrorPause);
    }
  }

 private:
  using IsDead = Jobs::IsDead;

  /// A dispatcher that was killed gives no turn any more.
  IsDead is_doomed() const {
    return [this](const ProcessId& owner) { return engine_.breakers.is_doomed(owner); };
  }
  const ProcessId& self() const { return engine_.breakers.self(); }

  Status resign() {
    const auto done = jobs_.resign(self(), false);  // if the store is busy, the lease ends with this process
    return done || done.error().code == Code::busy ? Status() : Status(tl::unexpected(done.error()));
  }

  /// One look at the queue. True: this process is done.
  Result<bool> round() {
    TRY_STATUS(started_.reap([this](const StartedProcesses::End& ended) { return note_end(ended); }));
    TRY(const bool leads, jobs_.lead(self(), kLease, is_doomed()));
    if (!leads) return !stays_;
    TRY(const StateStore::Snapshot snapshot, engine_.breakers.read());
    is_process_ending_ = false;
    const auto is_gone = [&](const JobRow& row) { return this->is_gone(row, snapshot); };
    TRY(const Jobs::Recovered recovered, jobs_.recover(is_gone, kTurnPatience));
    for (const JobRow& row : recovered.late) {
      started_.kill(row.id);  // it has started nothing, and its turn is over
      troubles_of_runs_.note(row.id, "it has not taken its turn for " + format_duration(kTurnPatience));
    }
    for (const JobRow& row : recovered.stranded) report(row, end_stranded(row));
    TRY_STATUS(give_turns());
    TRY(const bool is_needed, watches_runs());
    if (stays_ || is_needed) return false;
    return jobs_.resign(self(), true);
  }

  /// A run that is killed is marked as such at once only by a process that sees its end.
  Result<bool> watches_runs() {
    TRY(const std::vector<JobRow> running, jobs_.running());
    return is_process_ending_ || std::any_of(running.begin(), running.end(), [&](const JobRow& row) {
             return row.owner.pid_namespace == self().pid_namespace;  // the end of others is not visible here
           });
  }

  Status give_turns() {
    if (!may_start_.passed()) {
      next_look_ = next_look_.or_earlier(may_start_);
      return {};
    }
    for (bool is_full = false; !is_full && !process_.interrupted.cancelled();) {
      TRY(const bool leads, jobs_.lead(self(), kLease, is_doomed()));  // a long queue takes longer than the lease
      if (!leads) return {};
      TRY(const std::vector<JobRow> heads, jobs_.heads());
      TRY(const std::vector<JobRow> running, jobs_.running());
      started_.note_taken(running, [this](const std::string& place) { troubles_of_places_.forget(place); });
      if (heads.empty() || static_cast<int>(running.size()) >= engine_.config.background.max_parallel) return {};
      TRY(const StateStore::Snapshot snapshot, engine_.breakers.read());
      bool has_changed = false;
      for (const JobRow& head : heads) {
        TRY(const bool is_moved, move_apart(head));
        has_changed = has_changed || is_moved;
        if (is_moved) continue;
        TRY(const bool changed, advance(head, state_of_line(engine_, head.line, snapshot, running)));
        has_changed = has_changed || changed;
        if (changed || !may_start_.passed()) break;  // the others as they are then
      }
      is_full = !has_changed || !may_start_.passed();
    }
    return {};
  }

  /// What a killed process had started counts as long as it lives: its place is not free before. One that has started
  /// nothing never will.
  bool is_gone(const JobRow& row, const StateStore::Snapshot& snapshot) {
    if (!engine_.breakers.is_doomed(row.owner)) return false;
    if (!row.has_started()) return true;
    const bool is_dead = engine_.breakers.is_dead(row.owner);
    // A slot that it took just before its end is only in a snapshot that was read after it.
    const bool was_dead = is_dead && !dead_.emplace(row.owner.pid, row.owner.start_time).second;
    const bool is_gone = was_dead && !engine_.breakers.has_left_processes(snapshot, row.owner);
    is_process_ending_ = is_process_ending_ || !is_gone;
    const bool is_new = is_dead && !was_dead;
    if (!is_gone) next_look_ = next_look_.or_earlier(Deadline::in(is_new ? milliseconds(0) : kRemainsPause));
    return is_gone;
  }

  /// One that ended without taking its turn gives it back. A run whose process is killed again and again is not to hold
  /// up others.
  Status note_end(const StartedProcesses::End& ended) {
    const bool is_unlucky = ended.given.turn >= kFreeTurns && ended.given.line.apart.empty();
    const std::string killed_apart = is_unlucky ? ended.given.id : std::string();
    TRY(const bool was_untaken, jobs_.return_turn(ended.given, ended.was_killed ? killed_apart : ended.place));
    if (was_untaken && !ended.was_killed) troubles_of_places_.note(ended.place, engine_.redact(ended.why));
    if (!ended.has_taken) return {};
    troubles_of_runs_.forget(ended.given.id);
    troubles_of_places_.forget(ended.place);
    return {};
  }

  /// True: the head of its line is another one now.
  Result<bool> advance(const JobRow& head, const LineState& line) {
    const milliseconds now = engine_.clock.now().wall;
    if (head.cancel_requested && head.is_own) return false;  // its owner ends it
    if (head.cancel_requested) return end(head, to_job_result(cancelled_before_start(head.id, {}), engine_.redact));
    if (now - head.submitted_at > engine_.config.background.keep)
      return end(head, to_job_result(Error{Code::resource_exhausted, "queue: longer than background.keep", {}}));
    if (const auto* trouble = trouble_of(head)) return wait_or_end(head, *trouble);
    const bool is_refused = line.kind == LineState::Kind::refused;
    const bool must_end = is_refused && this->must_end(head, line, now);
    if (is_refused && !must_end) note_retry(head, line);
    if (must_end && !head.is_own) return refuse(head, line.skips);  // one of its own reports that by itself
    const bool may_go = line.kind == LineState::Kind::go || must_end || (head.line.is_nested && !is_refused);
    if (!may_go && !is_refused) note_doing(head, "waiting for a free slot of " + join(head.line.candidates, " or "));
    return may_go ? give_turn(head) : Result<bool>(false);
  }

  /// A run from a place where processes cannot be started waits with the others from there. True: it does now.
  Result<bool> move_apart(const JobRow& head) {
    if (troubles_of_places_.empty() || head.is_own || head.cancel_requested || !head.line.apart.empty()) return false;
    const auto stored = jobs_.request(head.id);
    if (!stored && stored.error().code != Code::not_found) return tl::unexpected(stored.error());
    const auto start = stored ? job_start_from(stored->start) : tl::unexpected(stored.error());
    if (!start) return false;  // its turn will show that
    const std::string place = place_of(*start);
    const auto* trouble = troubles_of_places_.find(place);
    if (trouble == nullptr) return false;
    TRY(const bool is_moved, jobs_.return_turn(head, place));
    if (is_moved) static_cast<void>(jobs_.note_doing(head.id, words_about(*trouble)));
    return is_moved;
  }

  /// Why no process may be started for it now; null: one may be.
  const Troubles::Trouble* trouble_of(const JobRow& head) {
    const auto* of_place = troubles_of_places_.find(head.line.apart);
    if (head.turn >= kFreeTurns && of_place == nullptr && troubles_of_runs_.find(head.id) == nullptr)
      troubles_of_runs_.note(head.id, "it was given " + std::to_string(head.turn) + " turns and has not started");
    for (const auto* trouble : {of_place, troubles_of_runs_.find(head.id)})
      if (trouble != nullptr && !trouble->retry.passed()) return trouble;
    return nullptr;
  }

  static std::string words_about(const Troubles::Trouble& trouble) {
    return "its process cannot be started: " + trouble.why;
  }

  /// Each run waits for `background.max_wait`, also if others have tried before it.
  Result<bool> wait_or_end(const JobRow& head, const Troubles::Trouble& trouble) {
    const milliseconds age = engine_.clock.now().wall - head.submitted_at;
    if (trouble.give_up.passed() && age > engine_.config.background.max_wait)
      return end(head, to_job_result(Error{Code::unavailable, "its process could not be started: " + trouble.why, {}}));
    note_doing(head, words_about(trouble));
    next_look_ = next_look_.or_earlier(trouble.retry);
    return false;
  }

  /// Quota that is kept back is not waited for, which may take days.
  bool must_end(const JobRow& head, const LineState& line, milliseconds now) const {
    const BackgroundSettings& settings = engine_.config.background;
    const bool is_any_open =
        std::any_of(line.skips.begin(), line.skips.end(), [](const Skip& skip) { return !is_held_back(skip.reason); });
    return settings.on_open != "wait" || !is_any_open || now - head.submitted_at > settings.max_wait;
  }

  void note_retry(const JobRow& head, const LineState& line) {
    note_doing(head, breaker_wait_words(head.line.candidates));
    const milliseconds age = engine_.clock.now().wall - head.submitted_at;
    next_look_ = next_look_.or_earlier(Deadline::in(engine_.config.background.max_wait - age));
    if (line.retry_in) next_look_ = next_look_.or_earlier(Deadline::in(*line.retry_in));
  }

  /// For display only.
  void note_doing(const JobRow& head, const std::string& doing) {
    if (head.doing != doing) static_cast<void>(jobs_.note_doing(head.id, doing));
  }

  Result<bool> give_turn(const JobRow& head) {
    const auto stored = head.is_own ? Result<JobRequest>() : jobs_.request(head.id);
    if (!stored && stored.error().code == Code::not_found) return end(head, to_job_result(stored.error()));
    if (!stored) return tl::unexpected(stored.error());
    TRY(const Jobs::Turn turn, jobs_.give_turn(head, self(), engine_.config.background.max_parallel));
    if (turn == Jobs::Turn::gone) return true;
    if (turn == Jobs::Turn::full) next_look_ = next_look_.or_earlier(Deadline::in(kFullPause));
    if (turn != Jobs::Turn::given) return false;
    troubles_of_runs_.note_attempt(head.id);  // should it come back
    troubles_of_places_.note_attempt(head.line.apart);
    if (head.is_own) {
      events_.on_turn(head.id);
      wake(head.owner);
      return true;
    }
    JobRow given = head;
    given.owner = self();
    ++given.turn;
    const Status started = start(given, *stored);
    if (started) {
      events_.on_turn(head.id);
      return true;
    }
    if (started.error().code != Code::resource_exhausted) return end(given, to_job_result(started.error()));
    may_start_ = Deadline::in(kErrorPause);
    next_look_ = next_look_.or_earlier(may_start_);
    TRY(const bool is_returned, jobs_.return_turn(given));
    troubles_of_runs_.note(given.id, started.error().what);
    if (is_returned) static_cast<void>(jobs_.note_doing(given.id, words_about(*troubles_of_runs_.find(given.id))));
    return !is_returned;
  }

  /// The signal would end a process that does not expect it. Without it the turn is given again later.
  void wake(const ProcessId& owner) const {
    if (owner.pid_namespace != self().pid_namespace) return;
    const Fd process = open_pidfd(static_cast<pid_t>(owner.pid));  // first: from here on it is no other one
    if (process && !engine_.breakers.is_dead(owner)) WakeSignal::send(process);
  }

  Status start(const JobRow& given, const JobRequest& stored) {
    const auto start = job_start_from(stored.start);
    if (!start) return tl::unexpected(set_aside(engine_, given.id, stored.start, start.error()));
    return started_.start(given, *start);
  }

  Result<bool> end(const JobRow& seen, const JobResult& result) {
    troubles_of_runs_.forget(seen.id);
    const milliseconds now = engine_.clock.now().wall;
    return jobs_.finish_unstarted(seen, ended_row(seen.id, now, result), now - engine_.config.background.keep);
  }

  Result<bool> refuse(const JobRow& head, const std::vector<Skip>& skips) {
    const auto stored = jobs_.request(head.id);
    if (!stored && stored.error().code != Code::not_found) return tl::unexpected(stored.error());
    if (!stored) return end(head, to_job_result(stored.error()));
    const auto request = request_from(stored->request);
    if (!request) return end(head, to_job_result(set_aside(engine_, head.id, stored->request, request.error())));
    return end(head, to_job_result(refused_run(engine_, *request, skips), engine_.redact));
  }

  /// Only the process that is dead had what the job needs.
  Status end_stranded(const JobRow& row) {
    if (row.stage == JobRow::Stage::started) return import_from_file(row);
    const Error why{Code::permission_denied, "the process that held " + row.needs + " was killed before it started",
                    "submit it again: keys are not stored"};
    TRY(const bool ended, end(row, to_job_result(why)));
    static_cast<void>(ended);
    return {};
  }

  /// Once for each job; it is tried again in the next round.
  void report(const JobRow& row, const Status& done) {
    if (done) {
      reported_.erase(row.id);
      return;
    }
    if (done.error().code == Code::busy || !reported_.insert(row.id).second) return;
    note_doing(row, done.error().what);
    events_.on_error("run " + row.id + ": " + done.error().what);
  }

  /// Queued by an earlier version, which kept the request in a file.
  Status import_from_file(const JobRow& row) {
    const auto request = load_saved_request(engine_, row.id);
    if (!request) {
      TRY(const bool ended, end(row, to_job_result(request.error())));
      static_cast<void>(ended);
      return {};
    }
    const JobStart start = job_start(process_, {}, engine_, prepare_ask(engine_, *request));  // no keys
    TRY_STATUS(jobs_.adopt(row.id, {to_json(*request), to_json(start)}));
    remove_saved_request(engine_, row.id);
    return {};
  }

  void wait() {
    std::vector<Fd> ends;
    if (const auto running = jobs_.running())
      for (const JobRow& row : *running)
        if (row.owner.pid_namespace == self().pid_namespace && row.owner != self() &&
            !engine_.breakers.is_dead(row.owner))
          if (Fd process = open_pidfd(static_cast<pid_t>(row.owner.pid))) ends.push_back(std::move(process));
    started_.add_pidfds(ends);
    watch_.wait(process_.interrupted, next_look_, ends);
    process_.interrupted.cancelled_within(kPause);
  }

  const ProcessFacts& process_;
  const Engine& engine_;
  Jobs& jobs_;
  bool stays_;
  const DispatchEvents& events_;
  FileWatch watch_;
  Deadline next_look_ = Deadline::never();
  bool is_process_ending_ = false;  // that of a run, which was killed just now
  StartedProcesses started_;
  std::set<std::string> reported_;                        // runs
  std::set<std::pair<std::int64_t, std::int64_t>> dead_;  // owners that an earlier look found dead: pid and start time
  Troubles troubles_of_runs_;
  Troubles troubles_of_places_;                         // see place_of
  Deadline may_start_ = Deadline::in(milliseconds(0));  // a process; the machine may be short of them
};

}  // namespace

LineState state_of_line(const Engine& engine, const JobLine& line, const StateStore::Snapshot& snapshot,
                        const std::vector<JobRow>& running) {
  LineState state{.kind = LineState::Kind::refused};
  bool is_busy = false;
  for (std::size_t at = 0; at < line.candidates.size(); ++at) {
    const std::string& name = line.candidates[at];
    const BackendSettings* settings = engine.config.backend(name);
    if (settings == nullptr) return {};  // only the project of the job knows it
    const bool is_last_resort = line.has_last_resort && at + 1 == line.candidates.size();
    AdmissionRequest wanted = admission_of(engine, name, line, is_last_resort);
    const int coming = on_their_way_to(name, snapshot, running);
    const auto refused = engine.breakers.would_refuse(snapshot, wanted);
    wanted.max_parallel = std::max(0, wanted.max_parallel - coming);
    const auto refused_then = refused ? refused : engine.breakers.would_refuse(snapshot, wanted);
    const bool probe_is_taken = coming > 0 && !is_closed(snapshot, name);
    if (!refused_then && !probe_is_taken) return {};
    const bool is_held_back = refused && delegate::is_held_back(refused->reason);
    const bool is_open = refused && !is_held_back && refused->reason != SkipReason::no_slot;
    if (is_open || is_held_back) state.skips.push_back(*refused);
    else is_busy = true;
    if (is_open && refused->retry_in && (!state.retry_in || *refused->retry_in < *state.retry_in))
      state.retry_in = refused->retry_in;
    // Another one is asked instead only if that is wanted.
    if (engine.config.background.on_open == "fail" && is_open && !is_busy) return state;
  }
  if (is_busy) state.kind = LineState::Kind::wait;
  if (line.candidates.empty()) state.kind = LineState::Kind::go;  // the run says what is missing
  return state;
}

Status dispatch_jobs(const ProcessFacts& process, const Engine& engine, bool stays, const DispatchEvents& events) {
  if (engine.jobs() == nullptr)
    return fail(Code::unavailable, "worker: there is no store: " + engine.breakers.trouble());
  return Dispatcher(process, engine, stays, events).run();
}

Status ensure_dispatcher(const ProcessFacts& process, const OwnCommand& self, const Engine& engine) {
  Jobs* jobs = engine.jobs();
  // One that belongs to a run would end with it, and with it the jobs of others.
  if (jobs == nullptr || is_nested(process)) return {};
  const auto is_dead = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  const auto is_doomed = [&](const ProcessId& owner) { return engine.breakers.is_doomed(owner); };
  TRY(const bool is_led, jobs->is_led(is_doomed));
  TRY(const bool has_work, jobs->has_work(is_dead));
  if (is_led || !has_work) return {};
  Program program{.executable = self.executable, .argv = {"delegate"}, .env = {}};
  for (const auto& [name, value] : process.environment) program.env.push_back(name + "=" + value);
  program.argv.insert(program.argv.end(), self.options.begin(), self.options.end());
  program.argv.insert(program.argv.end(), {"worker"});
  return start_detached(program, -1, "/");
}

}  // namespace delegate::jobs
