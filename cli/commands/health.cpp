#include <algorithm>
#include <set>

#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/inspect/health.hpp"

// For scripts: can a prompt be answered now? Starts nothing; a server is only asked for its models.
namespace delegate::cli {
namespace {

constexpr int kUnhealthy = 1;

constexpr OptionRow kHealthOptions[] = {json_flag("Print JSON")};

OrderedJson to_object(const BackendStatus& backend, bool is_ready) {
  OrderedJson json{{"name", backend.name}, {"ready", is_ready}, {"state", to_string(backend.breaker.state)}};
  if (backend.installed) json["installed"] = *backend.installed;
  if (backend.breaker.retry_after > milliseconds(0)) json["retry_in_ms"] = backend.breaker.retry_after.count();
  if (const auto& last = backend.last_failure; last && !is_ready) json["outcome"] = last->outcome;
  return json;
}

std::string health_json(const Health& health) {
  OrderedJson json{{"schema", "delegate.health/1"}, {"ok", health.ok()}};
  json["store"] = {{"kind", health.status.store.kind}, {"ok", health.status.store.ok}};
  put(json["store"], "problem", health.status.store.problem);
  json["backends"] = OrderedJson::array();
  for (const BackendStatus& backend : health.status.backends)
    if (backend.enabled) json["backends"].push_back(to_object(backend, health.ready.count(backend.name) > 0));
  json["open_circuits"] = OrderedJson::array();
  for (const GuardStatus& guard : health.status.guards)
    if (guard.breaker.state != BreakerState::closed)
      json["open_circuits"].push_back({{"name", guard.name},
                                       {"failures", guard.failures},
                                       {"last_error", guard.last_error},
                                       {"skipped", guard.skipped}});
  const QueueStatus& queue = health.status.queue;
  if (queue.problem.empty()) json["queue"] = {{"waiting", queue.waiting}, {"running", queue.running}};
  else json["queue"] = {{"problem", queue.problem}};
  if (health.status.notifications_problem.empty())
    json["notifications"] = {{"unacknowledged", health.status.unacknowledged.size()}, {"owed", health.status.pending}};
  else json["notifications"] = {{"problem", health.status.notifications_problem}};
  return dump(json);
}

std::string names_of(const std::set<std::string>& backends) {
  return backends.empty() ? "none" : join(std::vector<std::string>(backends.begin(), backends.end()), ", ");
}

std::string health_text(const Health& health) {
  const StateStore::Description& store = health.status.store;
  std::vector<std::vector<std::string>> rows{
      {"health", health.ok() ? "ok" : "not ok"},
      {"ready", names_of(health.ready)},
      {"not ready", names_of(health.not_ready)},
      {"state", store.kind + (store.ok ? ", ok" : ", cannot be used: " + store.problem)}};
  const QueueStatus& queue = health.status.queue;
  if (health.status.is_readable)
    rows.push_back({"queue", queue.problem.empty() ? std::to_string(queue.running) + " running, " +
                                                         std::to_string(queue.waiting) + " queued"
                                                   : "cannot be read: " + queue.problem});
  for (const GuardStatus& guard : health.status.guards)
    if (guard.breaker.state != BreakerState::closed)
      rows.push_back(
          {"paused", guard.name + ", " + std::to_string(guard.skipped) + " times skipped: " + guard.last_error});
  const std::size_t unacknowledged = health.status.unacknowledged.size();
  if (health.status.is_readable && !health.status.notifications_problem.empty())
    rows.push_back({"notifications", "cannot be read: " + health.status.notifications_problem});
  if (unacknowledged > 0)
    rows.push_back({"unacknowledged", std::to_string(unacknowledged) + ", see `delegate notifications`"});
  return table(rows);
}

CommandResult run_health(const CommandContext& context, const NoOptions&) {
  const Health health = health_of(context.engine(), context.world.interrupted);
  context.report_notice();
  const int written = context.output.answer(context.world.json ? health_json(health) + "\n" : health_text(health));
  if (written != 0) return written;
  return health.ok() ? kAnswered : kUnhealthy;
}

}  // namespace

extern constexpr CommandRow kHealth{
    .name = "health",
    .group = kOperateGroup,
    .help = "Check whether delegate can answer now: store, backends, queue",
    .more =
        "For scripts and monitoring. The exit status is 0 if at least one backend is ready and the state can be used, "
        "else 1. Starts nothing and calls no model: a server counts as ready until a call could not reach it.",
    .options = kHealthOptions,
    .needs = Needs::host,
    .run = run_with<run_health>};

}  // namespace delegate::cli
