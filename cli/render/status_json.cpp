#include <algorithm>

#include "cli/render/quota_json.hpp"
#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"

namespace delegate::cli {
namespace {

OrderedJson to_object(const BackendStatus& backend, milliseconds now) {
  OrderedJson breaker{{"state", to_string(backend.breaker.state)},
                      {"failures", backend.breaker.failures},
                      {"threshold", backend.threshold},
                      {"cooldown_ms", backend.cooldown.count()},
                      {"retry_in_ms", backend.breaker.retry_after.count()},
                      {"trips", backend.trips}};
  // No vendor states a limit more exactly than to the second.
  const auto end = std::chrono::floor<std::chrono::seconds>(now + backend.breaker.retry_after);
  if (backend.breaker.limit_probe_in && backend.breaker.retry_after > milliseconds(0))
    breaker["until"] = format_rfc3339(end);
  put(breaker, "slow_probe_in_ms", backend.breaker.limit_probe_in);
  if (const auto& last = backend.last_failure)
    breaker["last_failure"] = {
        {"outcome", last->outcome}, {"message", last->message}, {"at", format_rfc3339(last->at)}};
  OrderedJson json{{"name", backend.name}, {"kind", backend.kind}, {"enabled", backend.enabled}};
  put(json, "installed", backend.installed);
  put(json, "path", backend.path);
  json["breaker"] = breaker;
  json["slots"] = {{"used", backend.slots_used}, {"max", backend.slots_max}, {"waiting", backend.waiting}};
  if (const auto& last = backend.last_attempt)
    json["last"] = {{"outcome", last->outcome}, {"at", format_rfc3339(last->started_at + last->took)}};
  if (!backend.quota.empty()) json["quota"] = quota_object(backend.quota);
  return json;
}

OrderedJson to_object(const GuardStatus& guard) {
  OrderedJson json{{"name", guard.name},
                   {"state", to_string(guard.breaker.state)},
                   {"failures", guard.failures},
                   {"skipped", guard.skipped},
                   {"retry_in_ms", guard.breaker.retry_after.count()}};
  put(json, "last_error", guard.last_error);
  return json;
}

}  // namespace

std::string to_json(const HostStatus& status) {
  OrderedJson store{{"kind", status.store.kind}};
  put(store, "path", status.store.path);
  store["ok"] = status.store.ok;
  put(store, "problem", status.store.problem);
  OrderedJson json{{"schema", "delegate.status/1"}, {"store", store}};
  json["backends"] = OrderedJson::array();
  for (const BackendStatus& backend : status.backends) json["backends"].push_back(to_object(backend, status.now));
  json["guards"] = OrderedJson::array();
  for (const GuardStatus& guard : status.guards) json["guards"].push_back(to_object(guard));
  json["unacknowledged"] = OrderedJson::array();
  for (const NotificationRow& row : status.unacknowledged)
    json["unacknowledged"].push_back({{"id", row.id},
                                      {"severity", to_string(row.severity)},
                                      {"title", row.title},
                                      {"count", row.count},
                                      {"last_seen", format_rfc3339(row.last_seen)}});
  return dump(json);
}

std::string to_json(const std::vector<GuardStatus>& guards, const std::string& schema) {
  OrderedJson json{{"schema", schema}, {"guards", OrderedJson::array()}};
  for (const GuardStatus& guard : guards) json["guards"].push_back(to_object(guard));
  return dump(json);
}

}  // namespace delegate::cli
