#include "cli/render/runs.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"

namespace delegate::cli {
namespace {

void put_usage(OrderedJson& json, const Usage& usage) {
  OrderedJson out = OrderedJson::object();
  put(out, "input_tokens", usage.input_tokens);
  put(out, "output_tokens", usage.output_tokens);
  put(out, "cost_usd", usage.cost_usd);
  if (!out.empty()) json["usage"] = std::move(out);
}

void put_text(OrderedJson& json, const char* key, const std::optional<KeptText>& kept) {
  if (kept) json[key] = {{"text", kept->text}, {"bytes", kept->size}, {"whole", kept->is_whole()}};
}

OrderedJson to_list(const std::vector<WindowView>& windows) {
  OrderedJson list = OrderedJson::array();
  for (const WindowView& window : windows) {
    OrderedJson one{{"name", window.name}, {"used", window.used}};
    if (window.ends_at) one["ends_at"] = format_rfc3339(*window.ends_at);
    list.push_back(std::move(one));
  }
  return list;
}

void put_quota(OrderedJson& json, const AttemptRow& attempt) {
  if (attempt.quota_before.empty() && attempt.quota_after.empty()) return;
  json["quota"] = {{"before", to_list(attempt.quota_before)}, {"after", to_list(attempt.quota_after)}};
  if (attempt.billed_extra) json["quota"]["billed_extra"] = true;
}

OrderedJson to_object(const AttemptRow& attempt) {
  OrderedJson json{{"backend", attempt.backend},
                   {"outcome", attempt.outcome},
                   {"counted", attempt.counted},
                   {"probe", attempt.probe},
                   {"tripped", attempt.tripped},
                   {"recovered", attempt.recovered},
                   {"started_at", format_rfc3339(attempt.started_at)},
                   {"duration_ms", attempt.took.count()}};
  put(json, "model", attempt.model);
  put(json, "message", attempt.message);
  put(json, "exit_code", attempt.exit_code);
  if (attempt.retry_at) json["retry_at"] = format_rfc3339(*attempt.retry_at);
  put(json, "session_id", attempt.session_id);
  put_usage(json, attempt.usage);
  put_quota(json, attempt);
  return json;
}

OrderedJson to_object(const PastRun& run) {
  const RunRow& row = run.row;
  const bool waits = run.state == PastRun::State::waiting;
  OrderedJson json{{"run_id", row.id},
                   {waits ? "submitted_at" : "started_at", format_rfc3339(row.started_at)},
                   {"outcome", std::string(outcome_or_state(run))}};
  if (run.in_background) json["state"] = waits ? "waiting" : "working";
  put(json, "doing", run.doing);
  put(json, "requested_backend", row.requested_backend);
  put(json, "task_type", row.task_type);
  put(json, "cwd", row.cwd);
  put(json, "summary", row.summary);
  put(json, "backend", row.backend);
  put(json, "model", row.model);
  put(json, "session_id", row.session_id);
  put(json, "duration_ms", row.took);
  put_usage(json, row.usage);
  json["attempts"] = OrderedJson::array();
  for (const AttemptRow& attempt : run.attempts) json["attempts"].push_back(to_object(attempt));
  return json;
}

OrderedJson to_object(const SkipRow& skip) {
  OrderedJson json{{"backend", skip.backend}, {"reason", skip.reason}};
  put(json, "retry_in_ms", skip.retry_in);
  put(json, "message", skip.message);
  return json;
}

OrderedJson to_object(const BackendTotals& totals) {
  const Score score = score_of(totals);
  OrderedJson json{{"backend", totals.backend}, {"calls", score.calls},  {"answered", score.answered},
                   {"failed", score.failed},    {"trips", totals.trips}, {"outcomes", totals.outcomes}};
  put(json, "p50_ms", totals.p50);
  put(json, "p95_ms", totals.p95);
  put_usage(json, totals.usage);
  json["slots"] = OrderedJson::array();
  for (const auto& slot : totals.slots) json["slots"].push_back({{"answered", slot.answered}, {"failed", slot.failed}});
  return json;
}

}  // namespace

std::string list_to_json(const std::vector<PastRun>& runs) {
  OrderedJson json{{"schema", "delegate.runs/1"}, {"runs", OrderedJson::array()}};
  for (const PastRun& run : runs) json["runs"].push_back(to_object(run));
  return dump(json) + "\n";
}

std::string run_to_json(const PastRun& run) {
  OrderedJson json{{"schema", "delegate.run/1"}};
  json.update(to_object(run));
  for (std::size_t at = 0; at < run.attempts.size(); ++at)  // too long for lists
    put(json["attempts"][at], "last_lines", run.attempts[at].last_lines);
  json["skipped"] = OrderedJson::array();
  for (const SkipRow& skip : run.row.skips) json["skipped"].push_back(to_object(skip));
  put_text(json, "prompt", run.row.prompt);
  put_text(json, "answer", run.row.answer);
  return dump(json) + "\n";
}

std::string totals_to_json(const std::vector<BackendTotals>& totals, const TotalsQuery& query) {
  OrderedJson json{{"schema", "delegate.totals/1"},
                   {"since", format_rfc3339(query.since)},
                   {"until", format_rfc3339(query.until)},
                   {"backends", OrderedJson::array()}};
  for (const BackendTotals& one : totals) json["backends"].push_back(to_object(one));
  return dump(json) + "\n";
}

}  // namespace delegate::cli
