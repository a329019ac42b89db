#include "core/run/hedged_attempts.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <system_error>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"
#include "core/run/call.hpp"
#include "core/run/hints.hpp"
#include "core/run/judge.hpp"
#include "core/run/leases.hpp"
#include "core/run/prompt.hpp"
#include "core/run/quota_report.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {
namespace {

CallReport report_of(const Failure& end, const Attempt& attempt) {
  const OutcomeTraits& row = traits(end.outcome);
  return {.verdict = row.on_call,
          .trip = row.trip,
          .retry_after = end.retry_after,
          .outcome = std::string(row.name),
          .message = attempt.message,
          .rejected_prompt = attempt.rejected_prompt};
}

/// A wait counts from when it was said, not from the end of the call.
milliseconds still_left(milliseconds wait, const Failure& end) {
  const auto passed = end.said_at ? whole(steady_now() - *end.said_at) : milliseconds(0);
  return std::max(wait - passed, milliseconds(1));
}

/// How long a limit still lasts, as stated in the backend's own fields or else in its message.
std::optional<milliseconds> wait_of(const Failure& end, milliseconds now, const Environment& environment) {
  if (end.retry_after) return still_left(*end.retry_after, end);
  if (end.retry_at) return *end.retry_at > now ? std::optional(*end.retry_at - now) : std::nullopt;
  if (traits(end.outcome).on_call != Verdict::rate_limited) return std::nullopt;
  const auto reset = stated_reset(end.message, now, variable_in(environment, "TZ"));
  return reset ? std::optional(*reset - now) : std::nullopt;
}

AttemptRow row_of(const std::string& run_id, const Attempt& attempt) {
  return {.run_id = run_id,
          .number = attempt.number,
          .backend = attempt.backend,
          .model = attempt.model,
          .outcome = std::string(to_string(attempt.outcome)),
          .message = attempt.message,
          .last_lines = attempt.last_lines,
          .probe = attempt.probe,
          .counted = attempt.counted,
          .tripped = attempt.tripped,
          .recovered = attempt.recovered,
          .retry_at = attempt.retry_at,
          .started_at = attempt.started_at,
          .took = attempt.took,
          .exit_code = attempt.exit_code,
          .session_id = attempt.session_id,
          .usage = attempt.usage,
          .may_have_written = attempt.may_have_written,
          .written_files = attempt.written_files,
          .quota_before = attempt.quota_before,
          .quota_after = attempt.quota_after,
          .billed_extra = attempt.billed_extra};
}

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostUndelivered = 1u << 20;  // bytes of a streamed answer that need not be kept

Attempt new_attempt(const Engine& engine, const AttemptOrder& order, bool probe, bool background_probe) {
  const BackendSettings& settings = order.candidate.task.settings;
  return {.number = order.number,
          .backend = order.candidate.name,
          .kind = settings.kind,
          .probe = probe,
          .background_probe = background_probe,
          .started_at = engine.clock.now().wall};
}

/// One lost connection makes all calls fail that are under way to the same peer: that says nothing about the backend.
void note_collateral(Attempt& attempt, const Candidate& candidate) {
  if (traits(attempt.outcome).on_call == Verdict::drop) return;  // its own connection was lost, too
  attempt.outcome = Outcome::collateral_drop;
  attempt.message = "a connection to it was lost just before: " + attempt.message;
  attempt.hint = hint_for(*candidate.backend, candidate.task, {.outcome = attempt.outcome});
}

constexpr milliseconds kCheap{30'000};

/// An answer got lost: a second try often helps, and costs little if the first was quick. Not after a part of it was
/// shown, and not if the call may have changed something.
bool is_worth_repeating(const CallEnd& call, const Candidate& candidate, const CancelToken& stop) {
  const Task& task = candidate.task;
  const bool changes_nothing = task.access == Access::read_only && candidate.backend->enforces_read_only();
  const bool seen = !call.parsed.text.empty() || (task.watched && !call.parsed.draft.empty());
  return call.failure.outcome == Outcome::lost_result && call.took <= kCheap && !seen && changes_nothing &&
         task.session.empty() && !stop.cancelled();
}

/// When the token of a shared login ends, one process renews it, and the others hear that it was renewed already. A
/// process started after that reads the new one. Without words and tools nothing can have been changed.
bool lost_a_renewal(const CallEnd& call) {
  const ParsedOutput& parsed = call.parsed;
  const bool has_worked = !parsed.draft.empty() || !parsed.text.empty() || parsed.has_used_tools;
  if (call.failure.outcome != Outcome::unauthenticated || has_worked) return false;
  std::string words = lower(call.failure.message);
  std::replace(words.begin(), words.end(), '_', ' ');
  if (words.find("refresh token") == std::string::npos) return false;
  constexpr std::array<std::string_view, 6> kGone{"used",       "reused",  "rotated", "not found or invalid",
                                                  "superseded", "redeemed"};
  return std::any_of(kGone.begin(), kGone.end(), [&](std::string_view word) { return contains_word(words, word); });
}

/// The one that renews it takes about a second.
constexpr milliseconds kRenewal{1'500};

bool wait_for_renewal(const CancelToken& stop, Deadline deadline) {
  const auto left = deadline.left();
  if (left && *left <= kRenewal) return false;
  Event never;
  never.wait(stop, Deadline::in(kRenewal));
  return !stop.cancelled();
}

/// Both calls were paid for.
void add(Usage& sum, const Usage& earlier) {
  const auto plus = [](auto& to, const auto& more) {
    if (more) to = to.value_or(0) + *more;
  };
  plus(sum.input_tokens, earlier.input_tokens);
  plus(sum.output_tokens, earlier.output_tokens);
  plus(sum.cost_usd, earlier.cost_usd);
}

/// The windows of its login are what the later call says, if it says anything.
void keep_quota(CallEnd& again, CallEnd& earlier) {
  if (again.parsed.quota) return;
  again.parsed.quota = std::move(earlier.parsed.quota);
  again.parsed.quota_heard_at = earlier.parsed.quota_heard_at;
}

void start_afresh(CallEnd& call, CallEnd again) {
  keep_quota(again, call);
  again.took += call.took;
  call = std::move(again);
}

void repeat(CallEnd& call, CallEnd again) {
  keep_quota(again, call);
  again.took += call.took;
  if (again.failure.outcome == Outcome::lost_result) again.failure.message += ", twice";
  else again.parsed.warnings.emplace_back("its first answer got lost, so the call was repeated");
  call = std::move(again);
}

/// Did the call change something, or may it have done so? A damaged record may have been about a tool.
bool may_have_written(const CallEnd& call, const Candidate& candidate) {
  if (candidate.task.access == Access::read_only || !call.has_started) return false;
  return call.parsed.may_have_written || call.parsed.may_write_unseen || call.parsed.unreadable > 0 ||
         !candidate.backend->reports_tools();
}

/// As a person in that directory would name it.
std::string shown_path(const std::string& path, const std::string& directory) {
  const std::string below = directory.ends_with('/') ? directory : directory + "/";
  return one_line(path.starts_with(below) ? path.substr(below.size()) : path, kLongestName);
}

/// The clocks of the call went on while the backend had to wait.
void excuse_for_reader(Steady::duration waited, Failure& failure) {
  constexpr std::chrono::seconds kNoticeable{1};
  if (waited >= kNoticeable && is_of_a_clock(failure.outcome)) failure.outcome = Outcome::deadline_passed;
}

std::string model_of(const Engine& engine, const Candidate& candidate, const CallEnd& call) {
  const std::string& model = call.parsed.model.empty() ? candidate.task.model : call.parsed.model;
  return engine.redact(one_line(model, kLongestName));
}

/// What the call shows to people, without secrets.
void take_end(const Engine& engine, const Candidate& candidate, CallEnd& call, Attempt& attempt) {
  const milliseconds ended_at = engine.clock.now().wall;
  call.failure.retry_after = wait_of(call.failure, ended_at, engine.environment);
  attempt.outcome = call.failure.outcome;
  attempt.hint = engine.redact(hint_for(*candidate.backend, candidate.task, call.failure));  // reads the message
  attempt.message = engine.redact(std::move(call.failure.message));
  attempt.is_callers_own = call.failure.is_callers_own;
  attempt.is_recognised = call.failure.is_recognised;
  attempt.last_lines = engine.redact(std::move(call.failure.last_lines));
  attempt.model = model_of(engine, candidate, call);
  attempt.took = call.took;
  attempt.exit_code = call.exit_code;
  attempt.text = std::move(call.parsed.text);
  attempt.forgotten = call.parsed.forgotten;
  attempt.is_truncated = !call.parsed.truncation.empty();
  attempt.session_id = engine.redact(one_line(call.parsed.session_id, kLongestName));
  attempt.usage = call.parsed.usage;
  attempt.may_have_written = may_have_written(call, candidate);
  attempt.is_writing_assumed = attempt.may_have_written && !call.parsed.may_have_written;
  if (attempt.may_have_written)
    for (const std::string& path : call.parsed.written_files)
      attempt.written_files.push_back(engine.redact(shown_path(path, candidate.task.cwd)));
  for (const std::string& warning : call.parsed.warnings) attempt.warnings.push_back(one_line(engine.redact(warning)));
  for (const std::string& tool : call.parsed.denied)
    attempt.warnings.push_back(one_line(engine.redact(hint_for_denied(tool, candidate.task.access))));
  if (call.failure.retry_after) attempt.retry_at = ended_at + *call.failure.retry_after;
}

}  // namespace

struct HedgedAttempts::Runner {
  explicit Runner(AttemptOrder given)
      : order(std::move(given)),
        background_probe(order.permit.kind() == PermitKind::limit_probe),
        probe(background_probe || order.permit.kind() == PermitKind::probe) {}
  AttemptOrder order;
  bool background_probe;  // its output is not shown, and no call waits for it
  bool probe;
  CancelToken stop;
  Usage earlier;                 // of calls that were repeated: they have been counted
  std::optional<Attempt> ended;  // set by the thread, under mutex_
  bool seen = false;             // next() has returned it
  OutputDelta delta;             // not delivered yet
  Steady end;                    // a reader is not waited for beyond it
  Steady::duration waited{0};    // for a reader
  std::thread thread;
};

HedgedAttempts::HedgedAttempts(const Engine& engine, const CancelToken& cancel) : engine_(engine), cancel_(cancel) {}

HedgedAttempts::~HedgedAttempts() {
  NoListener ignored;
  while (wait_for(Awaited::all, Deadline::never(), ignored)) continue;  // passes on a cancel while it waits
  for (auto& runner : runners_)
    if (runner->thread.joinable()) runner->thread.join();
}

void HedgedAttempts::start(AttemptOrder order) {
  runners_.push_back(std::make_unique<Runner>(std::move(order)));
  Runner& runner = *runners_.back();
  try {  // exceptions end here: std::thread reports by throwing
    runner.thread = std::thread([this, &runner] { run(runner); });
  } catch (const std::system_error& error) {
    runner.order.permit.settle({.verdict = Verdict::neutral});
    Attempt failed = new_attempt(engine_, runner.order, runner.probe, runner.background_probe);
    failed.outcome = Outcome::resources;
    failed.message = std::string("cannot start a thread: ") + error.what();
    const Candidate& candidate = runner.order.candidate;
    failed.hint = hint_for(*candidate.backend, candidate.task, {.outcome = failed.outcome});
    end(runner, std::move(failed));
  }
}

void HedgedAttempts::run(Runner& runner) {
  try {  // exceptions end here: memory may run out anywhere
    end(runner, attempt(runner));
  } catch (const std::exception& error) {
    Attempt failed = new_attempt(engine_, runner.order, runner.probe, runner.background_probe);
    failed.message = std::string("internal error: ") + error.what();
    const Candidate& candidate = runner.order.candidate;
    failed.hint = hint_for(*candidate.backend, candidate.task, {.outcome = failed.outcome});
    runner.order.permit.settle({.verdict = Verdict::neutral});
    end(runner, std::move(failed));
  }
}

void HedgedAttempts::end(Runner& runner, Attempt attempt) {
  const std::lock_guard lock(mutex_);
  runner.ended = std::move(attempt);
  ended_.signal();
}

/// A reader may be slower than the backend: then the backend waits, so that what is not delivered yet stays small.
void HedgedAttempts::report(Runner& runner, OutputDelta delta) {
  if (delta.empty() || runner.background_probe) return;
  if (delta.doing) delta.doing = engine_.redact(*std::move(delta.doing));
  std::unique_lock lock(mutex_);
  if (is_over_) return;
  runner.delta.add(std::move(delta));
  ended_.signal();
  if (runner.order.candidate.task.keeps_answer) return;
  const auto has_room = [&] {
    return runner.delta.text.size() < kMostUndelivered || is_over_ || runner.stop.cancelled();
  };
  const Steady begun = steady_now();
  delivered_.wait_until(lock, runner.end, has_room);
  runner.waited += steady_now() - begun;
}

CallEnd HedgedAttempts::call(Runner& runner) {
  const AttemptOrder& order = runner.order;
  const Candidate& candidate = order.candidate;
  DeltaTracker tracker;
  const CallLimits limits{.deadline = order.deadline,
                          .scratch = engine_.scratch,
                          .tag = process_tag(engine_, order.run_id, order.number),
                          .fresh_connections = order.permit.in_burst(),
                          .depth = order.depth,
                          .secrets = &engine_.redact};
  const auto once = [&] {
    return make_call(*candidate.backend, candidate.task, limits, runner.stop,
                     [&](const ParsedOutput& parsed) { report(runner, tracker.since_last(parsed)); });
  };
  const milliseconds patience = candidate.task.settings.timeout;
  runner.end = steady_now() + std::min(order.deadline.left().value_or(patience), patience);
  CallEnd call = once();
  excuse_for_reader(runner.waited, call.failure);
  if (is_worth_repeating(call, candidate, runner.stop) && begin_repetition(runner, call)) repeat(call, once());
  if (lost_a_renewal(call) && call.took <= kCheap && wait_for_renewal(runner.stop, order.deadline) &&
      begin_repetition(runner, call))
    start_afresh(call, once());
  if (runner.background_probe && is_alive_at_limit(*candidate.backend, call.failure))
    call.failure = {.outcome = Outcome::answered};
  return call;
}

/// To a budget the repetition is a call of its own. False: it does not allow for one.
bool HedgedAttempts::begin_repetition(Runner& runner, const CallEnd& call) {
  AttemptOrder& order = runner.order;
  const Candidate& candidate = order.candidate;
  auto reserved = reserve_budget(engine_, candidate, order.budget.call);
  if (std::holds_alternative<Skip>(reserved)) return false;
  const Attempt ended{.outcome = call.failure.outcome, .text = call.parsed.text, .usage = call.parsed.usage};
  if (order.keep_row || !order.budget.token().empty())
    count_call(engine_,
               {.run_id = order.run_id,
                .number = order.number,
                .backend = candidate.name,
                .model = model_of(engine_, candidate, call),
                .outcome = std::string(to_string(ended.outcome)),
                .started_at = engine_.clock.now().wall - call.took,
                .took = call.took,
                .usage = ended.usage,
                .is_call = call.has_started,
                .counted_usage = counted_usage(order.budget, candidate.task, ended)},
               order.budget);
  add(runner.earlier, call.parsed.usage);
  order.budget = std::get<BudgetHold>(std::move(reserved));
  return true;
}

Attempt HedgedAttempts::attempt(Runner& runner) {
  const AttemptOrder& order = runner.order;
  const Candidate& candidate = order.candidate;
  Attempt attempt = new_attempt(engine_, order, runner.probe, runner.background_probe);
  CallEnd call = this->call(runner);
  take_end(engine_, candidate, call, attempt);
  // A limit probe's prompt is ours, and always the same.
  const UntrustedChanges& changed = candidate.task.settings.changed_by;
  if (is_rejection(attempt.outcome) && !call.failure.is_callers_own && !runner.background_probe &&
      changed.distrust == Distrust::nothing)
    attempt.rejected_prompt = mark_of(candidate.task.prompt, candidate.name);
  const SettledCall settled =
      runner.order.permit.settle(report_of(call.failure, attempt), quota_report(engine_, candidate, call.parsed));
  if (settled.collateral) note_collateral(attempt, candidate);
  attempt.counted = settled.counted && !settled.neutral;
  if (std::string why = why_not_counted(changed, attempt.outcome, traits(attempt.outcome).on_call); !why.empty())
    attempt.warnings.push_back(engine_.redact(std::move(why)));
  attempt.tripped = settled.tripped;
  attempt.recovered = settled.recovered;
  attempt.quota_before = settled.quota_before;
  attempt.quota_after = settled.quota_after;
  const auto& said = call.parsed.quota;
  attempt.billed_extra = said && (said->overage ? said->overage->in_use : settled.overage.in_use);
  record(runner, call, attempt);
  return attempt;
}

/// An answer never depends on this row; the run's own row reports a failing ledger. What a budget has to count is
/// counted without one, too; if that fails, the reservation is counted when this process has ended.
void HedgedAttempts::record(Runner& runner, const CallEnd& call, Attempt& attempt) {
  AttemptOrder& order = runner.order;
  Usage counted = counted_usage(order.budget, order.candidate.task, attempt);
  add(attempt.usage, runner.earlier);
  if (engine_.ledger == nullptr || !(order.keep_row || !order.budget.token().empty())) return;
  AttemptRow row = row_of(order.run_id, attempt);
  row.is_call = call.has_started;
  row.counted_usage = counted;
  if (!order.keep_row) return count_call(engine_, std::move(row), order.budget);
  row.reservation = order.budget.token();
  static_cast<void>(write_patiently([&] { return engine_.ledger->add_attempt(row); }));
  order.budget.hand_over();
}

void HedgedAttempts::deliver(AttemptListener& listener) {
  for (auto& runner : runners_) {
    OutputDelta delta;
    {
      const std::lock_guard lock(mutex_);
      std::swap(delta, runner->delta);
    }
    delivered_.notify_all();
    if (!delta.empty()) listener.on_output(runner->order.number, delta);
  }
}

std::optional<Attempt> HedgedAttempts::take_ended(Awaited awaited, bool& any_left) {
  const std::lock_guard lock(mutex_);
  any_left = false;
  for (auto& runner : runners_) {
    if (runner->seen) continue;
    any_left = any_left || !runner->background_probe || runner->ended || awaited == Awaited::all;
    if (!runner->ended || !runner->delta.empty()) continue;
    runner->seen = true;
    return runner->ended;
  }
  return std::nullopt;
}

std::optional<Attempt> HedgedAttempts::next(Deadline deadline, AttemptListener& listener) {
  return wait_for(Awaited::foreground, deadline, listener);
}

std::optional<Attempt> HedgedAttempts::wait_for(Awaited awaited, Deadline deadline, AttemptListener& listener) {
  for (;;) {
    deliver(listener);
    bool any_left = false;
    if (auto ended = take_ended(awaited, any_left)) return ended;
    if (!any_left) return std::nullopt;
    if (cancel_.cancelled())
      for (auto& runner : runners_) runner->stop.cancel();
    if (deadline.passed()) return std::nullopt;
    ended_.wait(cancel_, deadline.or_earlier(listener.tick()));
  }
}

bool HedgedAttempts::under_way(int number) const {
  return std::any_of(runners_.begin(), runners_.end(),
                     [&](const auto& runner) { return runner->order.number == number && !runner->seen; });
}

bool HedgedAttempts::only_probes_left() const {
  return std::all_of(runners_.begin(), runners_.end(),
                     [](const auto& runner) { return runner->seen || runner->probe; });
}

std::vector<std::string> HedgedAttempts::stop_all_but_probes() {
  std::vector<std::string> still_running;
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  for (auto& runner : runners_) {
    if (!runner->probe) runner->stop.cancel();
    else if (!runner->ended && !runner->background_probe) still_running.push_back(runner->order.candidate.name);
  }
  delivered_.notify_all();
  return still_running;
}

bool HedgedAttempts::all_ended() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(runners_.begin(), runners_.end(), [](const auto& runner) { return runner->ended.has_value(); });
}

}  // namespace delegate
