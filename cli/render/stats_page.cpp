#include <algorithm>
#include <cmath>
#include <map>

#include "cli/render/figures.hpp"
#include "cli/render/stats.hpp"
#include "cli/render/svg.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"

// The page with charts. Everything that it shows is drawn here, so that it loads nothing and needs no script.
namespace delegate::cli {
namespace {

constexpr milliseconds kShown{std::chrono::hours(72)};  // of time up to which each hour is a point
constexpr std::size_t kMostOutcomes = 7;

constexpr std::string_view kHead = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>delegate: statistics</title>
<style>
  :root {
    color-scheme: light dark;
    --page: #fbfbfa; --card: #fff; --ink: #1d1f23; --faint: #6a6f78; --line: #e3e4e7;
    --c0: #12805c; --c1: #c4421a; --c2: #b07d00; --c3: #2563b8; --c4: #8a3fa8; --c5: #c2185b; --c6: #52606d; --c7: #9aa0a8;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #15171a; --card: #1e2125; --ink: #e8e9eb; --faint: #9aa1ab; --line: #33373d;
      --c0: #3fbf92; --c1: #f0764d; --c2: #e0b040; --c3: #6aa5f0; --c4: #c384df; --c5: #f06292; --c6: #94a3b3; --c7: #6b727b;
    }
  }
  body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
  main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.4rem; margin: 0; }
  h2 { font-size: 1rem; margin: 0 0 .6rem; }
  p { margin: .2rem 0 1rem; color: var(--faint); }
  section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin-top: 1rem; }
  .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .8rem; padding: 0; border: 0;
           background: none; }
  .tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem 1rem; }
  .tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
  .tile span, .key, small { color: var(--faint); font-size: .85rem; }
  .key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin-top: .5rem; }
  .key i { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px; margin-right: .35rem; }
  svg { display: block; width: 100%; height: auto; }
  svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
  svg .grid { stroke: var(--line); }
  svg .curve { fill: none; stroke-width: 2; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: right; padding: .3rem .6rem; border-top: 1px solid var(--line); white-space: nowrap; }
  th { color: var(--faint); font-weight: 500; border-top: 0; }
  th:first-child, td:first-child { text-align: left; }
</style>
<main>
)html";

std::string colour(std::size_t number) { return "var(--c" + std::to_string(number) + ")"; }

std::string day_and_time(milliseconds at) { return format_local(at, "%Y-%m-%d %H:%M"); }

std::string seconds_words(double seconds) {
  return seconds == 0 ? "0" : format_took(milliseconds(std::llround(seconds * 1000)));
}
std::string dollar_words(double amount) { return amount == 0 ? "$0" : dollars(amount); }

std::string section(const std::string& heading, const std::string& content) {
  return "<section>\n<h2>" + heading + "</h2>\n" + content + "</section>\n";
}

std::string tile(const std::string& figure, const std::string& words) {
  return "<div class=\"tile\"><b>" + escape_markup(figure) + "</b><span>" + escape_markup(words) + "</span></div>\n";
}

struct KeyEntry {
  std::string colour;
  std::string words;
};
std::string key(const std::vector<KeyEntry>& entries) {
  std::string out = "<div class=\"key\">";
  for (const KeyEntry& entry : entries)
    out += "<span><i style=\"background:" + entry.colour + "\"></i>" + escape_markup(entry.words) + "</span>";
  return out + "</div>\n";
}

std::string tiles(const Statistics& statistics) {
  const Figures sum = sum_of(statistics.rows);
  const UsageRow& all = sum.all;
  std::string out = "<section class=\"tiles\">\n";
  out += tile(with_thousands(all.calls), "calls");
  out += tile(percent_answered(sum.answered, sum.failed), "answered");
  out += tile(took(latency_quantile(sum.took, kMedian)), "median answer");
  if (known_tokens(sum, 0)) out += tile(with_thousands(all.input_tokens + all.output_tokens), "tokens");
  if (const auto cost = known_cost(sum)) out += tile(dollars(cost), "cost");
  out += tile(with_thousands(all.tripped), all.tripped == 1 ? "trip" : "trips");
  if (all.skipped > 0) out += tile(format_took(statistics.saved()), "saved");
  return out + "</section>\n";
}

std::string saved_section(const Statistics& statistics) {
  std::string content = "<p>" + escape_markup(saved_words(statistics)) + "</p>\n";
  if (!statistics.savings.empty())
    content += "<small>" + escape_markup(saved_terms(statistics)) + "<br>" + escape_markup(std::string(kSavedFormula)) +
               "</small>\n";
  return section("What delegate saved", content);
}

/// The points of time that the charts show.
std::vector<Group> points_of(const Statistics& statistics) {
  const bool by_hour = statistics.until - statistics.since <= kShown;
  return grouped(statistics.rows, by_hour ? GroupBy::hour : GroupBy::day);
}

std::string latency_section(const Statistics& statistics) {
  std::vector<SvgPoint> half;
  std::vector<SvgPoint> most;
  for (const Group& group : points_of(statistics)) {
    const auto p50 = latency_quantile(group.figures.took, kMedian);
    const auto p95 = latency_quantile(group.figures.took, kNearlyAll);
    if (!p50 || !p95) continue;
    const std::string words = group.name + ": " + format_took(*p50) + ", 95 % within " + format_took(*p95);
    half.push_back({group.begin, static_cast<double>(p50->count()) / 1000, words});
    most.push_back({group.begin, static_cast<double>(p95->count()) / 1000, words});
  }
  SvgChart chart(statistics.since, statistics.until, seconds_words);
  chart.curve(most, colour(3));
  chart.curve(half, colour(0));
  return section("Time of an answer",
                 chart.text("Time of an answer") + key({{colour(0), "median"}, {colour(3), "95 % within"}}));
}

std::string cost_section(const Statistics& statistics) {
  if (!known_cost(sum_of(statistics.rows))) return {};
  std::vector<SvgPoint> days;
  for (const Group& group : grouped(statistics.rows, GroupBy::day))
    days.push_back(
        {group.begin, group.figures.all.cost_usd, group.name + ": " + dollar_words(group.figures.all.cost_usd)});
  SvgChart chart(statistics.since, statistics.until, dollar_words);
  chart.bars(days, std::chrono::hours(24), colour(3));
  return section("Cost by day", chart.text("Cost by day"));
}

/// Answers first, then the most frequent of all others; what remains is one part.
std::vector<std::string> ranked_outcomes(const std::vector<UsageRow>& rows) {
  std::map<std::string, std::int64_t> counts;
  for (const UsageRow& row : rows)
    if (row.calls > 0) counts[row.key.outcome] += row.calls;
  std::vector<std::string> names;
  for (const auto& [name, count] : counts) names.push_back(name);
  const auto is_first = [&](const std::string& name) { return name == to_string(Outcome::answered); };
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return is_first(a) != is_first(b) ? is_first(a) : counts[a] > counts[b];
  });
  return names;
}

std::string outcome_section(const Statistics& statistics) {
  const std::vector<std::string> names = ranked_outcomes(statistics.rows);
  const auto place_of = [&](const std::string& name) {
    const auto place = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    return std::min(place, kMostOutcomes);
  };
  std::vector<KeyEntry> entries;
  for (std::size_t i = 0; i < std::min(names.size(), kMostOutcomes); ++i)
    entries.push_back({colour(i), std::string(words_for(names[i]))});
  if (names.size() > kMostOutcomes) entries.push_back({colour(kMostOutcomes), "others"});
  std::vector<SvgBar> bars;
  for (const Group& backend : grouped(statistics.rows, GroupBy::backend)) {
    SvgBar bar{one_line(backend.name, 40), std::vector<SvgPart>(entries.size())};
    for (const UsageRow& row : statistics.rows)
      if (row.calls > 0 && name_of_backend(row.key) == backend.name)
        bar.parts[place_of(row.key.outcome)].value += static_cast<double>(row.calls);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      bar.parts[i].colour = entries[i].colour;
      bar.parts[i].words = entries[i].words + ": " + with_thousands(std::llround(bar.parts[i].value));
    }
    bars.push_back(std::move(bar));
  }
  return section("Outcomes by backend", stacked_bars("Outcomes by backend", bars) + key(entries));
}

std::string trips_section(const Statistics& statistics) {
  std::map<std::string, std::vector<SvgPoint>> lanes;
  for (const UsageRow& row : statistics.rows)
    if (row.tripped > 0)
      lanes[name_of_backend(row.key)].push_back({row.key.hour, static_cast<double>(row.tripped),
                                                 day_and_time(row.key.hour) + ": " + std::to_string(row.tripped) +
                                                     " × " + std::string(words_for(row.key.outcome))});
  if (lanes.empty()) return section("Trips of breakers", "<p>No breaker has opened.</p>\n");
  return section("Trips of breakers",
                 timeline("Trips of breakers", statistics.since, statistics.until, lanes, colour(1)));
}

std::string table_section(const Statistics& statistics, GroupBy by, const std::string& heading) {
  std::string rows = "<div class=\"scroll\"><table>\n<tr>";
  for (const char* name : {"", "calls", "answered", "median", "95 %", "tokens in", "out", "cost", "trips", "skipped"})
    rows += std::string("<th>") + name + "</th>";
  rows += "</tr>\n";
  for (const Group& group : grouped(statistics.rows, by)) {
    const std::string name = group.name.empty() ? kUnknown : one_line(group.name, 80);
    rows += "<tr><td>" + escape_markup(name) + "</td>";
    for (const std::string& cell : cells_of(group.figures)) rows += "<td>" + escape_markup(cell) + "</td>";
    rows += "</tr>\n";
  }
  return section(heading, rows + "</table></div>\n");
}

}  // namespace

std::string stats_to_html(const Statistics& statistics) {
  std::string page(kHead);
  page +=
      "<h1>delegate</h1>\n<p>" + day_and_time(statistics.since) + " to " + day_and_time(statistics.until) + "</p>\n";
  page += tiles(statistics) + saved_section(statistics);
  if (!statistics.rows.empty())
    page += latency_section(statistics) + outcome_section(statistics) + cost_section(statistics) +
            trips_section(statistics) + table_section(statistics, GroupBy::backend, "Backends") +
            table_section(statistics, GroupBy::model, "Models");
  return page + "</main>\n</html>\n";
}

}  // namespace delegate::cli
