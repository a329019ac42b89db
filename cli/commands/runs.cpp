#include <algorithm>
#include <optional>

#include "cli/commands/context.hpp"
#include "cli/commands/forget_runs.hpp"
#include "cli/commands/latest_run.hpp"
#include "cli/commands/moment.hpp"
#include "cli/commands/page.hpp"
#include "cli/commands/queue.hpp"
#include "cli/render/runs.hpp"
#include "core/base/text.hpp"
#include "core/inspect/history.hpp"
#include "core/jobs/job_request.hpp"
#include "core/os/terminal.hpp"
#include "core/run/change_recovery.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::cli {
namespace {

struct RunsOptions {
  std::vector<std::string> words;  // an id, `last`, or `forget` and an id
  std::string id;                  // show this one; empty: list them
  std::string backend;
  std::string outcome;
  std::string since;
  std::string directory;
  std::string text;
  bool here = false;
  bool all = false;
  int limit = 20;
  bool totals = false;
  bool diff = false;
};
constexpr OptionRow kRunsOptions[] = {
    {.value = "ID",
     .help = "Show this run (last: the latest; forget ID: delete it)",
     .kind = ValueKind::runs,
     .store = into<&RunsOptions::words>},
    {.names = "--all", .help = "With forget: delete every run that has ended", .store = into<&RunsOptions::all>},
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
     .help = "Only runs since then: 2h, 1w, yesterday, 2026-11-30",
     .store = into<&RunsOptions::since>},
    {.names = "--here", .help = "Only runs in this directory or below it", .store = into<&RunsOptions::here>},
    {.names = "--dir",
     .value = "DIR",
     .help = "Only runs in this directory or below it",
     .kind = ValueKind::directories,
     .store = into<&RunsOptions::directory>},
    {.names = "--grep",
     .value = "TEXT",
     .help = "Only runs whose prompt contains this",
     .more = "Searched is what is kept of the prompts: their first words, and all of them with `history.keep_prompts`. "
             "Letters of both cases are the same.",
     .store = into<&RunsOptions::text>},
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
     {"--backend", "--outcome", "--since", "--here", "--dir", "--grep", "--limit", "--totals"},
     "an ID selects one run; the other options select from all runs"},
    {"--diff", {"--totals", "--json"}, "a patch is printed as it is"},
    {"--totals",
     {"--outcome", "--here", "--dir", "--grep", "--limit"},
     "totals cover all calls; only --since and --backend narrow them"},
    {"--here", {"--dir"}, "--here is the current directory"},
};
constexpr std::string_view kRunsExamples[] = {
    "delegate runs --since yesterday --grep parser",
    "delegate runs forget --all",
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

Result<milliseconds> since(const RunsOptions& options, milliseconds now, milliseconds otherwise) {
  if (options.since.empty()) return otherwise;
  auto moment = parse_moment(options.since, now);
  if (!moment) return usage("--since: " + moment.error().what, moment.error().hint);
  return moment;
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
  drop_expired_answer(*row, page.now);
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
  RunQuery query{.backend = options.backend, .outcome = options.outcome, .text = options.text, .most = options.limit};
  TRY(query.since, since(options, page.now, milliseconds(0)));
  if (options.here || !options.directory.empty()) {
    TRY(query.project, directory_of_runs(context.world, options.directory));
  }
  TRY(const auto runs, latest_runs(context.engine(), query));
  if (context.world.json) return list_to_json(runs);
  return runs.empty() ? std::string() : list_to_text(runs, page);
}

Result<std::string> look_back(const CommandContext& context, const RunsOptions& options, const Page& page) {
  const Engine& engine = context.engine();
  if (engine.ledger == nullptr) return fail(Code::unavailable, "runs: no history: " + engine.breakers.trouble());
  TRY_STATUS(check_backend(engine, options.backend));
  TRY_STATUS(check_outcome(options.outcome));
  if (options.id == kLatest) {
    RunsOptions latest = options;
    TRY(latest.id, id_of_latest_run(engine, "runs"));
    return one_run(context, latest, page);
  }
  if (!options.id.empty()) return one_run(context, options, page);
  return options.totals ? totals(context, options, page) : list(context, options, page);
}

/// No id has an `l` or an `o`.
constexpr std::string_view kForget = "forget";

/// The id to forget; empty: all.
Result<std::string> to_forget(const Engine& engine, const RunsOptions& options) {
  const std::vector<std::string>& words = options.words;
  if (options.all && words.size() == 1) return std::string();
  if (options.all) return usage("ID cannot be combined with --all");
  if (words.size() == 1) return usage("forget: ID is missing", "`delegate runs forget --all` deletes all");
  return words[1] == kLatest ? id_of_latest_run(engine, "runs") : words[1];
}

Result<RunsOptions> understood_runs(RunsOptions options) {
  const bool forgets = !options.words.empty() && options.words.front() == kForget;
  if (options.words.size() > (forgets ? 2U : 1U))
    return usage("unexpected argument '" + one_line(options.words.back(), 80) + "'", "see `delegate runs --help`");
  if (options.all && !forgets) return usage("--all is only for forget");
  if (!forgets && !options.words.empty()) options.id = options.words.front();
  return options;
}

CommandResult run_runs(const CommandContext& context, const RunsOptions& given) {
  TRY(const RunsOptions options, understood_runs(given));
  const Output& output = context.output;
  context.report_notice();
  if (options.id.empty() && !options.words.empty()) {
    TRY(const std::string id, to_forget(context.engine(), options));
    return forget_runs(context, id);
  }
  keep_queue_moving(context);
  if (options.diff) {
    if (options.id.empty()) return usage("--diff needs the ID of a run");
    TRY(const std::string patch, patch_of(context, options.id));
    return output.answer(patch);
  }
  TRY(const std::string text, look_back(context, options, page_of(context)));
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
        "about it: which backends were tried, how long it took, what was answered. The first characters of an ID are "
        "enough. Of a prompt its first words are kept (`history.summary`), all of it only with `history.keep_prompts`. "
        "`delegate runs forget` deletes a run, or all with --all: its row, its texts and failures, and the result of a "
        "background run. Nothing of them is left in the file of the state or its log; what calls have used is still "
        "counted.",
    .options = kRunsOptions,
    .examples = kRunsExamples,
    .exclusions = kRunsExclusions,
    .needs = Needs::host,
    .run = run_with<run_runs>};

}  // namespace delegate::cli
