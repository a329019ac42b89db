#include <future>

#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "cli/request/request_builder.hpp"
#include "core/run/check.hpp"
#include "core/run/hints.hpp"

namespace delegate::cli {
namespace {

struct BackendsOptions {
  bool check = false;
};
constexpr OptionRow kBackendsOptions[] = {
    {.names = "--check", .help = "Run each to get its version", .store = into<&BackendsOptions::check>},
    json_flag("Print JSON"),
};

struct PingOptions {
  std::string backend;  // empty: all that are enabled
};
constexpr OptionRow kPingOptions[] = {
    {.value = "NAME",
     .help = "Backend to call (default: all that are enabled)",
     .kind = ValueKind::backends,
     .store = into<&PingOptions::backend>},
    json_flag("Print JSON"),
};

/// A server turns out to be absent only when it is called; a command that was found and cannot be started is broken.
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

void check(const Engine& engine, const CancelToken& cancel, CheckRow& row) {
  const auto candidate = find_candidate(engine, row.name);
  if (!candidate) return;
  const VersionAnswer version = ask_version(*candidate, cancel);
  row.state = version.works ? "works" : is_absent(*candidate, version.outcome) ? "not installed" : "broken";
  row.detail = engine.redact(version.text);
  row.took = version.took;
  row.hint = engine.redact(version.hint);
}

/// All in parallel: the slowest decides how long it takes.
void check_all(const Engine& engine, const CancelToken& cancel, std::vector<CheckRow>& rows) {
  std::vector<std::future<void>> checks;
  checks.reserve(rows.size());
  for (CheckRow& row : rows)
    checks.push_back(std::async(std::launch::async, [&engine, &cancel, &row] { check(engine, cancel, row); }));
  for (std::future<void>& done : checks) done.get();
}

int say(const Output& output, const std::vector<CheckRow>& rows, bool json, const char* schema) {
  return output.answer(json ? to_json(rows, schema) + "\n" : to_text(rows));
}

CommandResult backends(const CommandContext& context, const BackendsOptions& options) {
  const Config& config = context.config();
  const World& world = context.world;
  std::vector<CheckRow> rows;
  for (const std::string& name : config.candidates())
    rows.push_back(row_of(context.engine(), name, *config.backend(name)));
  if (options.check) check_all(context.engine(), world.interrupted, rows);
  if (world.interrupted.cancelled()) return context.interrupted();
  return say(context.output, rows, world.json, "delegate.backends/1");
}

CommandResult ping_backends(const CommandContext& context, const PingOptions& options) {
  const Config& config = context.config();
  const Output& output = context.output;
  const World& world = context.world;
  if (!options.backend.empty() && config.backend(options.backend) == nullptr)
    return fail_as(ErrorKind::usage, unknown_backend("ping", config, options.backend));
  std::vector<CheckRow> rows;
  int code = kNothingInstalled;
  for (const std::string& name : options.backend.empty() ? config.candidates() : config.candidates(options.backend)) {
    CheckRow row = row_of(context.engine(), name, *config.backend(name));
    if (const auto candidate = find_candidate(context.engine(), name)) {
      output.progress("pinging " + name + " …");
      const PingAnswer answer = ping(context.engine(), *candidate, world.interrupted);
      output.progress({});
      const bool absent = is_absent(*candidate, answer.outcome);
      row.state = answer.works ? "answers" : absent ? "not installed" : std::string(to_string(answer.outcome));
      row.detail = answer.message;
      row.hint = answer.hint;
      row.took = answer.took;
      if (!answer.works && !absent) code = kAllFailed;
      else if (answer.works && code == kNothingInstalled) code = kAnswered;
    } else if (candidate.error().reason == UnavailableReason::login_unset) {
      code = kAllFailed;
    }
    rows.push_back(std::move(row));
    if (world.interrupted.cancelled()) return context.interrupted();
  }
  const int written = say(output, rows, world.json, "delegate.ping/1");
  return written != 0 ? written : code;
}

}  // namespace

extern constexpr CommandRow kBackends{.name = "backends",
                                      .group = kOperateGroup,
                                      .help = "List what is installed, and where",
                                      .options = kBackendsOptions,
                                      .needs = Needs::host,
                                      .run = run_with<backends>};

extern constexpr CommandRow kPing{
    .name = "ping",
    .group = kOperateGroup,
    .help = "Check the login with a real one-line call",
    .more =
        "The call may cost something. It ignores the cooldown of an open breaker; its result counts for the breaker.",
    .options = kPingOptions,
    .needs = Needs::host,
    .run = run_with<ping_backends>};

}  // namespace delegate::cli
