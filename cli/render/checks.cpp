#include "cli/render/checks.hpp"

#include "cli/render/table.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli {

std::string to_text(const std::vector<CheckRow>& rows) {
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

std::string to_json(const std::vector<CheckRow>& rows, const std::string& schema) {
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

}  // namespace delegate::cli
