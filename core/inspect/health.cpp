#include "core/inspect/health.hpp"

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
  return health;
}

}  // namespace delegate::inspect
