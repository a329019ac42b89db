#include "cli/render/stats.hpp"
#include "cli/commands/moment.hpp"
#include "cli/commands/page.hpp"
#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {
namespace {

struct StatsOptions {
  std::string by = "backend";
  std::string since = "30d";
  std::string file;  // of the page; empty: none
  bool csv = false;
};
constexpr GroupBy kGroupings[] = {GroupBy::backend, GroupBy::model, GroupBy::directory, GroupBy::day, GroupBy::hour};
std::vector<std::string_view> grouping_names() {
  std::vector<std::string_view> names;
  for (const GroupBy by : kGroupings) names.push_back(to_string(by));
  return names;
}

constexpr OptionRow kStatsOptions[] = {
    {.names = "--by",
     .value = "WHAT",
     .help = "A line for each backend, model, dir, day or hour",
     .more = "Without it: backend.",
     .kind = ValueKind::choices,
     .choices = grouping_names,
     .store = into<&StatsOptions::by>},
    {.names = "--since",
     .value = "WHEN",
     .help = "Calls since then (default: 30d): 7d, yesterday, 2026-11-30",
     .store = into<&StatsOptions::since>},
    {.names = "--html",
     .value = "FILE",
     .help = "Write a page with charts; - is stdout",
     .more = "The page is a single file that loads nothing. It names backends, models and outcomes, and no directory.",
     .kind = ValueKind::files,
     .store = into<&StatsOptions::file>},
    {.names = "--csv", .help = "Print comma-separated values", .store = into<&StatsOptions::csv>},
    json_flag("Print JSON"),
};
constexpr Exclusion kStatsExclusions[] = {{"--csv", {"--json", "--html"}, "choose one form"},
                                          {"--html", {"--json", "--by"}, "the page has all of it"}};
constexpr std::string_view kStatsExamples[] = {
    "delegate stats --by day --since 7d",
    "delegate stats --html stats.html",
};

/// One of the choices of --by.
GroupBy grouping_named(const std::string& name) {
  for (const GroupBy by : kGroupings)
    if (to_string(by) == name) return by;
  return GroupBy::backend;
}

CommandResult write_page(const CommandContext& context, const std::string& file, const std::string& page) {
  if (file == "-") return context.output.answer(page);
  constexpr unsigned kPrivate = 0600;
  const Status written = replace_file(file, page, kPrivate);
  if (!written) return fail_internally("stats", written.error());
  context.output.note("delegate: wrote " + one_line(file));
  return kAnswered;
}

CommandResult show_stats(const CommandContext& context, const StatsOptions& options) {
  context.report_notice();
  const Page page = page_of(context);
  const auto since = parse_moment(options.since, page.now);
  if (!since)
    return fail_as(ErrorKind::usage, {since.error().code, "stats: --since: " + since.error().what, since.error().hint});
  const auto found = statistics(context.engine(), *since);
  if (!found) return fail_internally("stats", found.error());
  const GroupBy by = grouping_named(options.by);
  if (!options.file.empty()) return write_page(context, options.file, stats_to_html(*found));
  if (options.csv) return context.output.answer(stats_to_csv(*found, by));
  if (context.world.json) return context.output.answer(stats_to_json(*found, by));
  if (found->rows.empty()) {
    context.output.note("delegate: no calls since " + format_local(found->since, "%Y-%m-%d %H:%M"));
    return kAnswered;
  }
  return context.output.answer(stats_to_text(*found, by, page));
}

}  // namespace

extern constexpr CommandRow kStats{
    .name = "stats",
    .group = kAskGroup,
    .help = "Show what calls cost and what breakers saved",
    .more =
        "Counted by the hour, for 400 days, independent of the runs that are kept. OK: answered, of the calls that say "
        "something about the backend. P50 and P95: half and 95 % of the answers came within this time. SKIPPED: calls "
        "in the foreground that an open breaker kept from waiting; with the median time of the calls that failed like "
        "those that opened it, that is what delegate saved.",
    .options = kStatsOptions,
    .examples = kStatsExamples,
    .exclusions = kStatsExclusions,
    .needs = Needs::host,
    .run = run_with<show_stats>};

}  // namespace delegate::cli
