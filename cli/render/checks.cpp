#include "cli/render/checks.hpp"

#include <algorithm>

#include "cli/render/table.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli {
namespace {

/// What a request can need; JSON has the rest.
std::string most_of(const Capabilities& can) {
  if (can.has(Capability::write_files)) return "write";
  return can.has(Capability::read_files) ? "read" : "answer";
}

}  // namespace

std::string to_text(const std::vector<CheckRow>& rows) {
  const bool shows_can = std::any_of(rows.begin(), rows.end(), [](const CheckRow& row) { return row.can.has_value(); });
  std::vector<std::vector<std::string>> cells{{"BACKEND", "KIND", "STATE", "DETAIL", "WHERE"}};
  if (shows_can) cells.front().insert(cells.front().begin() + 3, "CAN");
  for (const CheckRow& row : rows) {
    std::string detail = row.detail;
    if (row.took) detail += (detail.empty() ? "" : ", ") + format_took(*row.took);
    cells.push_back({row.name, row.kind, std::string(words_for(row.state)), detail, row.path});
    if (shows_can) cells.back().insert(cells.back().begin() + 3, row.can ? most_of(*row.can) : std::string());
  }
  std::string out = table(cells);
  for (const CheckRow& row : rows)
    if (!row.hint.empty()) out += "hint: " + row.name + ": " + row.hint + "\n";
  return out;
}

std::string to_json(const std::vector<CheckRow>& rows, const std::string& schema) {
  OrderedJson json{{"schema", schema}, {"backends", OrderedJson::array()}};
  for (const CheckRow& row : rows) {
    OrderedJson object{{"name", row.name}, {"kind", row.kind}, {"state", row.state}};
    put(object, "path", row.path);
    if (row.can) object["can"] = row.can->names();
    put(object, "detail", row.detail);
    put(object, "hint", row.hint);
    put(object, "duration_ms", row.took);
    json["backends"].push_back(object);
  }
  return dump(json);
}

}  // namespace delegate::cli
