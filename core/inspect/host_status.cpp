#include "core/inspect/host_status.hpp"

namespace delegate::inspect {
namespace {

BackendStatus status_of(const Engine& engine, const std::string& name, const BackendSettings& settings) {
  BackendStatus out{.name = name,
                    .kind = settings.kind,
                    .enabled = settings.enabled,
                    .threshold = settings.breaker.threshold,
                    .cooldown = settings.breaker.cooldown,
                    .slots_max = settings.max_parallel};
  const auto candidate = find_candidate(engine, name);
  if (candidate) {
    out.path = candidate->where;
    if (candidate->backend->is_process()) out.installed = true;
  } else if (candidate.error().reason == UnavailableReason::not_installed) {
    out.installed = false;
  }
  return out;
}

void add_state(BackendStatus& out, const BackendState& state, const BreakerPolicy& policy, const HostTime& now,
               const Breakers& breakers) {
  out.breaker = view(state.breaker, policy, now);
  out.trips = state.breaker.trips;
  out.last_failure = state.breaker.last_failure;
  for (const SlotLease& slot : state.slots)
    if (remaining(slot.span, now) > milliseconds(0) && !breakers.is_dead(slot.owner)) ++out.slots_used;
  for (const SlotLease& place : state.waiting)
    if (remaining(place.span, now) > milliseconds(0) && !breakers.is_dead(place.owner)) ++out.waiting;
  // The next call takes over the lease of a dead prober.
  if (out.breaker.state == BreakerState::half_open && state.breaker.probe &&
      breakers.is_dead(state.breaker.probe->owner))
    out.breaker.retry_after = milliseconds(0);
}

GuardStatus status_of(const std::string& name, const GuardState& state, const HostTime& now) {
  const auto& last = state.breaker.last_failure;
  return {.name = name,
          .breaker = view(state.breaker, {}, now),
          .failures = state.failures,
          .skipped = state.skipped,
          .last_error = last ? last->message : ""};
}

Result<NotificationRows> unacknowledged(StateStore& store) {
  TRY(NotificationRows rows, store.notifications());
  NotificationRows open;
  for (NotificationRow& row : rows)
    if (row.severity != NotificationSeverity::info && !row.acknowledged_at) open.insert(open.begin(), std::move(row));
  return open;
}

}  // namespace

HostStatus status_of(const Engine& engine) {
  const Config& config = engine.config;
  HostStatus status{.now = engine.clock.now().wall};
  const auto reading = engine.breakers.read();
  if (engine.store != nullptr) status.store = engine.store->describe();
  else status.store = {.kind = config.state.store, .path = engine.store_path};
  const auto is_unreadable = [&](const Error& error) {
    status.store.ok = false;
    status.store.problem = error.what;
  };
  if (!reading) is_unreadable(reading.error());
  if (reading)
    for (const auto& [name, guard] : reading->guards)
      if (guard.failures > 0) status.guards.push_back(status_of(name, guard, reading->now));
  if (reading && engine.store != nullptr) {
    if (auto open = unacknowledged(*engine.store)) status.unacknowledged = *std::move(open);
    else is_unreadable(open.error());  // a trip must be recorded there, or no breaker opens
  }
  std::vector<AttemptRow> last;
  if (engine.ledger != nullptr && reading) last = engine.ledger->last_attempts().value_or(std::vector<AttemptRow>{});
  for (const std::string& name : config.candidates()) {
    const BackendSettings& settings = *config.backend(name);
    BackendStatus backend = status_of(engine, name, settings);
    if (reading)
      if (const auto known = reading->backends.find(name); known != reading->backends.end())
        add_state(backend, known->second, policy_of(settings.breaker, config.grace), reading->now, engine.breakers);
    for (const AttemptRow& attempt : last)
      if (attempt.backend == name) backend.last_attempt = attempt;
    status.backends.push_back(std::move(backend));
  }
  return status;
}

}  // namespace delegate::inspect
