#include "core/run/warm_up.hpp"

#include <algorithm>

#include "core/run/http_call.hpp"

namespace delegate {

std::optional<Candidate> to_warm_up(const Engine& engine, const RunResult& result) {
  const RouterSettings& router = engine.config.router;
  if (!router.warm_up || !router.fallback || router.local.empty()) return std::nullopt;
  const auto& attempts = result.attempts;
  const bool tripped = std::any_of(attempts.begin(), attempts.end(), [](const Attempt& one) { return one.tripped; });
  const bool asked =
      std::any_of(attempts.begin(), attempts.end(), [&](const Attempt& one) { return one.backend == router.local; });
  if (!tripped || asked) return std::nullopt;
  auto local = find_candidate(engine, router.local);
  if (!local || local->backend->is_process()) return std::nullopt;
  // A failure would count for all runs.
  if (local->task.settings.changed_by.distrust != Distrust::nothing) return std::nullopt;
  const auto known = engine.breakers.read();
  if (!known) return std::nullopt;
  const auto state = known->backends.find(router.local);
  const bool is_off = state != known->backends.end() && state->second.breaker.state == BreakerState::forced_open;
  return is_off ? std::nullopt : std::optional(*std::move(local));
}

void warm_up(const Engine& engine, const Candidate& local, const CancelToken& cancel) {
  // The result is ignored: the run has ended already, and the guard keeps what failed.
  static_cast<void>(guard_fail_open(engine.guards, "warm_up", [&]() -> Status {
    const OnParsed ignored;
    CallEnd call;
    HttpCall server(*local.backend, local.task, {}, cancel, ignored);
    if (server.look_up(call) && server.load(call)) return {};
    if (cancel.cancelled()) return fail(Code::cancelled, local.name + ": interrupted");
    if (is_unreachable(call.failure.outcome)) return {};  // nothing to warm up
    return fail(Code::unavailable, local.name + ": " + engine.redact(call.failure.message));
  }));
}

}  // namespace delegate
