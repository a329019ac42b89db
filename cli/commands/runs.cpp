#include <algorithm>
#include <ctime>
#include <optional>

#include "cli/commands/context.hpp"
#include "cli/commands/queue.hpp"
#include "cli/render/runs.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/inspect/history.hpp"
#include "core/jobs/job_request.hpp"
#include "core/os/terminal.hpp"
#include "core/run/change_recovery.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::cli {
namespace {

struct RunsOptions {
  std::string id;  // show this one; empty: list them
  std::string backend;
  std::string outcome;
  std::string since;
  int limit = 20;
  bool totals = false;
  bool diff = false;
};
constexpr OptionRow kRunsOptions[] = {
    {.value = "ID", .help = "Show this run and its attempts", .kind = ValueKind::runs, .store = into<&RunsOptions::id>},
    {.names = "--diff", .help = "With ID: print what it changed, as a patch", .store = into<&RunsOptions::diff>},
    {.names = "-b, --backend",
     .value = "NAME",
     .help = "Only runs that tried this backend",
     .kind = ValueKind::backends,
     .store = into<&RunsOptions::backend>},
    {.names = "--outcome",
     .value = "OUTCOME",
     .help = "Only runs or attempts with this outcome",
     .kind = ValueKind::outcomes,
     .store = into<&RunsOptions::outcome>},
    {.names = "--since",
     .value = "WHEN",
     .help = "Only runs since then: 2h, 7d, 2026-11-30",
     .store = into<&RunsOptions::since>},
    {.names = "-n, --limit",
     .value = "COUNT",
     .help = "Show at most this many (default: 20)",
     .min = 1,
     .max = 1'000'000,
     .store = into<&RunsOptions::limit>},
    {.names = "--totals",
     .help = "Show calls, success, time, tokens and cost per backend",
     .store = into<&RunsOptions::totals>},
    json_flag("Print JSON"),
};
constexpr Exclusion kRunsExclusions[] = {
    {"ID",
     {"--backend", "--outcome", "--since", "--limit", "--totals"},
     "an ID selects one run; the other options select from all runs"},
    {"--diff", {"--totals", "--json"}, "a patch is printed as it is"},
    {"--totals", {"--outcome", "--limit"}, "totals cover all calls; only --since and --backend narrow them"},
};
constexpr std::string_view kRunsExamples[] = {
    "delegate runs --since 2h --outcome rate_limited",
    "delegate runs --totals",
};

constexpr milliseconds kTotalsStretch = std::chrono::hours(24 * 30);
constexpr int kPlotColumns = 24;
constexpr milliseconds kLongestPatch{60'000};

tl::unexpected<Error> usage(std::string what, std::string hint = {}) {
  return fail(Code::invalid_argument, "runs: " + std::move(what), std::move(hint));
}

/// A backend that is configured, or that occurs in the history. `auto` is not one.
Status check_backend(const Engine& engine, const std::string& name) {
  std::vector<std::string> names = engine.config.candidates();
  for (const auto& [backend, settings] : engine.config.backends)
    if (!settings.logins.empty()) names.push_back(backend);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return {};
  TRY(const auto known, engine.ledger->last_attempts());
  for (const AttemptRow& row : known)
    if (std::find(names.begin(), names.end(), row.backend) == names.end()) names.push_back(row.backend);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  return usage("--backend: unknown backend '" + one_line(name, 80) + "' (available: " + join(names, ", ") + ")",
               did_you_mean(nearest(name, names), "see `delegate backends`"));
}

Status check_outcome(const std::string& name) {
  if (name.empty() || outcome_named(name)) return {};
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Outcome::internal); ++i) names.emplace_back(to_string(static_cast<Outcome>(i)));
  return usage("--outcome: unknown outcome '" + one_line(name, 80) + "'",
               did_you_mean(nearest(name, names), "one of " + join(names, ", ")));
}

constexpr const char* kMomentHint =
    "a duration before now (2h, 7d), a date (2026-11-30) or a time (2026-11-30T08:00:00Z)";

milliseconds since_epoch(std::time_t seconds) { return std::chrono::seconds(seconds); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The text begins like this pattern, in which 0 stands for any digit.
bool begins_like(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  return std::equal(pattern.begin(), pattern.end(), text.begin(),
                    [](char expected, char c) { return expected == '0' ? is_digit(c) : c == expected; });
}

/// What strptime makes of it, and the `rest` that it leaves. It alone would take spaces and single digits, too.
std::optional<std::tm> read(const std::string& text, std::string_view pattern, const char* format,
                            std::string_view& rest) {
  if (!begins_like(text, pattern)) return std::nullopt;
  std::tm time{};
  const char* end = ::strptime(text.c_str(), format, &time);
  if (end == nullptr) return std::nullopt;
  rest = std::string_view(text).substr(static_cast<std::size_t>(end - text.c_str()));
  return time;
}

/// strptime takes the 31st of any month; timegm makes another day of it.
bool is_real(std::tm time) {
  const int day = time.tm_mday;
  ::timegm(&time);
  return time.tm_mday == day;
}

/// Takes ".25" away from the front; what is finer than a millisecond is dropped.
std::optional<milliseconds> take_fraction(std::string_view& rest) {
  if (!rest.starts_with('.')) return milliseconds(0);
  const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
  if (end == 1) return std::nullopt;
  milliseconds fraction{0};
  milliseconds unit{100};
  for (const char digit : rest.substr(1, end - 1)) {
    fraction += unit * (digit - '0');
    unit /= 10;
  }
  rest.remove_prefix(end);
  return fraction;
}

/// "Z" or "+02:00".
std::optional<milliseconds> offset_of(std::string_view rest) {
  if (rest == "Z" || rest == "z") return milliseconds(0);
  if (rest.size() != 6 || !(begins_like(rest, "+00:00") || begins_like(rest, "-00:00"))) return std::nullopt;
  const int hours = (rest[1] - '0') * 10 + rest[2] - '0';
  const int minutes = (rest[4] - '0') * 10 + rest[5] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  const milliseconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return rest[0] == '-' ? -offset : offset;
}

std::optional<milliseconds> parse_time(const std::string& text) {
  std::string_view rest;
  auto time = read(text, "0000-00-00T00:00:00", "%Y-%m-%dT%H:%M:%S", rest);
  if (!time || !is_real(*time)) return std::nullopt;
  const auto fraction = take_fraction(rest);
  const auto offset = offset_of(rest);
  if (!fraction || !offset) return std::nullopt;
  return since_epoch(::timegm(&*time)) + *fraction - *offset;
}

std::optional<milliseconds> parse_date(const std::string& text) {
  std::string_view rest;
  auto date = read(text, "0000-00-00", "%Y-%m-%d", rest);
  if (!date || !rest.empty() || !is_real(*date)) return std::nullopt;
  date->tm_isdst = -1;  // whatever holds there on that day
  return since_epoch(::mktime(&*date));
}

/// A time in the past as a person writes it: a duration before `now` (`2h`, `7d`), a date (`2026-11-30`: its midnight
/// here), or RFC 3339 (`2026-11-30T08:00:00Z`). Wall time.
Result<milliseconds> parse_moment(const std::string& text, milliseconds now) {
  if (const auto time = parse_time(text)) return *time;
  if (const auto date = parse_date(text)) return *date;
  if (const auto duration = parse_duration(text)) return now - *duration;
  return fail(Code::invalid_argument, "'" + one_line(text, 80) + "' is neither a duration nor a date", kMomentHint);
}

Result<milliseconds> since(const RunsOptions& options, milliseconds now, milliseconds otherwise) {
  if (options.since.empty()) return otherwise;
  auto moment = parse_moment(options.since, now);
  if (!moment) return usage("--since: " + moment.error().what, moment.error().hint);
  return moment;
}

bool has_unicode(const World& world) {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const std::string value = world.variable(variable); !value.empty())
      return contains_ignoring_case(value, "utf-8") || contains_ignoring_case(value, "utf8");
  return false;
}

Page page_of(const World& world, const Output& output, milliseconds now) {
  const auto size = terminal_size(world.out);
  return {.now = now,
          .columns = size ? size->columns : 0,
          .painted = output.is_painted(),
          .unicode = has_unicode(world),
          .is_terminal = size.has_value()};
}

/// A queued run, whose id begins so.
Result<std::optional<PastRun>> find_waiting(const Engine& engine, const std::string& id) {
  Jobs* jobs = engine.jobs();
  const auto job =
      jobs == nullptr ? tl::unexpected(Error{.code = Code::not_found, .what = {}, .hint = {}}) : jobs->find(id);
  if (!job && job.error().code != Code::not_found) return tl::unexpected(job.error());
  const bool is_queued = job && !job->has_ended() && !job->is_taken();
  if (!is_queued) return std::optional<PastRun>();
  PastRun run = queued_run(engine, *job);
  const auto stored = jobs->request(job->id);
  const auto request = stored ? jobs::request_from(stored->request) : tl::unexpected(stored.error());
  if (request) {
    run.row.requested_backend = request->backend;
    run.row.cwd = request->cwd;
  }
  return std::optional(std::move(run));
}

Result<std::string> one_run(const CommandContext& context, const RunsOptions& options, const Page& page) {
  const Engine& engine = context.engine();
  const auto show = [&](const PastRun& run) {
    return context.world.json ? run_to_json(run) : run_to_text(run, engine.config.history, page);
  };
  auto row = engine.ledger->run(options.id);
  const auto found = options.id.empty() ? Result<std::optional<PastRun>>() : find_waiting(engine, options.id);
  if (!found && found.error().code == Code::invalid_argument)
    return usage("several runs begin with '" + one_line(options.id, 80) + "'");
  if (!found) return tl::unexpected(found.error());
  const std::optional<PastRun>& waiting = *found;
  const bool is_exact = waiting && waiting->row.id == options.id;
  if (waiting && (is_exact || (!row && row.error().code == Code::not_found))) return show(*waiting);
  if (waiting && row) return usage("several runs begin with '" + one_line(options.id, 80) + "'");
  if (!row && kind_of(row.error()) == ErrorKind::usage) return usage(row.error().what, row.error().hint);
  if (!row) return tl::unexpected(row.error());
  std::vector<JobRow> jobs;
  if (engine.jobs() != nullptr)
    if (auto job = engine.jobs()->find(row->id)) jobs.push_back(*std::move(job));
  TRY(const PastRun run, past_run(engine, *std::move(row), jobs));
  return show(run);
}

/// The record of a change; of a run that left the history, too.
Result<std::optional<ChangeRecord>> change_of(const Engine& engine, const std::string& id) {
  std::optional<ChangeRecord> found;
  for (ChangeRecord& record : changes_in(changes_directory(engine)).records) {
    if (!record.run.starts_with(id)) continue;
    if (found) return usage("several runs begin with '" + one_line(id, 80) + "'");
    found = std::move(record);
  }
  return found;
}

tl::expected<std::string, CommandError> patch_of(const CommandContext& context, const std::string& id) {
  const Engine& engine = context.engine();
  const Path changes = changes_directory(engine);
  TRY(const auto record, change_of(engine, id));
  if (!record) {
    const auto row = engine.ledger->run(id);
    if (!row) return tl::unexpected(CommandError(row.error()));
    return fail(Code::not_found, "runs: run " + row->id + " has no recorded change",
                "only changes that runs with --write make in a git work tree are recorded");
  }
  const std::string run = "runs: run " + record->run;
  TRY(const GitProgram git, find_git(engine.environment));
  const Patience patience{context.world.interrupted, Deadline::in(kLongestPatch)};
  if (record->state == ChangeRecord::State::finished) {
    TRY(const KeptChange change, KeptChange::open(changes, record->run));
    TRY(std::string text, change.patch_text(git, patience));
    return text;
  }
  if (is_worked_on(changes, record->run))
    return fail_as(ErrorKind::running, {Code::busy, run + " has not finished", "`delegate status` shows it"});
  if (record->is_isolated)
    return fail_as(ErrorKind::failed, {Code::not_found, run + ": " + why_uncertain(*record), {}});
  const WriterAdmission root = take_root(engine, record->root, kLongestPatch, context.world.interrupted);
  if (const auto* refusal = std::get_if<WriterRefusal>(&root))
    return fail_as(ErrorKind::directory_in_use, {Code::busy, run + ": " + refusal->message, refusal->hint});
  const auto change = recorded_change(engine, git, *record, patience);
  if (!change) return fail_as(ErrorKind::failed, {change.error().code, run + ": " + change.error().what, {}});
  context.output.note("delegate: run " + record->run + ": " + why_uncertain(change->record()) +
                      "; this is all that has changed since it began");
  TRY(std::string text, change->patch_text(git, patience));
  return text;
}

Result<std::string> totals(const CommandContext& context, const RunsOptions& options, const Page& page) {
  TotalsQuery query{.until = page.now + milliseconds(1), .slots = kPlotColumns};
  TRY(query.since, since(options, page.now, page.now - kTotalsStretch));
  TRY(auto all, context.engine().ledger->totals(query));
  if (!options.backend.empty())
    std::erase_if(all, [&](const BackendTotals& one) { return !is_of(one.backend, options.backend); });
  if (context.world.json) return totals_to_json(all, query);
  return all.empty() ? std::string() : totals_to_text(all, query, page);
}

Result<std::string> list(const CommandContext& context, const RunsOptions& options, const Page& page) {
  RunQuery query{.backend = options.backend, .outcome = options.outcome, .most = options.limit};
  TRY(query.since, since(options, page.now, milliseconds(0)));
  TRY(const auto runs, latest_runs(context.engine(), query));
  if (context.world.json) return list_to_json(runs);
  return runs.empty() ? std::string() : list_to_text(runs, page);
}

Result<std::string> look_back(const CommandContext& context, const RunsOptions& options, const Page& page) {
  const Engine& engine = context.engine();
  if (engine.ledger == nullptr) return fail(Code::unavailable, "runs: no history: " + engine.breakers.trouble());
  TRY_STATUS(check_backend(engine, options.backend));
  TRY_STATUS(check_outcome(options.outcome));
  if (!options.id.empty()) return one_run(context, options, page);
  return options.totals ? totals(context, options, page) : list(context, options, page);
}

CommandResult run_runs(const CommandContext& context, const RunsOptions& options) {
  const Output& output = context.output;
  context.report_notice();
  keep_queue_moving(context);
  if (options.diff) {
    if (options.id.empty()) return usage("--diff needs the ID of a run");
    TRY(const std::string patch, patch_of(context, options.id));
    return output.answer(patch);
  }
  TRY(const std::string text,
      look_back(context, options, page_of(context.world, output, context.world.clock.now().wall)));
  if (text.empty()) output.note("delegate: no runs to show");
  return output.answer(text);
}

}  // namespace

extern constexpr CommandRow kRuns{
    .name = "runs",
    .group = kAskGroup,
    .help = "List past runs and how they ended",
    .more =
        "Newest first; background runs that wait or work are marked. With an ID, one run with everything that is known "
        "about it: which backends were tried, how long it took, what was answered. Prompts are kept only with "
        "`history.keep_prompts`.",
    .options = kRunsOptions,
    .examples = kRunsExamples,
    .exclusions = kRunsExclusions,
    .needs = Needs::host,
    .run = run_with<run_runs>};

}  // namespace delegate::cli
