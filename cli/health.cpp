#include <algorithm>

#include "cli/commands.hpp"
#include "cli/host_status.hpp"
#include "cli/json.hpp"
#include "cli/render.hpp"
#include "core/base/duration.hpp"

// One glance for scripts: can a question be answered now? Reads, starts nothing.
namespace delegate::cli {
namespace {

constexpr int kUnhealthy = 1;

/// Of a server nothing is known but how the last call went.
bool was_unreachable(const BackendStatus& backend) {
  if (backend.installed || !backend.last_attempt) return false;
  const auto outcome = outcome_named(backend.last_attempt->outcome);
  return outcome == Outcome::unreachable || outcome == Outcome::connect_timeout;
}

/// Would a question be let through to it now?
bool is_ready(const BackendStatus& backend) {
  const BreakerState state = backend.breaker.state;
  const bool admits = state == BreakerState::closed || state == BreakerState::disabled ||
                      (state == BreakerState::half_open && backend.breaker.retry_after == milliseconds(0));
  return backend.enabled && backend.installed != false && admits && !was_unreachable(backend);
}

struct Health {
  HostStatus status;
  int ready = 0;
  int waiting = 0;
  int running = 0;
  int owed = 0;
  bool ok() const { return status.store.ok && ready > 0; }
};

Health health_of(const Host& host, const Config& config) {
  Health health{.status = status_of(host, config)};
  const auto& backends = health.status.backends;
  health.ready = static_cast<int>(std::count_if(backends.begin(), backends.end(), is_ready));
  if (!health.status.store.ok) return health;
  if (Jobs* jobs = host.store()->jobs())
    for (const JobRow& job : jobs->list().value_or(std::vector<JobRow>{})) {
      if (job.state == JobRow::State::waiting) ++health.waiting;
      if (job.state == JobRow::State::running && !host.engine().breakers.is_gone(job.owner)) ++health.running;
    }
  for (const NotificationRow& row : host.store()->notifications().value_or(NotificationRows{}))
    if (is_untold(row)) ++health.owed;
  return health;
}

Json to_object(const BackendStatus& backend) {
  Json json{{"name", backend.name}, {"ready", is_ready(backend)}, {"state", to_string(backend.breaker.state)}};
  if (!is_ready(backend)) json["retry_in_ms"] = backend.breaker.retry_after.count();
  if (const auto& last = backend.last_failure; last && !is_ready(backend)) json["outcome"] = last->outcome;
  return json;
}

std::string to_json(const Health& health) {
  Json json{{"schema", "delegate.health/1"}, {"ok", health.ok()}};
  json["store"] = {{"kind", health.status.store.kind}, {"ok", health.status.store.ok}};
  put(json["store"], "problem", health.status.store.problem);
  json["backends"] = Json::array();
  for (const BackendStatus& backend : health.status.backends)
    if (backend.enabled) json["backends"].push_back(to_object(backend));
  json["queue"] = {{"waiting", health.waiting}, {"running", health.running}};
  json["open_circuits"] = Json::array();
  for (const GuardStatus& guard : health.status.guards)
    if (guard.breaker.state != BreakerState::closed)
      json["open_circuits"].push_back({{"name", guard.name},
                                       {"failures", guard.failures},
                                       {"last_error", guard.last_error},
                                       {"skipped", guard.skipped}});
  json["notifications"] = {{"unacknowledged", health.status.unacknowledged.size()}, {"owed", health.owed}};
  return dump(json);
}

std::string names_where(const Health& health, bool ready) {
  std::string names;
  for (const BackendStatus& backend : health.status.backends)
    if (backend.enabled && is_ready(backend) == ready) names += (names.empty() ? "" : ", ") + backend.name;
  return names.empty() ? "none" : names;
}

std::string to_text(const Health& health) {
  const StateStore::Description& store = health.status.store;
  std::vector<std::vector<std::string>> rows{
      {"health", health.ok() ? "ok" : "not ok"},
      {"ready", names_where(health, true)},
      {"not ready", names_where(health, false)},
      {"state", store.kind + (store.ok ? ", ok" : ", cannot be used: " + store.problem)},
      {"queue", std::to_string(health.running) + " running, " + std::to_string(health.waiting) + " waiting"}};
  for (const GuardStatus& guard : health.status.guards)
    if (guard.breaker.state != BreakerState::closed)
      rows.push_back({"left out", guard.name + ", " + std::to_string(guard.skipped) + " times: " + guard.last_error});
  const std::size_t unseen = health.status.unacknowledged.size();
  if (unseen > 0) rows.push_back({"unseen", std::to_string(unseen) + ", see `delegate notifications`"});
  return table(rows);
}

}  // namespace

int run_health(const World& world, const Config& config, const HealthCommand& command) {
  const Output output(world);
  const Host host(world, config);
  const Health health = health_of(host, config);
  const int written = output.answer(command.json ? to_json(health) + "\n" : to_text(health));
  if (written != 0) return written;
  return health.ok() ? 0 : kUnhealthy;
}

}  // namespace delegate::cli
