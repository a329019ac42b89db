#include "core/inspect/health.hpp"

#include <algorithm>

#include "core/run/check.hpp"
#include "core/run/prepared_ask.hpp"

namespace delegate::inspect {
namespace {

constexpr milliseconds kReachableTimeout{1'000};

/// Would its breaker and its slots admit a call now?
bool is_admitted(const BackendStatus& backend) {
  const BreakerState state = backend.breaker.state;
  const bool admits = state == BreakerState::closed || state == BreakerState::disabled ||
                      (state == BreakerState::half_open && backend.breaker.retry_after == milliseconds(0));
  return backend.enabled && admits && backend.slots_used < backend.slots_max;
}

void read_store(const Engine& engine, Health& health) {
  const auto note = [&](const Error& error) {
    health.status.store.ok = false;
    if (health.status.store.problem.empty()) health.status.store.problem = error.what;
  };
  if (Jobs* all = engine.jobs()) {
    const auto counts = all->counts();
    const auto running = all->running();
    if (!counts || !running) return note(counts ? running.error() : counts.error());
    health.waiting = counts->waiting;
    for (const JobRow& job : *running)
      if (!engine.breakers.is_dead(job.owner)) ++health.running;
  }
  const auto rows = engine.store->notifications();
  if (!rows) return note(rows.error());
  health.pending = static_cast<int>(std::count_if(rows->begin(), rows->end(), is_outstanding));
}

}  // namespace

Health health_of(const Engine& engine, const CancelToken& cancel) {
  Health health{.status = status_of(engine)};
  const PreparedAsk prepared = prepare_ask(engine, Request{});
  for (const BackendStatus& backend : health.status.backends) {
    const auto asked = prepared.candidates.find(backend.name);
    const bool is_usable = asked != prepared.candidates.end() && asked->second;
    const bool is_ready =
        is_usable && is_admitted(backend) && is_reachable(asked->second->candidate, cancel, kReachableTimeout);
    if (backend.enabled) (is_ready ? health.ready : health.not_ready).insert(backend.name);
  }
  if (health.status.store.ok) read_store(engine, health);
  return health;
}

}  // namespace delegate::inspect
