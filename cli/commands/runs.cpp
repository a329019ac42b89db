#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/commands/time_argument.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/runs.hpp"
#include "core/inspect/history.hpp"
#include "core/jobs/job_request.hpp"
#include "core/os/terminal.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kTotalsStretch = std::chrono::hours(24 * 30);
constexpr int kPlotColumns = 24;

tl::unexpected<Error> usage(std::string what, std::string hint = {}) {
  return fail(Code::invalid_argument, "runs: " + std::move(what), std::move(hint));
}

/// A backend that is configured, or that the history knows from another time. `auto` never took part itself.
Status check_backend(const Engine& engine, const std::string& name) {
  std::vector<std::string> names = engine.config.candidates();
  for (const auto& [backend, settings] : engine.config.backends)
    if (!settings.logins.empty()) names.push_back(backend);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return {};
  TRY(const auto known, engine.ledger->last_attempts());
  for (const AttemptRow& row : known)
    if (std::find(names.begin(), names.end(), row.backend) == names.end()) names.push_back(row.backend);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  const std::string_view near = nearest(name, names);
  return usage("--backend: '" + one_line(name, 80) + "' is no backend (there are: " + join(names, ", ") + ")",
               near.empty() ? "see `delegate backends`" : "did you mean `" + std::string(near) + "`?");
}

Status check_outcome(const std::string& name) {
  if (name.empty() || outcome_named(name)) return {};
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Outcome::internal); ++i) names.emplace_back(to_string(static_cast<Outcome>(i)));
  const std::string_view near = nearest(name, names);
  return usage("--outcome: '" + one_line(name, 80) + "' is no outcome",
               near.empty() ? "one of " + join(names, ", ") : "did you mean `" + std::string(near) + "`?");
}

Result<milliseconds> since(const RunsCommand& command, milliseconds now, milliseconds otherwise) {
  if (command.since.empty()) return otherwise;
  auto moment = parse_moment(command.since, now);
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

/// One that waits, and what it was asked; nothing: none whose id begins so does.
std::optional<PastRun> find_waiting(const Host& host, const std::vector<JobRow>& jobs, const std::string& id) {
  const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const JobRow& one) {
    return one.state == JobRow::State::waiting && one.id.starts_with(id);
  });
  if (job == jobs.end()) return std::nullopt;
  PastRun run = queued_run(host.engine(), *job);
  if (const auto request = jobs::load_request(host.engine(), job->id)) {
    run.row.requested_backend = request->backend;
    run.row.cwd = request->cwd;
  }
  return run;
}

Result<std::string> one_run(const Host& host, const RunsCommand& command, const Page& page) {
  const Engine& engine = host.engine();
  const auto show = [&](const PastRun& run) {
    return command.json ? run_to_json(run) : run_to_text(run, engine.config.history, page);
  };
  TRY(const auto jobs, unended_jobs(host.engine()));
  auto row = engine.ledger->run(command.id);
  const auto waiting = command.id.empty() ? std::nullopt : find_waiting(host, jobs, command.id);
  const bool is_exact = waiting && waiting->row.id == command.id;
  if (waiting && (is_exact || (!row && row.error().code == Code::not_found))) return show(*waiting);
  if (waiting && row) return usage("several runs begin with '" + one_line(command.id, 80) + "'");
  if (!row && is_usage_error(row.error())) return usage(row.error().what, row.error().hint);
  if (!row) return tl::unexpected(row.error());
  TRY(const PastRun run, past_run(engine, *std::move(row), jobs));
  return show(run);
}

Result<std::string> totals(const Engine& engine, const RunsCommand& command, const Page& page) {
  TotalsQuery query{.until = page.now + milliseconds(1), .slots = kPlotColumns};
  TRY(query.since, since(command, page.now, page.now - kTotalsStretch));
  TRY(auto all, engine.ledger->totals(query));
  if (!command.backend.empty())
    std::erase_if(all, [&](const BackendTotals& one) { return !is_of(one.backend, command.backend); });
  if (command.json) return totals_to_json(all, query);
  return all.empty() ? std::string() : totals_to_text(all, query, page);
}

Result<std::string> list(const Host& host, const RunsCommand& command, const Page& page) {
  const Engine& engine = host.engine();
  RunQuery query{.backend = command.backend, .outcome = command.outcome, .most = command.most};
  TRY(query.since, since(command, page.now, milliseconds(0)));
  TRY(const auto runs, latest_runs(engine, query));
  if (command.json) return list_to_json(runs);
  return runs.empty() ? std::string() : list_to_text(runs, page);
}

Result<std::string> look_back(const Host& host, const RunsCommand& command, const Page& page) {
  const Engine& engine = host.engine();
  if (engine.ledger == nullptr)
    return fail(Code::unavailable, "runs: there is no history: " + engine.breakers.trouble());
  TRY_STATUS(check_backend(engine, command.backend));
  TRY_STATUS(check_outcome(command.outcome));
  if (!command.id.empty()) return one_run(host, command, page);
  return command.totals ? totals(engine, command, page) : list(host, command, page);
}

}  // namespace

int run_runs(const World& world, const Config& config, const RunsCommand& command) {
  const Output output(world);
  const Host host(world, config);
  if (!host.notice().empty()) output.note("delegate: " + host.notice());
  const auto text = look_back(host, command, page_of(world, output, world.clock.now().wall));
  if (!text) {
    output.failure(text.error(), is_usage_error(text.error()) ? "usage" : "internal");
    return is_usage_error(text.error()) ? kUsage : kInternal;
  }
  if (text->empty()) output.note("delegate: no runs to show");
  return output.answer(*text);
}

}  // namespace delegate::cli
