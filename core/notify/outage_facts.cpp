#include "core/notify/outage_facts.hpp"

#include "core/run/check.hpp"
#include "core/run/hints.hpp"
#include "core/run/prepared_ask.hpp"
#include "core/state/shared_drops.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kServerTimeout{1'000};

bool is_blocked_by_breaker(const Breaker& breaker) {
  return breaker.state == BreakerState::open || breaker.state == BreakerState::half_open ||
         breaker.state == BreakerState::forced_open;
}

std::vector<Substitute> substitutes(const ProcessFacts& process, const Engine& engine, Servers servers) {
  std::vector<Substitute> found;
  const auto reading = engine.breakers.read();
  const PreparedAsk prepared = prepare_ask(engine, Request{});
  for (const RouteStep& step : prepared.plan.steps) {
    if (step.ignores_reserve) continue;  // its second turn
    const auto state = reading ? reading->backends.find(step.backend) : BackendStates::const_iterator{};
    const bool known = reading && state != reading->backends.end();
    if (known && is_blocked_by_breaker(state->second.breaker)) continue;
    const auto& here = prepared.candidates.at(step.backend);
    Substitute one{step.backend};
    const bool is_assumed = servers == Servers::assume && here && !here->candidate.backend->is_process();
    if (is_assumed || (here && is_reachable(here->candidate, process.interrupted, kServerTimeout, &one.model)))
      found.push_back(std::move(one));
  }
  return found;
}

OutageWords words_about(const Engine& engine, const NotificationRow& row) {
  const BackendSettings* known = engine.config.backend(row.subject);
  Task task;
  if (known != nullptr) task.settings = *known;
  const Backend* backend = known == nullptr ? nullptr : engine.find_backend(known->kind);
  task.settings.name = row.subject;
  task.environment = engine.environment;
  return {std::string(notice_title_for(backend, task, row.outcome)), notice_for(backend, task, row.outcome)};
}

/// Read in advance: the texts are made while the store is locked.
std::map<std::string, std::vector<WindowView>> windows_of_all(const Engine& engine) {
  std::map<std::string, std::vector<WindowView>> windows;
  if (const auto reading = engine.breakers.read())
    for (const auto& [name, state] : reading->backends) windows[name] = current_windows(state.quota, reading->now.wall);
  return windows;
}

}  // namespace

OutageFacts outage_facts(const ProcessFacts& process, const Engine& engine, Servers servers) {
  return {.now = engine.clock.now().wall,
          .answering = substitutes(process, engine, servers),
          .settings = engine.config.notify,
          .words_for = [&engine](const NotificationRow& row) { return words_about(engine, row); },
          .quota_for =
              [&engine, windows = windows_of_all(engine)](const NotificationRow& row) {
                const BackendSettings* settings = engine.config.backend(row.subject);
                const auto known = windows.find(row.subject);
                return QuotaFacts{.windows = known == windows.end() ? std::vector<WindowView>{} : known->second,
                                  .may_avoid_extra = settings != nullptr && settings->overage == "warn",
                                  .is_extra_allowed = settings != nullptr && settings->overage == "allow"};
              }};
}

}  // namespace delegate::notify
