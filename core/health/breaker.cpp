#include "core/health/breaker.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace delegate {
namespace {

constexpr std::array<std::string_view, 5> kStateNames{"closed", "open", "half_open", "forced_open", "disabled"};
constexpr std::array<std::string_view, 4> kPermitNames{"normal", "probe", "unguarded", "denied"};

std::optional<BreakerState> enter(Breaker& breaker, BreakerState state) {
  const bool changed = breaker.state != state;
  breaker.state = state;
  ++breaker.generation;
  breaker.streak.clear();
  breaker.probe.reset();
  breaker.pause = {};
  if (!changed) return std::nullopt;
  return state;
}

std::optional<BreakerState> close(Breaker& breaker) {
  breaker.breaks_in_a_row = 0;
  breaker.bursts_in_a_row = 0;
  return enter(breaker, BreakerState::closed);
}

/// By hand: nothing of before is held against it (R13).
std::optional<BreakerState> start_afresh(Breaker& breaker) {
  breaker.burst.reset();
  return close(breaker);
}

/// Callers keep the rest of a longer break that a probe before its time has interrupted.
std::optional<BreakerState> open(Breaker& breaker, const HostTime& now, milliseconds length) {
  const auto entered = enter(breaker, BreakerState::open);
  breaker.pause = Span{now, length};
  return entered;
}

bool is_over(const Span& span, const HostTime& now) { return remaining(span, now) == milliseconds(0); }

/// R15: the first decision after the clock changed its base anchors what still runs on the new one.
void settle_into(Breaker& breaker, const HostTime& now) {
  if (!is_over(breaker.pause, now) && anchored_elsewhere(breaker.pause, now))
    breaker.pause = reanchored(breaker.pause, now);
  if (breaker.probe && breaker.probe->span.since.boot_id == now.boot_id && anchored_elsewhere(breaker.probe->span, now))
    breaker.probe->span = reanchored(breaker.probe->span, now);
}

/// A probe of another boot has no owner any more.
bool is_lost(const ProbeLease& probe, const HostTime& now, const IsGone& is_gone) {
  return probe.span.since.boot_id != now.boot_id || is_over(probe.span, now) || is_gone(probe.owner);
}

/// The probe's place is free again (R6). After a probe that began before its time, the rest of the break goes on.
std::optional<BreakerState> free_probe(Breaker& breaker, const HostTime& now) {
  breaker.probe.reset();
  if (breaker.state != BreakerState::half_open || is_over(breaker.pause, now)) return std::nullopt;
  const Span rest = breaker.pause;
  const auto entered = enter(breaker, BreakerState::open);
  breaker.pause = rest;
  return entered;
}

bool holds_probe(const Breaker& breaker, const Ticket& ticket) {
  return breaker.state == BreakerState::half_open && breaker.probe && breaker.probe->token == ticket.token &&
         !ticket.token.empty();
}

bool is_current(const Breaker& breaker, const Ticket& ticket) {
  if (ticket.kind == PermitKind::probe) return holds_probe(breaker, ticket);
  return ticket.kind == PermitKind::normal && breaker.state == BreakerState::closed &&
         breaker.generation == ticket.generation;
}

bool outside_window(const HostTime& failure, const BreakerPolicy& policy, const HostTime& now) {
  return policy.failure_window > milliseconds(0) && elapsed(failure, now) > policy.failure_window;
}

Settled fail_once(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Report& report) {
  breaker.last_failure = LastFailure{report.outcome, report.message, now.wall};
  if (breaker.state == BreakerState::closed) {
    std::erase_if(breaker.streak, [&](const HostTime& failure) { return outside_window(failure, policy, now); });
    breaker.streak.push_back(now);
    const bool enough = static_cast<int>(breaker.streak.size()) >= policy.threshold;
    if (!enough && report.trip == Trip::at_threshold) return Settled{.counted = true};
  }
  const bool tripped = breaker.state == BreakerState::closed;
  if (tripped) ++breaker.trips;
  breaker.breaks_in_a_row = std::min(breaker.breaks_in_a_row + 1, 1'000'000);
  const milliseconds length = break_length(policy, breaker.breaks_in_a_row);
  const auto entered = open(breaker, now, std::max(length, remaining(breaker.pause, now)));
  return Settled{.counted = true, .entered = entered, .tripped = tripped};
}

Settled succeed(Breaker& breaker) {
  const bool recovered = breaker.state == BreakerState::half_open;
  if (recovered) return Settled{.counted = true, .entered = close(breaker), .recovered = true};
  breaker.streak.clear();
  breaker.bursts_in_a_row = 0;
  return Settled{.counted = true};
}

Settled no_verdict(Breaker& breaker, const HostTime& now) {
  return Settled{.counted = true, .neutral = true, .entered = free_probe(breaker, now)};
}

bool in_burst(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now) {
  return policy.grace > milliseconds(0) && breaker.burst && !anchored_elsewhere(*breaker.burst, now) &&
         elapsed(breaker.burst->since, now) <= policy.grace;
}

/// R20: the first drop opens a burst, anchored there; inside it everything is collateral.
Settled dropped(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Report& report) {
  if (in_burst(breaker, policy, now)) return no_verdict(breaker, now);
  breaker.burst = Span{now, policy.grace};
  breaker.bursts_in_a_row = std::min(breaker.bursts_in_a_row + 1, 1'000'000);
  const bool counts = policy.drop_counts_after > 0 && breaker.bursts_in_a_row >= policy.drop_counts_after;
  return counts ? fail_once(breaker, policy, now, report) : no_verdict(breaker, now);
}

/// R16: opens until the stated time, outside streak and back-off.
Settled limited(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Report& report) {
  const milliseconds hinted = std::min(report.retry_after.value_or(milliseconds(0)), policy.max_retry_after);
  if (hinted <= milliseconds(0)) return fail_once(breaker, policy, now, report);
  breaker.last_failure = LastFailure{report.outcome, report.message, now.wall};
  const bool tripped = breaker.state == BreakerState::closed;
  if (tripped) ++breaker.trips;
  const auto entered = open(breaker, now, std::max(hinted, remaining(breaker.pause, now)));
  return Settled{.counted = true, .entered = entered, .tripped = tripped};
}

/// R17: the hint of a call that began before the break may lengthen it, never shorten it.
void lengthen(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Report& report) {
  if (report.verdict != Verdict::rate_limited || !report.retry_after) return;
  const milliseconds left = remaining(breaker.pause, now);
  const milliseconds hinted = std::min(*report.retry_after, policy.max_retry_after);
  if (left > milliseconds(0) && hinted > left) breaker.pause = Span{now, hinted};
}

}  // namespace

std::string_view to_string(BreakerState state) { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<BreakerState> breaker_state_named(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i)
    if (kStateNames[i] == name) return static_cast<BreakerState>(i);
  return std::nullopt;
}

std::string_view to_string(PermitKind kind) { return kPermitNames[static_cast<std::size_t>(kind)]; }

milliseconds break_length(const BreakerPolicy& policy, int n) {
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
  if (breaker.state == BreakerState::open) {
    seen.retry_after = remaining(breaker.pause, now);
    if (seen.retry_after == milliseconds(0)) seen.state = BreakerState::half_open;
  }
  if (breaker.state == BreakerState::half_open) {
    const bool held = breaker.probe && breaker.probe->span.since.boot_id == now.boot_id;
    if (held) seen.retry_after = remaining(breaker.probe->span, now);
    if (seen.retry_after > milliseconds(0) || is_over(breaker.pause, now)) return seen;
    seen.state = BreakerState::open;  // the next decision goes back to the break that an early probe interrupted
    seen.retry_after = remaining(breaker.pause, now);
  }
  return seen;
}

Allowed allow(Breaker& breaker, const HostTime& now, const Claimant& claimant, const IsGone& is_gone,
              ProbeTime probe_time) {
  settle_into(breaker, now);
  const bool lost = breaker.probe && is_lost(*breaker.probe, now, is_gone);
  const auto back = lost ? free_probe(breaker, now) : std::nullopt;
  switch (breaker.state) {
    case BreakerState::closed:
    case BreakerState::disabled: return {Ticket{PermitKind::normal, breaker.generation, claimant.token}, std::nullopt};
    case BreakerState::forced_open: return {};
    case BreakerState::open:
      if (probe_time == ProbeTime::when_due && !is_over(breaker.pause, now)) return {Ticket{}, back};
      break;
    case BreakerState::half_open:
      if (breaker.probe) return {};
      break;
  }
  const Span rest = is_over(breaker.pause, now) ? Span{} : breaker.pause;
  const auto entered = enter(breaker, BreakerState::half_open);
  breaker.pause = rest;
  breaker.probe = ProbeLease{claimant.token, claimant.owner, Span{now, claimant.lease}};
  return {Ticket{PermitKind::probe, breaker.generation, claimant.token}, back ? std::nullopt : entered};
}

Settled settle(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Ticket& ticket,
               const Report& report) {
  if (ticket.kind == PermitKind::denied || ticket.kind == PermitKind::unguarded) return {};  // R10, R18
  if (!is_current(breaker, ticket)) {
    lengthen(breaker, policy, now, report);
    return {};
  }
  switch (report.verdict) {
    case Verdict::success: return succeed(breaker);
    case Verdict::failure: return fail_once(breaker, policy, now, report);
    case Verdict::neutral: return no_verdict(breaker, now);
    case Verdict::drop: return dropped(breaker, policy, now, report);
    case Verdict::connect_failure:
      return in_burst(breaker, policy, now) ? no_verdict(breaker, now) : fail_once(breaker, policy, now, report);
    case Verdict::rate_limited: return limited(breaker, policy, now, report);
  }
  return {};
}

std::optional<BreakerState> force_open(Breaker& breaker) { return enter(breaker, BreakerState::forced_open); }

std::optional<BreakerState> release(Breaker& breaker) {
  if (breaker.state != BreakerState::forced_open) return std::nullopt;
  return start_afresh(breaker);
}

std::optional<BreakerState> disable(Breaker& breaker) { return enter(breaker, BreakerState::disabled); }

std::optional<BreakerState> enable(Breaker& breaker) {
  if (breaker.state != BreakerState::disabled) return std::nullopt;
  return start_afresh(breaker);
}

std::optional<BreakerState> reset(Breaker& breaker) {
  breaker.last_failure.reset();
  return start_afresh(breaker);
}

std::optional<BreakerState> open_for(Breaker& breaker, const HostTime& now, milliseconds length) {
  return open(breaker, now, length);
}

}  // namespace delegate
