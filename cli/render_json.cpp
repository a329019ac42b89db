#include <algorithm>

#include "cli/json.hpp"
#include "cli/render.hpp"
#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

Json to_object(const Attempt& attempt) {
  Json json{{"backend", attempt.backend},
            {"outcome", to_string(attempt.outcome)},
            {"counted", attempt.counted},
            {"duration_ms", attempt.took.count()},
            {"probe", attempt.probe}};
  put(json, "model", attempt.model);
  put(json, "message", attempt.message);
  if (attempt.retry_at) json["retry_at"] = format_rfc3339(*attempt.retry_at);
  put(json, "exit_code", attempt.exit_code);
  return json;
}

Json to_object(const Skip& skip) {
  Json json{{"backend", skip.backend}, {"reason", to_string(skip.reason)}};
  put(json, "retry_in_ms", skip.retry_in);
  put(json, "message", skip.message);
  return json;
}

Json to_object(const Usage& usage) {
  Json json = Json::object();
  put(json, "input_tokens", usage.input_tokens);
  put(json, "output_tokens", usage.output_tokens);
  put(json, "cost_usd", usage.cost_usd);
  return json;
}

/// Answered, but not by the one that would have been asked on a good day.
bool is_degraded(const RunResult& result) {
  if (std::any_of(result.skips.begin(), result.skips.end(), is_news)) return true;
  return !result.answer || result.attempts.size() > 1 || !result.still_probing.empty();
}

Json to_object(const BackendStatus& backend, milliseconds now) {
  Json breaker{{"state", to_string(backend.breaker.state)},
               {"failures", backend.breaker.failures},
               {"threshold", backend.threshold},
               {"cooldown_ms", backend.cooldown.count()},
               {"retry_in_ms", backend.breaker.retry_after.count()},
               {"trips", backend.trips}};
  // A second is as exact as any vendor's word.
  const auto end = std::chrono::floor<std::chrono::seconds>(now + backend.breaker.retry_after);
  if (backend.breaker.limit_probe_in && backend.breaker.retry_after > milliseconds(0))
    breaker["until"] = format_rfc3339(end);
  put(breaker, "slow_probe_in_ms", backend.breaker.limit_probe_in);
  if (const auto& last = backend.last_failure)
    breaker["last_failure"] = {
        {"outcome", last->outcome}, {"message", last->message}, {"at", format_rfc3339(last->at)}};
  Json json{{"name", backend.name}, {"kind", backend.kind}, {"enabled", backend.enabled}};
  put(json, "installed", backend.installed);
  put(json, "path", backend.path);
  json["breaker"] = breaker;
  json["slots"] = {{"used", backend.slots_used}, {"max", backend.slots_max}};
  if (const auto& last = backend.last_attempt)
    json["last"] = {{"outcome", last->outcome}, {"at", format_rfc3339(last->started_at + last->took)}};
  return json;
}

Json to_object(const GuardStatus& guard) {
  Json json{{"name", guard.name},
            {"state", to_string(guard.breaker.state)},
            {"failures", guard.failures},
            {"skipped", guard.skipped},
            {"retry_in_ms", guard.breaker.retry_after.count()}};
  put(json, "last_error", guard.last_error);
  return json;
}

}  // namespace

std::string to_json(const RunResult& result) {
  Json json{{"schema", "delegate.ask/1"}, {"run_id", result.run_id}, {"outcome", to_string(result.outcome)}};
  if (const auto& answer = result.answer) {
    json["answer"] = answer->text;
    json["backend"] = answer->backend;
    json["kind"] = answer->kind;
    put(json, "model", answer->model);
  }
  json["requested_backend"] = result.requested_backend;
  json["task_type"] = to_string(result.type.type);
  put(json, "task_type_word", std::string(result.type.word));
  json["degraded"] = is_degraded(result);
  json["attempts"] = Json::array();
  for (const Attempt& attempt : result.attempts) json["attempts"].push_back(to_object(attempt));
  json["skipped"] = Json::array();
  for (const Skip& skip : result.skips) json["skipped"].push_back(to_object(skip));
  if (!result.still_probing.empty()) json["still_probing"] = result.still_probing;
  if (const auto& answer = result.answer) {
    json["usage"] = to_object(answer->usage);
    put(json, "session_id", answer->session_id);
  }
  json["duration_ms"] = result.took.count();
  json["warnings"] = result.warnings;
  if (!result.answer) {
    json["error"] = {{"outcome", to_string(result.outcome)}, {"message", result.message}};
    put(json["error"], "hint", result.hint);
  }
  return dump(json);
}

std::string to_json(const Error& error, std::string_view outcome) {
  Json json{{"schema", "delegate.error/1"}, {"error", {{"outcome", outcome}, {"message", error.what}}}};
  put(json["error"], "hint", error.hint);
  return dump(json);
}

std::string to_json(const HostStatus& status) {
  Json store{{"kind", status.store.kind}};
  put(store, "path", status.store.path);
  store["ok"] = status.store.ok;
  put(store, "problem", status.store.problem);
  Json json{{"schema", "delegate.status/1"}, {"store", store}};
  json["backends"] = Json::array();
  for (const BackendStatus& backend : status.backends) json["backends"].push_back(to_object(backend, status.now));
  json["guards"] = Json::array();
  for (const GuardStatus& guard : status.guards) json["guards"].push_back(to_object(guard));
  json["unacknowledged"] = Json::array();
  for (const NotificationRow& row : status.unacknowledged)
    json["unacknowledged"].push_back({{"id", row.id},
                                      {"severity", to_string(row.severity)},
                                      {"title", row.title},
                                      {"count", row.count},
                                      {"last_seen", format_rfc3339(row.last_seen)}});
  return dump(json);
}

std::string to_json(const std::vector<GuardStatus>& guards, const std::string& schema) {
  Json json{{"schema", schema}, {"guards", Json::array()}};
  for (const GuardStatus& guard : guards) json["guards"].push_back(to_object(guard));
  return dump(json);
}

std::string to_json(const std::vector<CheckRow>& rows, const std::string& schema) {
  Json json{{"schema", schema}, {"backends", Json::array()}};
  for (const CheckRow& row : rows) {
    Json object{{"name", row.name}, {"kind", row.kind}, {"state", row.state}};
    put(object, "path", row.path);
    put(object, "detail", row.detail);
    put(object, "hint", row.hint);
    put(object, "duration_ms", row.took);
    json["backends"].push_back(object);
  }
  return dump(json);
}

}  // namespace delegate::cli
