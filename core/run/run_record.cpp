#include "core/run/run_record.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/base/json.hpp"
#include "core/run/change_remarks.hpp"

namespace delegate {
namespace {

OrderedJson to_object(const Attempt& attempt) {
  OrderedJson json{{"backend", attempt.backend},
                   {"outcome", to_string(attempt.outcome)},
                   {"counted", attempt.counted},
                   {"duration_ms", attempt.took.count()},
                   {"probe", attempt.probe}};
  put(json, "model", attempt.model);
  put(json, "message", attempt.message);
  if (!attempt.is_recognised) json["recognised"] = false;
  if (attempt.may_have_written) {
    json["may_have_written"] = true;
    json["written_files"] = attempt.written_files;
  }
  if (attempt.retry_at) json["retry_at"] = format_rfc3339(*attempt.retry_at);
  put(json, "exit_code", attempt.exit_code);
  if (attempt.tripped) json["tripped"] = true;
  if (attempt.recovered) json["recovered"] = true;
  return json;
}

OrderedJson to_object(const Skip& skip) {
  OrderedJson json{{"backend", skip.backend}, {"reason", to_string(skip.reason)}};
  put(json, "retry_in_ms", skip.retry_in);
  put(json, "message", skip.message);
  put(json, "cause", skip.cause);
  if (skip.until) json["until"] = format_rfc3339(*skip.until);
  return json;
}

OrderedJson to_object(const WindowView& window) {
  constexpr double kDigits = 1e6;  // a difference of two shares has more, which mean nothing
  OrderedJson json{{"window", window.name}, {"left", std::round(window.left() * kDigits) / kDigits}};
  if (window.ends_at) json["until"] = format_rfc3339(*window.ends_at);
  return json;
}

OrderedJson to_object(const Preference& preference) {
  OrderedJson json{{"backend", preference.backend}};
  if (!preference.window.name.empty()) json["quota"] = to_object(preference.window);
  if (preference.was_used_last) json["was_used_last"] = true;
  json["before"] = preference.before;
  json["before_quota"] = to_object(preference.before_window);
  return json;
}

OrderedJson to_object(const Usage& usage) {
  OrderedJson json = OrderedJson::object();
  put(json, "input_tokens", usage.input_tokens);
  put(json, "output_tokens", usage.output_tokens);
  put(json, "cost_usd", usage.cost_usd);
  return json;
}

std::string text_member(const OrderedJson& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
}

/// As format_rfc3339 writes it.
std::optional<milliseconds> time_member(const OrderedJson& json, const char* key) {
  const std::string text = text_member(json, key);
  std::tm parts{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  const std::chrono::seconds seconds(::timegm(&parts));
  return *rest == '.' ? seconds + milliseconds(std::atoi(rest + 1)) : seconds;
}

}  // namespace

std::string to_json(const RunResult& result) {
  OrderedJson json{{"schema", "delegate.ask/1"}, {"run_id", result.run_id}, {"outcome", to_string(result.outcome)}};
  if (const auto& answer = result.answer) {
    json["answer"] = answer->text;
    json["backend"] = answer->backend;
    json["kind"] = answer->kind;
    put(json, "model", answer->model);
    if (answer->is_truncated) json["truncated"] = true;
  }
  json["requested_backend"] = result.requested_backend;
  json["task_type"] = to_string(result.type.type);
  put(json, "task_type_word", std::string(result.type.word));
  json["degraded"] = is_degraded(result);
  json["attempts"] = OrderedJson::array();
  for (const Attempt& attempt : result.attempts) json["attempts"].push_back(to_object(attempt));
  json["skipped"] = OrderedJson::array();
  for (const Skip& skip : result.skips) json["skipped"].push_back(to_object(skip));
  if (const std::string changes = to_json(result.change); !changes.empty())
    json["changes"] = OrderedJson::parse(changes);
  if (!result.still_probing.empty()) json["still_probing"] = result.still_probing;
  if (const auto& answer = result.answer) {
    json["usage"] = to_object(answer->usage);
    put(json, "session_id", answer->session_id);
  }
  json["duration_ms"] = result.took.count();
  for (const Preference& preference : result.preferences) json["preferences"].push_back(to_object(preference));
  json["warnings"] = result.warnings;
  if (!result.answer) {
    json["error"] = {{"outcome", to_string(result.outcome)}, {"message", result.message}};
    put(json["error"], "hint", result.hint);
    if (result.next.retry_at) json["error"]["retry_at"] = format_rfc3339(*result.next.retry_at);
    put(json["error"], "who_answers", result.next.who_answers);
    if (result.next.continues) json["error"]["continues"] = true;
    if (!result.half_change.parts.empty()) json["error"]["half_done"] = true;
  }
  return dump(json);
}

RunRecord to_record(const RunResult& result) {
  RunRecord record{.json = to_json(result), .took = result.took, .changes = to_json(result.change)};
  if (const auto& answer = result.answer) {
    record.answer = answer->text;
    record.backend = answer->backend;
    record.model = answer->model;
    record.session_id = answer->session_id;
    return record;
  }
  record.outcome = to_string(result.outcome);
  record.message = result.message;
  record.hint = result.hint;
  record.next = result.next;
  return record;
}

RunRecord to_record(const Error& error, std::string_view outcome) {
  return {
      .json = error_record(error, outcome), .outcome = std::string(outcome), .message = error.what, .hint = error.hint};
}

std::optional<SkipReason> skip_reason_named(std::string_view name) {
  constexpr int kLast = static_cast<int>(SkipReason::state_unusable);
  for (int i = 0; i <= kLast; ++i)
    if (to_string(static_cast<SkipReason>(i)) == name) return static_cast<SkipReason>(i);
  return std::nullopt;
}

RunRecord parse_run_record(std::string text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  RunRecord record{.json = std::move(text)};
  if (!json.is_object()) return record;
  if (json.contains("answer") && json["answer"].is_string()) record.answer = json["answer"].get<std::string>();
  record.backend = text_member(json, "backend");
  record.model = text_member(json, "model");
  record.session_id = text_member(json, "session_id");
  if (json.contains("duration_ms") && json["duration_ms"].is_number())
    record.took = milliseconds(json["duration_ms"].get<std::int64_t>());
  if (json.contains("changes") && json["changes"].is_object()) record.changes = dump(json["changes"]);
  if (record.answer || !json.contains("error")) return record;
  record.outcome = text_member(json["error"], "outcome");
  record.message = text_member(json["error"], "message");
  record.hint = text_member(json["error"], "hint");
  const OrderedJson& error = json["error"];
  record.next = {time_member(error, "retry_at"), text_member(error, "who_answers"),
                 error.is_object() && error.contains("continues") && error["continues"] == true};
  return record;
}

std::string error_record(const Error& error, std::string_view outcome) {
  OrderedJson json{{"schema", "delegate.error/1"}, {"error", {{"outcome", outcome}, {"message", error.what}}}};
  put(json["error"], "hint", error.hint);
  return dump(json);
}

int exit_code_of(const RunResult& result) {
  if (result.answer && result.change.is_unapplied()) return kAllFailed;
  const int own = traits(result.outcome).exit_code;
  const bool several = result.attempts.size() > 1;
  const bool ended_from_outside = result.outcome == Outcome::deadline_passed || result.outcome == Outcome::cancelled;
  return several && own != kAnswered && own != kNothingInstalled && !ended_from_outside ? kAllFailed : own;
}

}  // namespace delegate
