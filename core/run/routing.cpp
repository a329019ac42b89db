#include "core/run/routing.hpp"

#include <algorithm>

#include "core/run/check.hpp"
#include "core/run/prompt.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLockPause{50};
constexpr milliseconds kSlotPoll{200};  // of the first in the line; reading the store takes a tenth of a millisecond
constexpr milliseconds kSlowSlotPoll{2'000};  // of those far behind
constexpr milliseconds kLongestSlotWait{24h};
constexpr milliseconds kPlaceLease{60'000};  // of a place in a line: one whose process is stopped must not block it
constexpr milliseconds kLongestCopy{10'000};
constexpr milliseconds kBreakerPoll{5'000};
constexpr milliseconds kShortBreakerPoll{200};

SkipReason reason_of(Presence presence) {
  if (presence == Presence::cannot_write) return SkipReason::cannot_write;
  return presence == Presence::disabled ? SkipReason::disabled : SkipReason::not_installed;
}

/// The path that the configuration names. A name may be missing because several machines share the configuration; a
/// path is wrong.
std::string path_of(const Config& config, const std::string& candidate) {
  const BackendSettings* settings = config.backend(candidate);
  const bool is_path = settings != nullptr && !settings->command.empty() && settings->command.front().starts_with('/');
  return is_path ? settings->command.front() : std::string();
}

}  // namespace

Routing::Routing(const Engine& engine, PreparedAsk& prepared, const CancelToken& cancel, Observer& observer,
                 RunResult& result)
    : engine_(engine),
      prepared_(prepared),
      cancel_(cancel),
      observer_(observer),
      result_(result),
      deadline_(Deadline::in(prepared.request.timeout.value_or(engine.config.router.timeout))) {
  for (const RouteSkip& absent : prepared.plan.skips)
    skip({.backend = absent.backend,
          .reason = reason_of(absent.presence),
          .command =
              absent.presence == Presence::not_installed ? path_of(engine.config, absent.backend) : std::string()});
}

bool Routing::has_started(const std::string& candidate) const {
  return std::find(started_.begin(), started_.end(), candidate) != started_.end();
}

bool Routing::is_last_resort(const std::string& candidate) const {
  const auto& steps = prepared_.plan.steps;
  return std::any_of(steps.begin(), steps.end(),
                     [&](const RouteStep& step) { return step.last_resort && step.backend == candidate; });
}

bool Routing::may_try(const RouteStep& step) const {
  if (step.ignores_reserve != is_second_turn_) return false;
  const std::string backend = candidate_name(step.backend).backend;
  const auto before = std::find_if(logins_.rbegin(), logins_.rend(), [&](const TriedLogin& one) {
    return candidate_name(one.candidate).backend == backend;
  });
  if (before != logins_.rend()) return before->refused && prepared_.request.session.empty();
  return prepared_.fallback || started_.size() == background_probes_;
}

void Routing::skip(Skip skip) {
  observer_.skipped(skip);
  result_.skips.push_back(std::move(skip));
}

void Routing::skip_unavailable(const std::string& candidate, const Unavailable& why) {
  const bool unset = why.reason == UnavailableReason::login_unset;
  note_login(candidate, unset);
  skip({.backend = candidate,
        .reason = unset ? SkipReason::login_unset : SkipReason::not_installed,
        .message = message_of(why),
        .variable = why.variable,
        .command = unset ? std::string() : path_of(engine_.config, candidate)});
}

/// After a wait for a slot the same candidates have their turn again.
void Routing::warn_once(const std::string& warning) {
  auto& all = result_.warnings;
  if (!warning.empty() && std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
}

void Routing::note_login(const std::string& candidate, bool refused) {
  if (candidate_name(candidate).login.empty()) return;
  const auto known =
      std::find_if(logins_.begin(), logins_.end(), [&](const TriedLogin& one) { return one.candidate == candidate; });
  if (known == logins_.end()) logins_.push_back({candidate, refused});
  else known->refused = refused;
}

void Routing::note(const Attempt& attempt) {
  note_login(attempt.backend, traits(attempt.outcome).try_login == TryNext::yes);
}

std::optional<AttemptOrder> Routing::start(Candidate candidate, Permit permit, BudgetHold budget) {
  if (!observer_.may_start()) return std::nullopt;
  started_.push_back(candidate.name);
  // A probe gets its own time for a fair verdict: the run's deadline may be short.
  // Not one that writes: the run could not report what it changes later.
  const bool is_probe = permit.kind() != PermitKind::normal && permit.kind() != PermitKind::unguarded &&
                        candidate.task.access == Access::read_only;
  return AttemptOrder{.number = static_cast<int>(started_.size()),
                      .candidate = std::move(candidate),
                      .permit = std::move(permit),
                      .deadline = is_probe ? Deadline::never() : deadline_,
                      .budget = std::move(budget)};
}

bool Routing::begin_second_turns() {
  const auto& steps = prepared_.plan.steps;
  const bool any = std::any_of(steps.begin(), steps.end(), [](const RouteStep& step) { return step.ignores_reserve; });
  return any && !std::exchange(is_second_turn_, true);
}

/// A second turn is for one that only its reserve has kept from being asked. Its skip is said once, and its logins are
/// tried in their order again.
bool Routing::begin_second_turn(const RouteStep& step) {
  const auto reserved = [&](const Skip& skip) {
    return skip.backend == step.backend && skip.reason == SkipReason::reserved;
  };
  if (std::none_of(result_.skips.begin(), result_.skips.end(), reserved)) return false;
  std::erase_if(logins_, [&](const TriedLogin& one) { return one.candidate == step.backend; });
  return true;
}

AdmissionRequest Routing::request_for(const Candidate& candidate, ProbeTime probe_time) const {
  AdmissionRequest wanted = admission_request(engine_, candidate, probe_time);
  wanted.place = place_;
  wanted.tag = process_tag(engine_, result_.run_id, static_cast<int>(started_.size()) + 1);
  return wanted;
}

Admission Routing::admit_within_budget(const AdmissionRequest& wanted, const Candidate& candidate, BudgetHold& budget) {
  const bool is_tiny = wanted.probe_time == ProbeTime::rate_limited;
  auto reserved = reserve_budget(engine_, candidate,
                                 {.prompt_bytes = is_tiny ? candidate.task.prompt.size() : prompt_size(),
                                  .lease = wanted.lease,
                                  .is_tiny = is_tiny,
                                  .needs_store = wanted.needs_store});
  if (auto* refused = std::get_if<Skip>(&reserved)) return std::move(*refused);
  Admission admission = engine_.breakers.admit(wanted);
  if (std::holds_alternative<Permit>(admission)) budget = std::get<BudgetHold>(std::move(reserved));
  return admission;
}

/// Without what an earlier attempt has left half done.
std::size_t Routing::prompt_size() const {
  const Request& request = prepared_.request;
  std::size_t size = request.prompt.size() + request.system.size();
  for (const Material& material : request.materials) size += material.text.size();
  return size;
}

/// Waits while other processes keep the state locked: a person some seconds, a background run until its deadline, and
/// also while the state cannot be used at all.
Admission Routing::admit_when_unlocked(const AdmissionRequest& wanted, const Candidate& candidate, BudgetHold& budget) {
  const bool waits_long = prepared_.request.in_background;
  for (;;) {
    const auto begun = std::chrono::steady_clock::now();
    Admission admission = admit_within_budget(wanted, candidate, budget);
    const auto* refused = std::get_if<Skip>(&admission);
    const bool is_locked = refused != nullptr && (refused->reason == SkipReason::state_locked ||
                                                  refused->reason == SkipReason::state_unusable);
    const bool is_over = cancel_.cancelled() || deadline_.passed() || (!waits_long && lock_patience_.count() <= 0);
    if (!is_locked || is_over) return admission;
    observer_.waiting_for_state(refused->message);
    Event nothing;
    nothing.wait(cancel_, Deadline::in(kLockPause).or_earlier(observer_.tick()));
    lock_patience_ -= std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
  }
}

HalfChange Routing::half_change() const {
  HalfChange change = prepared_.half_change;
  if (!prepared_.request.isolation)  // each call of an isolated run has a clean copy
    for (const Attempt& attempt : result_.attempts) add_attempt(change, attempt);
  return change;
}

std::optional<AttemptOrder> Routing::admit(const RouteStep& step) {
  if (has_started(step.backend) || (step.ignores_reserve && !begin_second_turn(step))) return std::nullopt;
  const auto& prepared = prepared_.candidates.at(step.backend);
  if (!prepared) {
    skip_unavailable(step.backend, prepared.error());
    return std::nullopt;
  }
  warn_once(prepared->warning);
  const ProbeTime probe_time = step.last_resort ? ProbeTime::immediate : ProbeTime::when_due;
  AdmissionRequest wanted = request_for(prepared->candidate, probe_time);
  wanted.needs_store = prepared_.request.in_background;
  if (!step.ignores_reserve) wanted.reserve = prepared->reserve;
  BudgetHold budget;
  auto admission = admit_when_unlocked(wanted, prepared->candidate, budget);
  std::erase_if(result_.skips, [&](const Skip& earlier) { return earlier.backend == step.backend; });
  if (auto* refused = std::get_if<Skip>(&admission)) {
    note_login(step.backend, refused->login_refused);
    skip(std::move(*refused));
    return std::nullopt;
  }
  Permit& permit = std::get<Permit>(admission);
  leave_lines();
  note_login(step.backend, permit.login_refused());
  const bool is_probe = permit.kind() == PermitKind::probe;
  Candidate candidate = prepared->candidate;
  candidate.task.prompt = whole_prompt(prepared_.request) + handover(half_change());
  if (step.ignores_reserve) warn_once(step.backend + ": its reserve is used: no other backend has answered");
  if (!budget.unchecked_because.empty())
    warn_once("budgets are not checked for this call: " + budget.unchecked_because);
  auto order = start(std::move(candidate), std::move(permit), std::move(budget));
  if (order) observer_.asking(step.backend, is_probe);
  return order;
}

std::optional<AttemptOrder> Routing::limit_probe(const RouteStep& step) {
  const auto skipped = std::find_if(result_.skips.begin(), result_.skips.end(),
                                    [&](const Skip& skip) { return skip.backend == step.backend; });
  if (step.ignores_reserve) return std::nullopt;  // its first turn was the time for it
  // Not at the last resort: there the request itself may have to be the probe, and must not find one under way.
  if (skipped == result_.skips.end() || !skipped->limit_probe_due || is_last_resort(step.backend)) return std::nullopt;
  const auto& prepared = prepared_.candidates.at(step.backend);
  if (!prepared) return std::nullopt;
  // A limit that it finds would prolong the wait of all runs.
  if (prepared->candidate.task.settings.changed_by.distrust != Distrust::nothing) return std::nullopt;
  Candidate candidate = prepared->candidate;
  candidate.task = prepared->configured;
  candidate.task = smallest_task(candidate);
  AdmissionRequest wanted = request_for(candidate, ProbeTime::rate_limited);
  wanted.place.clear();  // it does not end the wait for a slot
  BudgetHold budget;
  auto admission = admit_within_budget(wanted, candidate, budget);
  auto* permit = std::get_if<Permit>(&admission);
  if (permit == nullptr || permit->kind() != PermitKind::limit_probe) return std::nullopt;
  auto order = start(std::move(candidate), std::move(*permit), std::move(budget));
  if (order) ++background_probes_;
  return order;
}

Deadline Routing::hedge_delay(const AttemptOrder& order, const RouteStep& step) const {
  // Two calls at a time in one directory must not both write.
  const bool may_share = prepared_.request.access == Access::read_only;
  if (order.permit.kind() != PermitKind::probe || !may_share || step.last_resort) return Deadline::never();
  return Deadline::in(order.candidate.task.settings.breaker.probe_timeout);
}

std::vector<std::string> Routing::without_slot() const {
  std::vector<std::string> names;
  for (const RouteStep& step : prepared_.plan.steps) {
    const bool has_none = std::any_of(result_.skips.begin(), result_.skips.end(), [&](const Skip& skip) {
      return skip.backend == step.backend && skip.reason == SkipReason::no_slot;
    });
    const bool is_known = std::find(names.begin(), names.end(), step.backend) != names.end();
    const bool is_wanted = waits_for_slot_of(step.backend) && !has_started(step.backend) && may_try(step);
    if (has_none && !is_known && is_wanted) names.push_back(step.backend);
  }
  return names;
}

bool Routing::waits_for_slot_of(const std::string& candidate) const {
  const Request& request = prepared_.request;
  if (request.slot_wait || request.in_background) return request.slot_wait != milliseconds(0);
  const BackendSettings* settings = engine_.config.backend(candidate);
  // Inside another run, that one may hold the slot.
  return settings != nullptr && settings->when_full == "wait" && next_depth(engine_).value_or(2) == 1;
}

std::optional<LinePosition> Routing::line_up(const std::vector<std::string>& candidates) {
  if (place_.empty()) place_ = engine_.breakers.new_place();
  std::optional<LinePosition> best;
  for (const std::string& name : candidates) {
    const AdmissionRequest wanted = request_for(prepared_.candidates.at(name)->candidate, ProbeTime::when_due);
    const auto position = engine_.breakers.line_up(wanted, kPlaceLease);
    if (!position && position.error().code == Code::resource_exhausted) {
      warn_once(name + ": " + position.error().what);
      continue;
    }
    if (std::find(lines_.begin(), lines_.end(), name) == lines_.end()) lines_.push_back(name);
    // A store that cannot be used never blocks a call; one that is busy is looked at again.
    const bool may_try = !position && position.error().code != Code::busy;
    const LinePosition found = position.value_or(LinePosition{.has_turn = may_try});
    if (!best || found.has_turn > best->has_turn || (found.has_turn == best->has_turn && found.ahead < best->ahead))
      best = found;
  }
  return best;
}

void Routing::leave_lines(const std::vector<std::string>& but) {
  std::erase_if(lines_, [&](const std::string& name) {
    const bool stays = std::find(but.begin(), but.end(), name) != but.end();
    if (!stays) engine_.breakers.leave_line(name, place_);
    return !stays;
  });
}

Routing::~Routing() { leave_lines(); }

bool Routing::wait_for_slot() {
  const auto awaited = without_slot();
  leave_lines(awaited);
  if (awaited.empty()) return false;
  if (!slot_deadline_)
    slot_deadline_ = Deadline::in(prepared_.request.slot_wait.value_or(kLongestSlotWait)).or_earlier(deadline_);
  Event nothing;
  for (int ahead = -1;;) {
    const auto position = line_up(awaited);
    if (!position) return false;
    if (std::exchange(ahead, position->ahead) != position->ahead) observer_.waiting_for_slot(awaited, ahead);
    if (position->has_turn && observer_.may_go_on()) break;
    if (position->has_turn) leave_lines();
    const milliseconds poll = std::min(kSlotPoll * (ahead + 1), kSlowSlotPoll);
    nothing.wait(cancel_, Deadline::in(poll).or_earlier(*slot_deadline_).or_earlier(observer_.tick()));
    if (cancel_.cancelled() || slot_deadline_->passed()) return false;
  }
  refresh_candidates(engine_, prepared_);
  return true;
}

bool Routing::wait_for_breaker() {
  const bool has_started = started_.size() > background_probes_;
  if (!prepared_.request.breaker_wait || has_started) return false;
  std::vector<std::string> awaited;
  milliseconds pause = kBreakerPoll;
  for (const Skip& skip : result_.skips) {
    const bool is_open = skip.reason == SkipReason::breaker_open || skip.reason == SkipReason::probe_running ||
                         skip.reason == SkipReason::tripped_manually;
    if (!is_open) continue;
    awaited.push_back(skip.backend);
    pause = std::min(pause, std::max(skip.retry_in.value_or(kBreakerPoll), kShortBreakerPoll));
  }
  if (awaited.empty()) return false;
  if (!breaker_deadline_) breaker_deadline_ = Deadline::in(*prepared_.request.breaker_wait);
  observer_.waiting_for_breaker(awaited);
  Event nothing;
  for (Deadline next = Deadline::in(pause); !cancel_.cancelled() && !breaker_deadline_->passed();) {
    if (next.passed() && observer_.may_go_on()) {
      refresh_candidates(engine_, prepared_);
      begin_time();
      return true;
    }
    if (next.passed()) next = Deadline::in(kShortBreakerPoll);
    nothing.wait(cancel_, next.or_earlier(*breaker_deadline_).or_earlier(observer_.tick()));
  }
  begin_time();
  return false;
}

WriterAdmission Routing::wait_for_directory(WriterRequest wanted) {
  const Request& request = prepared_.request;
  // Isolated runs have the directory only while they copy it, so even one that does not want to wait may get it.
  const milliseconds brief = request.isolation ? kLongestCopy : milliseconds(0);
  const milliseconds otherwise = request.in_background ? engine_.config.background.max_wait : brief;
  if (!directory_deadline_) directory_deadline_ = Deadline::in(request.slot_wait.value_or(otherwise));
  const Deadline unlocked = Deadline::in(lock_patience_);
  const auto left = deadline_.left();
  Writers writers(engine_.store, engine_.breakers);
  wanted.in_background = request.in_background;
  if (may_wait_for_directory()) wanted.place = engine_.breakers.new_place();
  std::optional<WriterAdmission> admission(writers.acquire(wanted));
  std::string said;
  for (milliseconds poll = kLockPause;; poll *= 2) {
    const auto* refusal = std::get_if<WriterRefusal>(&*admission);
    if (refusal == nullptr || cancel_.cancelled()) break;
    const bool is_locked = refusal->reason == WriterRefusal::Reason::state_locked;
    if (!may_wait_for_directory() && (!is_locked || unlocked.passed())) break;
    leave_lines();  // a place in one would keep others waiting
    report_wait(*refusal, said);
    poll = std::min({poll, kSlotPoll * (refusal->ahead + 1), kSlowSlotPoll});
    pause(poll);
    // A place among the background runs is asked for when the directory is free.
    auto prevents = writers.line_up(wanted);
    for (; !prevents && !observer_.may_go_on() && !cancel_.cancelled(); prevents = writers.line_up(wanted)) {
      wanted.stands_aside = true;
      pause(kShortBreakerPoll);
    }
    wanted.stands_aside = false;
    if (!prevents) said.clear();  // that place has to be given back if another run was faster
    if (prevents) admission.emplace(*std::move(prevents));
    else admission.emplace(writers.acquire(wanted));
  }
  if (std::holds_alternative<WriterRefusal>(*admission)) writers.leave_line(wanted.place);
  if (left) deadline_ = Deadline::in(*left);  // the wait is no part of the run's time
  return *std::move(admission);
}

bool Routing::may_wait_for_directory() const {
  // A run that has waited for a slot or a breaker meanwhile may go on with that.
  return !directory_deadline_->passed() || (slot_deadline_ && !slot_deadline_->passed()) ||
         (breaker_deadline_ && !breaker_deadline_->passed());
}

/// `said`: what was reported last. The store is written for each report.
void Routing::report_wait(const WriterRefusal& refusal, std::string& said) {
  const auto& holder = refusal.holder;
  std::string now = holder ? holder->run_id + " " + holder->directory : refusal.message;
  if (now == said) return;
  said = std::move(now);
  if (holder) observer_.waiting_for_directory(holder->run_id, holder->directory);
  else observer_.waiting_for_state(refusal.message);
}

void Routing::pause(milliseconds length) {
  const Deadline end = Deadline::in(length);
  Event nothing;
  while (!end.passed() && !cancel_.cancelled()) nothing.wait(cancel_, end.or_earlier(observer_.tick()));
}

milliseconds Routing::longest_time() const {
  milliseconds longest = prepared_.request.timeout.value_or(engine_.config.router.timeout);
  for (const auto& [name, prepared] : prepared_.candidates)
    if (prepared) longest = std::max(longest, prepared->candidate.task.settings.timeout);
  return longest;
}

void Routing::begin_time() {
  deadline_ = Deadline::in(prepared_.request.timeout.value_or(engine_.config.router.timeout));
}

}  // namespace delegate
