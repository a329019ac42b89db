#include <algorithm>
#include <set>

#include "cli/commands.hpp"
#include "cli/host_status.hpp"
#include "cli/json.hpp"
#include "cli/render.hpp"
#include "core/base/text.hpp"
#include "core/run/check.hpp"

// One glance for scripts: can a question be answered now? Reads, starts nothing, and asks a server only for its models.
namespace delegate::cli {
namespace {

constexpr int kUnhealthy = 1;

constexpr milliseconds kServerPatience{1'000};

/// Would a question be let through to it now?
bool is_admitted(const BackendStatus& backend) {
  const BreakerState state = backend.breaker.state;
  const bool admits = state == BreakerState::closed || state == BreakerState::disabled ||
                      (state == BreakerState::half_open && backend.breaker.retry_after == milliseconds(0));
  return backend.enabled && admits && backend.slots_used < backend.slots_max;
}

struct Health {
  HostStatus status;
  std::set<std::string> ready;      // whom a question can go to now
  std::set<std::string> not_ready;  // … or could, were they not
  int waiting = 0;
  int running = 0;
  int owed = 0;
  bool ok() const { return status.store.ok && !ready.empty(); }
};

void look_at_store(const Host& host, Health& health) {
  const auto note = [&](const Error& error) {
    health.status.store.ok = false;
    if (health.status.store.problem.empty()) health.status.store.problem = error.what;
  };
  if (Jobs* all = host.store()->jobs()) {
    const auto jobs = all->list();
    if (!jobs) return note(jobs.error());
    for (const JobRow& job : *jobs) {
      if (host.engine().breakers.is_dead(job.owner)) continue;
      if (job.state == JobRow::State::waiting || job.state == JobRow::State::aside) ++health.waiting;
      if (job.state == JobRow::State::running) ++health.running;
    }
  }
  const auto rows = host.store()->notifications();
  if (!rows) return note(rows.error());
  health.owed = static_cast<int>(std::count_if(rows->begin(), rows->end(), is_untold));
}

Health health_of(const World& world, const Host& host, const Config& config) {
  Health health{.status = status_of(host, config)};
  const Engine& engine = host.engine();
  std::set<std::string> asked;
  for (const RouteStep& step : plan_for(engine, Request{}).steps) asked.insert(step.backend);
  for (const BackendStatus& backend : health.status.backends) {
    const bool is_ready = asked.count(backend.name) > 0 && is_admitted(backend) &&
                          is_reachable(engine, backend.name, world.interrupted, kServerPatience);
    if (backend.enabled) (is_ready ? health.ready : health.not_ready).insert(backend.name);
  }
  if (health.status.store.ok) look_at_store(host, health);
  return health;
}

Json to_object(const BackendStatus& backend, bool is_ready) {
  Json json{{"name", backend.name}, {"ready", is_ready}, {"state", to_string(backend.breaker.state)}};
  if (backend.installed) json["installed"] = *backend.installed;
  if (backend.breaker.retry_after > milliseconds(0)) json["retry_in_ms"] = backend.breaker.retry_after.count();
  if (const auto& last = backend.last_failure; last && !is_ready) json["outcome"] = last->outcome;
  return json;
}

std::string to_json(const Health& health) {
  Json json{{"schema", "delegate.health/1"}, {"ok", health.ok()}};
  json["store"] = {{"kind", health.status.store.kind}, {"ok", health.status.store.ok}};
  put(json["store"], "problem", health.status.store.problem);
  json["backends"] = Json::array();
  for (const BackendStatus& backend : health.status.backends)
    if (backend.enabled) json["backends"].push_back(to_object(backend, health.ready.count(backend.name) > 0));
  json["open_circuits"] = Json::array();
  for (const GuardStatus& guard : health.status.guards)
    if (guard.breaker.state != BreakerState::closed)
      json["open_circuits"].push_back({{"name", guard.name},
                                       {"failures", guard.failures},
                                       {"last_error", guard.last_error},
                                       {"skipped", guard.skipped}});
  if (!health.status.store.ok) return dump(json);  // nothing is known of these
  json["queue"] = {{"waiting", health.waiting}, {"running", health.running}};
  json["notifications"] = {{"unacknowledged", health.status.unacknowledged.size()}, {"owed", health.owed}};
  return dump(json);
}

std::string names_of(const std::set<std::string>& backends) {
  return backends.empty() ? "none" : join(std::vector<std::string>(backends.begin(), backends.end()), ", ");
}

std::string to_text(const Health& health) {
  const StateStore::Description& store = health.status.store;
  std::vector<std::vector<std::string>> rows{
      {"health", health.ok() ? "ok" : "not ok"},
      {"ready", names_of(health.ready)},
      {"not ready", names_of(health.not_ready)},
      {"state", store.kind + (store.ok ? ", ok" : ", cannot be used: " + store.problem)}};
  if (store.ok)
    rows.push_back(
        {"queue", std::to_string(health.running) + " running, " + std::to_string(health.waiting) + " waiting"});
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
  const Health health = health_of(world, host, config);
  const int written = output.answer(command.json ? to_json(health) + "\n" : to_text(health));
  if (written != 0) return written;
  return health.ok() ? 0 : kUnhealthy;
}

}  // namespace delegate::cli
