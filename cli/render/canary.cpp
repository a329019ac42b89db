#include "cli/render/canary.hpp"

#include <algorithm>

#include "cli/render/table.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {

namespace {

constexpr const char* kUnchecked = "not checked yet";

std::string verdict_text(const std::string& verdict, bool painted) {
  if (verdict == "held") return in_colour("32", verdict, painted);
  if (verdict == "violated" || verdict == "error") return in_colour("31", verdict, painted);
  return verdict.empty() ? kUnchecked : one_line(verdict);
}

std::vector<std::string> lines_of(const canary::Deviations& deviations) {
  std::vector<std::string> lines;
  for (const canary::Deviation& one : deviations) lines.push_back(one_line(one.line));
  return lines;
}

std::string how_long_ago(milliseconds then, milliseconds now) {
  return format_took(std::max(now - then, milliseconds(0))) + " ago";
}

/// What comes after the verdict in a line.
std::string state_of(const CanaryRecord& record, milliseconds now) {
  if (record.violated_since)
    return "violated for " + format_took(std::max(now - *record.violated_since, milliseconds(0)));
  return one_line(record.reason);
}

OrderedJson object_of(const canary::Invariant& invariant) {
  return {{"id", invariant.id}, {"name", invariant.name}, {"severity", to_string(invariant.severity)}};
}

void put_time(OrderedJson& json, const char* key, const std::optional<milliseconds>& time) {
  if (time) json[key] = format_rfc3339(*time);
}

OrderedJson object_of(const canary::Invariant& invariant, const CanaryRecord& record) {
  OrderedJson json = object_of(invariant);
  if (record.verdict.empty()) return json;
  json["verdict"] = record.verdict;
  put(json, "reason", record.reason);
  json["checked_at"] = format_rfc3339(record.checked_at);
  put_time(json, "violated_since", record.violated_since);
  put_time(json, "last_violated", record.last_violated);
  json["times_violated"] = record.times;
  return json;
}

CanaryRecord record_of(const canary::Invariant& invariant, const CanaryRecordsById& records) {
  const auto found = records.find(std::string(invariant.id));
  return found == records.end() ? CanaryRecord{} : found->second;
}

}  // namespace

std::string to_text(const canary::CycleReport& report, bool painted) {
  std::vector<std::vector<std::string>> rows;
  std::size_t held = 0;
  std::string details;
  for (const canary::InvariantResult& one : report.results) {
    if (one.verdict == canary::Verdict::held) ++held;
    const canary::Invariant& invariant = *one.invariant;
    const bool is_violated = one.verdict == canary::Verdict::violated;
    rows.push_back({std::string(invariant.id), verdict_text(std::string(to_string(one.verdict)), painted),
                    is_violated ? std::string(invariant.name) : one.reason});
    if (!is_violated) continue;
    details += "\n" + std::string(invariant.id) + ": " + std::string(invariant.name) + "\n";
    const std::vector<std::string> lines = lines_of(one.deviations);
    for (const std::string& line : canary::shortened(lines, canary::kMostLines, lines.size()))
      details += "  " + line + "\n";
    details += "hint: " + std::string(invariant.remedy) + "\n";
  }
  return table(rows) + details + "\n" + std::to_string(held) + " of " + std::to_string(report.results.size()) +
         " held, " + format_took(report.took) + "\n";
}

std::string to_json(const canary::CycleReport& report) {
  OrderedJson json{{"schema", "delegate.canary/1"},        {"ok", report.is_clean()},
                   {"at", format_rfc3339(report.at)},      {"duration_ms", report.took.count()},
                   {"remembered", report.is_remembered()}, {"invariants", OrderedJson::array()},
                   {"transitions", OrderedJson::array()}};
  for (const canary::InvariantResult& one : report.results) {
    OrderedJson object = object_of(*one.invariant);
    object["verdict"] = to_string(one.verdict);
    put(object, "reason", one.reason);
    if (one.verdict == canary::Verdict::violated) {
      object["violations"] = lines_of(one.deviations);
      object["remedy"] = one.invariant->remedy;
    }
    json["invariants"].push_back(object);
  }
  for (const canary::Transition& one : report.transitions)
    json["transitions"].push_back({{"id", one.id}, {"violated", one.is_violated}});
  return dump(json);
}

std::string list_to_text(const CanaryRecordsById& records, milliseconds now, bool painted) {
  std::vector<std::vector<std::string>> rows{{"ID", "LAST", "CHECKED", "IF IT IS VIOLATED"}};
  std::string violated;
  for (const canary::Invariant& one : canary::invariants()) {
    const CanaryRecord record = record_of(one, records);
    rows.push_back({std::string(one.id), verdict_text(record.verdict, painted),
                    record.verdict.empty() ? "" : how_long_ago(record.checked_at, now), std::string(one.name)});
    if (const std::string state = state_of(record, now); !state.empty())
      violated += std::string(one.id) + ": " + state + "\n";
  }
  return table(rows) + (violated.empty() ? "" : "\n" + violated);
}

std::string list_to_json(const CanaryRecordsById& records) {
  OrderedJson json{{"schema", "delegate.canary-list/1"}, {"invariants", OrderedJson::array()}};
  for (const canary::Invariant& one : canary::invariants())
    json["invariants"].push_back(object_of(one, record_of(one, records)));
  return dump(json);
}

std::string invariant_to_text(const canary::Invariant& invariant, const CanaryRecord& record, milliseconds now) {
  std::vector<std::vector<std::string>> rows{{"id", std::string(invariant.id)},
                                             {"must hold", std::string(invariant.meaning)},
                                             {"if not", std::string(invariant.name)},
                                             {"severity", std::string(to_string(invariant.severity))},
                                             {"what to do", std::string(invariant.remedy)},
                                             {"last verdict", verdict_text(record.verdict, false)}};
  if (!record.verdict.empty()) rows.push_back({"checked", how_long_ago(record.checked_at, now)});
  if (!record.reason.empty()) rows.push_back({"because", one_line(record.reason)});
  if (record.violated_since) rows.push_back({"violated since", how_long_ago(*record.violated_since, now)});
  else if (record.last_violated) rows.push_back({"last violated", how_long_ago(*record.last_violated, now)});
  if (record.times > 0) rows.push_back({"times violated", std::to_string(record.times)});
  std::string text = table(rows);
  if (record.lines.empty()) return text;
  text += record.violated_since ? "\nfound:\n" : "\nfound then:\n";
  for (const std::string& line : canary::shortened(record.lines, canary::kMostLinesKept,
                                                   static_cast<std::size_t>(std::max<std::int64_t>(record.found, 0))))
    text += "  " + one_line(line) + "\n";
  return text;
}

std::string invariant_to_json(const canary::Invariant& invariant, const CanaryRecord& record) {
  OrderedJson json{{"schema", "delegate.canary-invariant/1"}};
  json.update(object_of(invariant, record));
  json["meaning"] = invariant.meaning;
  json["remedy"] = invariant.remedy;
  if (!record.lines.empty()) {
    json["violations"] = record.lines;
    json["found"] = record.found;
  }
  return dump(json);
}

}  // namespace delegate::cli
