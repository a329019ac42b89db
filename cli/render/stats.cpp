#include "cli/render/stats.hpp"

#include <algorithm>
#include <array>

#include "cli/render/figures.hpp"
#include "cli/render/table.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kMostBars = 60;
constexpr std::size_t kLongestName = 40;

std::string heading_of(GroupBy by) {
  switch (by) {
    case GroupBy::backend: return "BACKEND";
    case GroupBy::model: return "MODEL";
    case GroupBy::directory: return "DIRECTORY";
    case GroupBy::day: return "DAY";
    case GroupBy::hour: return "HOUR";
  }
  return {};
}

/// The end of a long path says more than its beginning.
std::string shown_name(const std::string& name, GroupBy by) {
  if (name.empty()) return kUnknown;
  std::string line = one_line(name);
  if (by != GroupBy::directory || line.size() <= kLongestName) return line;
  const std::size_t slash = line.find('/', line.size() - kLongestName);
  return slash == std::string::npos ? line : "…" + line.substr(slash);
}

std::vector<std::string> row_of(const std::string& name, const Figures& figures) {
  std::vector<std::string> row = cells_of(figures);
  row.insert(row.begin(), name);
  return row;
}

/// Calls by day, at most so many days: "CALLS ▁▃█ 2026-11-01 to 2026-11-30, at most 120".
std::string plot_of_days(const std::vector<UsageRow>& rows, const Page& page) {
  std::vector<Group> days = grouped(rows, GroupBy::day);
  if (days.size() < 2) return {};
  if (days.size() > kMostBars) days.erase(days.begin(), days.end() - kMostBars);
  const auto most = std::max_element(days.begin(), days.end(), [](const Group& a, const Group& b) {
                      return a.figures.all.calls < b.figures.all.calls;
                    })->figures.all.calls;
  std::string bars;
  for (const Group& day : days) {
    const auto height =
        static_cast<std::size_t>((day.figures.all.calls * 8 + most - 1) / std::max<std::int64_t>(most, 1));
    bars += in_colour("31", bar_of_height(height, page.unicode), page.painted && day.figures.failed > 0);
  }
  return "Calls by day: " + bars + "  " + days.front().name + " to " + days.back().name + ", at most " +
         with_thousands(most) + "\n";
}

void put_figures(OrderedJson& json, const Figures& figures) {
  json["calls"] = figures.all.calls;
  json["answered"] = figures.answered;
  json["failed"] = figures.failed;
  for (const auto& [name, share] : {std::pair{"p50_ms", kMedian}, {"p95_ms", kNearlyAll}})
    if (const auto quantile = latency_quantile(figures.took, share)) json[name] = quantile->count();
  put(json, "input_tokens", known_tokens(figures, figures.all.input_tokens));
  put(json, "output_tokens", known_tokens(figures, figures.all.output_tokens));
  put(json, "cost_usd", known_cost(figures));
  json["trips"] = figures.all.tripped;
  json["skipped"] = figures.all.skipped;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// A spreadsheet would run what begins so.
std::string harmless(const std::string& text) {
  return text.empty() || std::string_view("=+-@\t\r").find(text.front()) == std::string_view::npos ? text : "'" + text;
}

template <typename T>
std::string csv_number(const std::optional<T>& number) {
  return number ? OrderedJson(*number).dump() : std::string();
}

}  // namespace

std::string_view to_string(GroupBy by) {
  switch (by) {
    case GroupBy::backend: return "backend";
    case GroupBy::model: return "model";
    case GroupBy::directory: return "dir";
    case GroupBy::day: return "day";
    case GroupBy::hour: return "hour";
  }
  return {};
}

std::string saved_words(const Statistics& statistics) {
  std::int64_t times = 0;
  for (const Saving& one : statistics.savings) times += one.skipped;
  if (times == 0) return "nothing yet: no call met an open breaker";
  return "about " + format_took(statistics.saved()) + ": " + with_thousands(times) + (times == 1 ? " call" : " calls") +
         " did not wait for a dead backend";
}

std::string saved_terms(const Statistics& statistics) {
  std::vector<std::string> terms;
  for (const Saving& one : statistics.savings)
    terms.push_back(one_line(one.backend) + " " + with_thousands(one.skipped) + " × " + format_took(one.wait));
  return join(terms, ", ");
}

std::string stats_to_text(const Statistics& statistics, GroupBy by, const Page& page) {
  std::vector<std::vector<std::string>> rows{
      {heading_of(by), "CALLS", "OK", "P50", "P95", "IN", "OUT", "COST", "TRIPS", "SKIPPED"}};
  const std::vector<Group> groups = grouped(statistics.rows, by);
  for (const Group& group : groups) rows.push_back(row_of(shown_name(group.name, by), group.figures));
  if (groups.size() > 1) rows.push_back(row_of("all", sum_of(statistics.rows)));
  std::string out = table(rows) + "\n" + plot_of_days(statistics.rows, page);
  out += "Saved: " + saved_words(statistics) + "\n";
  if (statistics.savings.empty()) return out;
  return out + "  = " + saved_terms(statistics) + "\n  (" + std::string(kSavedFormula) + ")\n";
}

std::string stats_to_json(const Statistics& statistics, GroupBy by) {
  OrderedJson json{{"schema", "delegate.stats/1"},
                   {"since", format_rfc3339(statistics.since)},
                   {"until", format_rfc3339(statistics.until)},
                   {"by", to_string(by)}};
  put_figures(json["all"], sum_of(statistics.rows));
  json["groups"] = OrderedJson::array();
  for (const Group& group : grouped(statistics.rows, by)) {
    OrderedJson one{{"name", group.name}};
    put_figures(one, group.figures);
    json["groups"].push_back(std::move(one));
  }
  json["saved_ms"] = statistics.saved().count();
  json["savings"] = OrderedJson::array();
  for (const Saving& one : statistics.savings)
    json["savings"].push_back({{"backend", one.backend},
                               {"skipped", one.skipped},
                               {"wait_ms", one.wait.count()},
                               {"saved_ms", one.saved().count()}});
  return json.dump() + "\n";
}

std::string stats_to_csv(const Statistics& statistics, GroupBy by) {
  std::string out = std::string(to_string(by)) +
                    ",calls,answered,failed,p50_ms,p95_ms,input_tokens,output_tokens,cost_usd,trips,skipped\r\n";
  const auto in_ms = [](const Figures& figures, double share) {
    const auto quantile = latency_quantile(figures.took, share);
    return quantile ? std::to_string(quantile->count()) : std::string();
  };
  for (const Group& group : grouped(statistics.rows, by)) {
    const Figures& figures = group.figures;
    const std::array<std::string, 11> cells{csv_cell(harmless(group.name)),
                                            std::to_string(figures.all.calls),
                                            std::to_string(figures.answered),
                                            std::to_string(figures.failed),
                                            in_ms(figures, kMedian),
                                            in_ms(figures, kNearlyAll),
                                            csv_number(known_tokens(figures, figures.all.input_tokens)),
                                            csv_number(known_tokens(figures, figures.all.output_tokens)),
                                            csv_number(known_cost(figures)),
                                            std::to_string(figures.all.tripped),
                                            std::to_string(figures.all.skipped)};
    out += join(cells, ",") + "\r\n";
  }
  return out;
}

}  // namespace delegate::cli
