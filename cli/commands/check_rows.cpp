#include "cli/commands/check_rows.hpp"

#include "cli/render/table.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/health/outcome_words.hpp"
#include "core/run/hints.hpp"

namespace delegate::cli {
namespace {

std::string checks_text(const std::vector<CheckRow>& rows) {
  std::vector<std::vector<std::string>> cells{{"BACKEND", "KIND", "STATE", "DETAIL", "WHERE"}};
  for (const CheckRow& row : rows) {
    std::string detail = row.detail;
    if (row.took) detail += (detail.empty() ? "" : ", ") + format_took(*row.took);
    cells.push_back({row.name, row.kind, std::string(words_for(row.state)), detail, row.path});
  }
  std::string out = table(cells);
  for (const CheckRow& row : rows)
    if (!row.hint.empty()) out += "hint: " + row.name + ": " + row.hint + "\n";
  return out;
}

std::string checks_json(const std::vector<CheckRow>& rows, const std::string& schema) {
  OrderedJson json{{"schema", schema}, {"backends", OrderedJson::array()}};
  for (const CheckRow& row : rows) {
    OrderedJson object{{"name", row.name}, {"kind", row.kind}, {"state", row.state}};
    put(object, "path", row.path);
    put(object, "detail", row.detail);
    put(object, "hint", row.hint);
    put(object, "duration_ms", row.took);
    json["backends"].push_back(object);
  }
  return dump(json);
}

}  // namespace

bool is_absent(const Candidate& candidate, Outcome outcome) {
  return outcome == Outcome::not_installed && !candidate.backend->is_process();
}

CheckRow row_of(const Engine& engine, const std::string& name, const BackendSettings& settings) {
  CheckRow row{.name = name, .kind = settings.kind, .state = "installed"};
  const auto candidate = find_candidate(engine, name);
  if (candidate) {
    const bool process = candidate->backend->is_process();
    row.path = candidate->where;
    if (!process) row.state = "configured";
    return row;
  }
  const Unavailable& absent = candidate.error();
  row.state = absent.reason == UnavailableReason::disabled ? "disabled" : "not installed";
  if (absent.reason == UnavailableReason::login_unset) {
    row.state = to_string(SkipReason::login_unset);
    row.detail = message_of(absent);
  }
  const Backend* backend = engine.find_backend(settings.kind);
  if (absent.reason == UnavailableReason::not_installed && backend != nullptr)
    row.hint = hint_for(*backend, Task{.settings = settings}, {.outcome = Outcome::not_installed});
  return row;
}

int print_rows(const CommandContext& context, const std::vector<CheckRow>& rows, const char* schema) {
  return context.output.answer(context.world.json ? checks_json(rows, schema) + "\n" : checks_text(rows));
}

}  // namespace delegate::cli
