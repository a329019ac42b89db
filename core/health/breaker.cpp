#include "core/health/breaker.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace delegate {
namespace {

constexpr std::array<std::string_view, 5> kStateNames{"closed", "open", "half_open", "forced_open", "disabled"};
constexpr std::array<std::string_view, 5> kPermitNames{"normal", "probe", "slow_probe", "unguarded", "denied"};

std::optional<BreakerState> enter(Breaker& breaker, BreakerState state) {
  const bool changed = breaker.state != state;
  breaker.state = state;
  ++breaker.generation;
  breaker.streak.clear();
  breaker.probe.reset();
  breaker.limit_probe.reset();
  breaker.cooldown = {};
  breaker.manual = false;
  breaker.login_trip.reset();
  if (state != BreakerState::half_open) breaker.rejections.clear();
  if (!changed) return std::nullopt;
  return state;
}

std::optional<BreakerState> close(Breaker& breaker) {
  breaker.outage = false;
  breaker.cooldowns_in_a_row = 0;
  breaker.bursts_in_a_row = 0;
  breaker.rejecting = false;
  return enter(breaker, BreakerState::closed);
}

/// After a manual change earlier failures do not count (R13).
std::optional<BreakerState> start_afresh(Breaker& breaker) {
  breaker.burst.reset();
  return close(breaker);
}

std::optional<BreakerState> open(Breaker& breaker, const HostTime& now, milliseconds length) {
  const auto entered = enter(breaker, BreakerState::open);
  breaker.cooldown = Span{now, length};
  return entered;
}

/// R12: called when a report has opened the breaker. False: the same outage goes on, or a manual cooldown does.
bool begin_outage(Breaker& breaker) {
  if (breaker.outage || breaker.manual) return false;
  ++breaker.trips;
  breaker.outage = true;
  return true;
}

bool is_over(const Span& span, const HostTime& now) { return remaining(span, now) == milliseconds(0); }

/// A running cooldown and what belongs to it.
struct CooldownState {
  Span cooldown;
  std::optional<Span> limit_probe;
  bool manual = false;
  std::optional<LoginTrip> login_trip;
};

CooldownState rest_of(const Breaker& breaker, const HostTime& now) {
  if (is_over(breaker.cooldown, now)) return {};
  return {breaker.cooldown, breaker.limit_probe, breaker.manual, breaker.login_trip};
}

void resume(Breaker& breaker, CooldownState rest) {
  breaker.cooldown = std::move(rest.cooldown);
  breaker.limit_probe = std::move(rest.limit_probe);
  breaker.manual = rest.manual;
  breaker.login_trip = std::move(rest.login_trip);
}

/// Opens until the time that the vendor states, with limit probes before it.
std::optional<BreakerState> open_for_limit(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now,
                                           milliseconds length) {
  const auto entered = open(breaker, now, length);
  if (policy.limit_probe > milliseconds(0)) breaker.limit_probe = Span{now, policy.limit_probe};
  return entered;
}

/// R15: the first decision after a reboot or a clock change moves running spans to the new base.
void settle_into(Breaker& breaker, const HostTime& now) {
  if (!is_over(breaker.cooldown, now) && anchored_elsewhere(breaker.cooldown, now))
    breaker.cooldown = reanchored(breaker.cooldown, now);
  if (breaker.limit_probe && !is_over(*breaker.limit_probe, now) && anchored_elsewhere(*breaker.limit_probe, now))
    breaker.limit_probe = reanchored(*breaker.limit_probe, now);
  if (breaker.probe && breaker.probe->span.since.boot_id == now.boot_id && anchored_elsewhere(breaker.probe->span, now))
    breaker.probe->span = reanchored(breaker.probe->span, now);
}

/// The owner of a probe from another boot is dead.
bool is_lost(const ProbeLease& probe, const HostTime& now, const IsDead& is_dead) {
  return probe.span.since.boot_id != now.boot_id || is_over(probe.span, now) || is_dead(probe.owner);
}

/// Frees the probe (R6). After an early probe the rest of the cooldown goes on.
std::optional<BreakerState> free_probe(Breaker& breaker, const HostTime& now) {
  breaker.probe.reset();
  if (breaker.state != BreakerState::half_open || is_over(breaker.cooldown, now)) return std::nullopt;
  const CooldownState rest = rest_of(breaker, now);
  const auto entered = enter(breaker, BreakerState::open);
  resume(breaker, rest);
  return entered;
}

bool holds_probe(const Breaker& breaker, const Ticket& ticket) {
  const BreakerState held_in = ticket.kind == PermitKind::probe ? BreakerState::half_open : BreakerState::open;
  return breaker.state == held_in && breaker.probe && breaker.probe->token == ticket.token && !ticket.token.empty();
}

bool is_current(const Breaker& breaker, const Ticket& ticket) {
  if (ticket.kind == PermitKind::probe || ticket.kind == PermitKind::limit_probe) return holds_probe(breaker, ticket);
  return ticket.kind == PermitKind::normal && breaker.state == BreakerState::closed &&
         breaker.generation == ticket.generation;
}

bool outside_window(const HostTime& failure, const BreakerPolicy& policy, const HostTime& now) {
  return policy.failure_window > milliseconds(0) && elapsed(failure, now) > policy.failure_window;
}

Settled fail_once(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const CallReport& report) {
  breaker.last_failure = LastFailure{report.outcome, report.message, now.wall};
  if (breaker.state == BreakerState::closed) {
    std::erase_if(breaker.streak, [&](const HostTime& failure) { return outside_window(failure, policy, now); });
    breaker.streak.push_back(now);
    const bool enough = static_cast<int>(breaker.streak.size()) >= policy.threshold;
    if (!enough && report.trip == Trip::at_threshold) return Settled{.counted = true};
  }
  breaker.cooldowns_in_a_row = std::min(breaker.cooldowns_in_a_row + 1, 1'000'000);
  const milliseconds length = cooldown_for(policy, breaker.cooldowns_in_a_row);
  // The rest of a longer cooldown, which an early probe interrupted, goes on.
  CooldownState rest = rest_of(breaker, now);
  rest.login_trip.reset();  // this failure is newer than that trip
  const bool goes_on = remaining(rest.cooldown, now) > length;
  const auto entered = open(breaker, now, length);
  if (goes_on) resume(breaker, rest);
  const bool tripped = begin_outage(breaker);
  if (tripped && !goes_on && report.trip == Trip::revocable)
    breaker.login_trip = LoginTrip{breaker.generation, report.login};
  return Settled{.counted = true, .entered = entered, .tripped = tripped};
}

Settled succeed(Breaker& breaker) {
  const bool recovered = breaker.state != BreakerState::closed;
  if (breaker.outage) ++breaker.recoveries;
  if (recovered) return Settled{.counted = true, .entered = close(breaker), .recovered = true};
  breaker.streak.clear();
  breaker.bursts_in_a_row = 0;
  breaker.rejections.clear();
  return Settled{.counted = true};
}

Settled no_verdict(Breaker& breaker, const HostTime& now) {
  return Settled{.counted = true, .neutral = true, .entered = free_probe(breaker, now)};
}

Settled collateral(Breaker& breaker, const HostTime& now) {
  Settled settled = no_verdict(breaker, now);
  settled.collateral = true;
  return settled;
}

/// R20: the first drop starts a burst; further drops inside it are collateral.
Settled dropped(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const CallReport& report) {
  if (in_burst(breaker, policy, now)) return collateral(breaker, now);
  breaker.burst = Span{now, policy.grace};
  breaker.bursts_in_a_row = std::min(breaker.bursts_in_a_row + 1, 1'000'000);
  const bool counts = policy.drop_counts_after > 0 && breaker.bursts_in_a_row >= policy.drop_counts_after;
  return counts ? fail_once(breaker, policy, now, report) : no_verdict(breaker, now);
}

/// The stated length of a rate limit; 0: not stated.
milliseconds hinted(const CallReport& report, const BreakerPolicy& policy) {
  if (report.verdict != Verdict::rate_limited) return milliseconds(0);
  return std::clamp(report.retry_after.value_or(milliseconds(0)), milliseconds(0), policy.max_retry_after);
}

/// The same; a quota that states no end is not renewed within the next minutes either.
milliseconds length_of_limit(const CallReport& report, const BreakerPolicy& policy) {
  const milliseconds stated = hinted(report, policy);
  if (stated > milliseconds(0) || report.trip == Trip::at_threshold) return stated;
  return std::min(policy.quota_cooldown, policy.max_retry_after);
}

/// R16: opens until the limit ends, outside streak and back-off.
Settled after_rate_limit(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, CallReport report) {
  const milliseconds length = length_of_limit(report, policy);
  report.trip = Trip::at_threshold;  // what has no length counts like other failures
  if (length == milliseconds(0)) return fail_once(breaker, policy, now, report);
  breaker.last_failure = LastFailure{report.outcome, report.message, now.wall};
  const auto entered = open_for_limit(breaker, policy, now, std::max(length, remaining(breaker.cooldown, now)));
  return Settled{.counted = true, .entered = entered, .tripped = begin_outage(breaker)};
}

/// R22: an answer closes the breaker; a limit with a new time moves its end; anything else changes nothing. The wait
/// for the next limit probe was set when this one began.
Settled settle_limit_probe(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now,
                           const CallReport& report) {
  if (report.verdict == Verdict::success) return succeed(breaker);
  breaker.probe.reset();
  const milliseconds length = hinted(report, policy);
  if (length == milliseconds(0)) return Settled{.counted = true, .neutral = true};
  breaker.last_failure = LastFailure{report.outcome, report.message, now.wall};
  breaker.cooldown = Span{now, length};
  return Settled{.counted = true, .tripped = begin_outage(breaker)};
}

bool is_held(const Breaker& breaker, const HostTime& now) {
  return breaker.probe && breaker.probe->span.since.boot_id == now.boot_id && !is_over(breaker.probe->span, now);
}

/// R17: the retry time of a call that began before the cooldown may lengthen it, never shorten it. When the cooldown is
/// over, it still opens as long as no probe has been admitted.
void lengthen(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const CallReport& report) {
  const milliseconds left = remaining(breaker.cooldown, now);
  const milliseconds length = hinted(report, policy);
  const bool awaits_probe = breaker.state == BreakerState::open && !is_held(breaker, now);
  if (length <= left || (left == milliseconds(0) && !awaits_probe)) return;
  breaker.cooldown = Span{now, length};
  breaker.login_trip.reset();                       // from now on it is open for the limit
  if (breaker.state != BreakerState::open) return;  // an early probe is running: it decides
  breaker.manual = false;
  breaker.last_failure = LastFailure{report.outcome, report.message, now.wall};
  if (left == milliseconds(0)) breaker.limit_probe.reset();  // of an earlier limit
  if (!breaker.limit_probe && policy.limit_probe > milliseconds(0)) breaker.limit_probe = Span{now, policy.limit_probe};
}

/// R23: was this call running when the breaker opened for a rejected login? Its answer then proves that the login is
/// good: another call was only late to use a token that this one had renewed.
bool disproves_trip(const Breaker& breaker, const Ticket& ticket, const CallReport& report) {
  return report.verdict == Verdict::success && breaker.state == BreakerState::open && breaker.login_trip &&
         report.login == breaker.login_trip->login && ticket.generation < breaker.login_trip->generation;
}

/// R24: many different prompts, and at least one of them was good enough for another candidate.
bool rejects_everything(const Breaker& breaker) {
  return breaker.rejections.size() >= kMostRejections &&
         std::any_of(breaker.rejections.begin(), breaker.rejections.end(),
                     [](const Rejection& one) { return one.answered; });
}

Settled open_for_rejections(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, CallReport report) {
  const bool again = std::exchange(breaker.rejecting, true);
  report.message =
      (again ? "rejected again: " : std::to_string(kMostRejections) + " different prompts rejected: ") + report.message;
  report.trip = Trip::immediate;
  report.outcome = kRejectsRequests;
  return fail_once(breaker, policy, now, report);
}

/// R24: a rejection says nothing about the backend, unless there is nothing but rejections.
Settled rejected(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const CallReport& report) {
  auto& known = breaker.rejections;
  const bool is_new = std::none_of(known.begin(), known.end(),
                                   [&](const Rejection& one) { return one.prompt == report.rejected_prompt; });
  if (is_new && known.size() == kMostRejections) known.erase(known.begin());
  if (is_new) known.push_back({report.rejected_prompt});
  if (breaker.rejecting || rejects_everything(breaker)) return open_for_rejections(breaker, policy, now, report);
  return no_verdict(breaker, now);
}

/// R22: one limit probe when its wait is over. The next wait begins now, so that even a killed probe cannot shorten it.
Acquired acquire_limit_probe(Breaker& breaker, const HostTime& now, const LeaseRequest& request) {
  const bool due = breaker.state == BreakerState::open && !breaker.probe && breaker.limit_probe &&
                   !is_over(breaker.cooldown, now) && is_over(*breaker.limit_probe, now);
  if (!due) return {};
  const milliseconds last = breaker.limit_probe->length;
  breaker.limit_probe = Span{now, std::max(last, std::min(last * 2, kLongestLimitProbe))};
  breaker.probe = ProbeLease{request.token, request.owner, Span{now, request.lease}};
  return {Ticket{PermitKind::limit_probe, breaker.generation, request.token}, std::nullopt};
}

}  // namespace

std::string_view to_string(BreakerState state) { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<BreakerState> breaker_state_named(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i)
    if (kStateNames[i] == name) return static_cast<BreakerState>(i);
  return std::nullopt;
}

std::string_view to_string(PermitKind kind) { return kPermitNames[static_cast<std::size_t>(kind)]; }

milliseconds cooldown_for(const BreakerPolicy& policy, int n) {
  const milliseconds longest = std::max(policy.max_cooldown, policy.cooldown);
  const double grown = static_cast<double>(policy.cooldown.count()) * std::pow(policy.backoff_multiplier, n - 1);
  // Compared as doubles: many steps overflow an integer, and 0 * infinity is not a number.
  if (!(grown >= 0)) return policy.cooldown;
  if (grown >= static_cast<double>(longest.count())) return longest;
  return milliseconds(std::llround(grown));
}

BreakerView view(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now) {
  BreakerView seen{.state = breaker.state};
  if (breaker.state == BreakerState::closed)
    seen.failures = static_cast<int>(std::count_if(breaker.streak.begin(), breaker.streak.end(),
                                                   [&](const auto& at) { return !outside_window(at, policy, now); }));
  const milliseconds left = remaining(breaker.cooldown, now);
  const bool is_broken = breaker.state == BreakerState::open || breaker.state == BreakerState::half_open;
  if (!is_broken) return seen;
  // An early probe hides the cooldown that it interrupts; a limit probe runs beside it.
  const bool probing = is_held(breaker, now) && (breaker.state == BreakerState::half_open || left == milliseconds(0));
  seen.state = probing || left == milliseconds(0) ? BreakerState::half_open : BreakerState::open;
  if (probing) seen.retry_after = remaining(breaker.probe->span, now);
  else seen.retry_after = left;
  if (seen.state == BreakerState::open && breaker.limit_probe)
    seen.limit_probe_in = std::max(remaining(*breaker.limit_probe, now),
                                   is_held(breaker, now) ? remaining(breaker.probe->span, now) : milliseconds(0));
  return seen;
}

bool in_burst(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now) {
  return policy.grace > milliseconds(0) && breaker.burst && !anchored_elsewhere(*breaker.burst, now) &&
         elapsed(breaker.burst->since, now) <= policy.grace;
}

Acquired try_acquire(Breaker& breaker, const HostTime& now, const LeaseRequest& request, const IsDead& is_dead,
                     ProbeTime probe_time) {
  settle_into(breaker, now);
  const bool lost = breaker.probe && is_lost(*breaker.probe, now, is_dead);
  const auto back = lost ? free_probe(breaker, now) : std::nullopt;
  if (probe_time == ProbeTime::rate_limited) return acquire_limit_probe(breaker, now, request);
  switch (breaker.state) {
    case BreakerState::closed:
    case BreakerState::disabled: return {Ticket{PermitKind::normal, breaker.generation, request.token}, std::nullopt};
    case BreakerState::forced_open: return {};
    case BreakerState::open:
      if (breaker.probe) return {};  // a limit probe is running: one probe at a time (R5)
      if (probe_time == ProbeTime::when_due && !is_over(breaker.cooldown, now)) return {Ticket{}, back};
      break;
    case BreakerState::half_open:
      if (breaker.probe) return {};
      break;
  }
  const CooldownState rest = rest_of(breaker, now);
  const auto entered = enter(breaker, BreakerState::half_open);
  resume(breaker, rest);
  breaker.probe = ProbeLease{request.token, request.owner, Span{now, request.lease}};
  return {Ticket{PermitKind::probe, breaker.generation, request.token}, back ? std::nullopt : entered};
}

Settled settle(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Ticket& ticket,
               const CallReport& report) {
  if (ticket.kind == PermitKind::denied || ticket.kind == PermitKind::unguarded) return {};  // R10, R18
  if (!is_current(breaker, ticket)) {
    if (disproves_trip(breaker, ticket, report)) return succeed(breaker);
    lengthen(breaker, policy, now, report);
    return {};
  }
  if (ticket.kind == PermitKind::limit_probe) return settle_limit_probe(breaker, policy, now, report);
  switch (report.verdict) {
    case Verdict::success: return succeed(breaker);
    case Verdict::failure: return fail_once(breaker, policy, now, report);
    case Verdict::neutral:
      return report.rejected_prompt.empty() ? no_verdict(breaker, now) : rejected(breaker, policy, now, report);
    case Verdict::drop: return dropped(breaker, policy, now, report);
    case Verdict::connect_failure:
      return in_burst(breaker, policy, now) ? collateral(breaker, now) : fail_once(breaker, policy, now, report);
    case Verdict::rate_limited: return after_rate_limit(breaker, policy, now, report);
  }
  return {};
}

Settled answered_elsewhere(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now,
                           const CallReport& report) {
  const auto known = std::find_if(breaker.rejections.begin(), breaker.rejections.end(),
                                  [&](const Rejection& one) { return one.prompt == report.rejected_prompt; });
  if (known == breaker.rejections.end()) return {};
  known->answered = true;
  if (!rejects_everything(breaker) || breaker.probe) return {};  // a probe that is running decides
  return open_for_rejections(breaker, policy, now, report);
}

std::optional<BreakerState> force_open(Breaker& breaker) { return enter(breaker, BreakerState::forced_open); }

std::optional<BreakerState> release(Breaker& breaker) {
  if (breaker.state != BreakerState::forced_open) return std::nullopt;
  return start_afresh(breaker);
}

std::optional<BreakerState> disable(Breaker& breaker) {
  breaker.outage = false;
  return enter(breaker, BreakerState::disabled);
}

std::optional<BreakerState> enable(Breaker& breaker) {
  if (breaker.state != BreakerState::disabled) return std::nullopt;
  return start_afresh(breaker);
}

std::optional<BreakerState> reset(Breaker& breaker) {
  breaker.last_failure.reset();
  return start_afresh(breaker);
}

std::optional<Edge> edge_between(const Breaker& before, const Breaker& after) {
  if (after.trips > before.trips) return Edge::trip;
  if (after.recoveries > before.recoveries) return Edge::recovery;
  if (before.outage && !after.outage) return Edge::dismissal;
  const bool goes_on = before.outage && after.state == BreakerState::open;
  return goes_on && after.last_failure != before.last_failure ? std::optional(Edge::failed_probe) : std::nullopt;
}

std::optional<BreakerState> open_for(Breaker& breaker, const HostTime& now, milliseconds length) {
  const auto entered = open(breaker, now, length);
  breaker.manual = true;
  return entered;
}

}  // namespace delegate
