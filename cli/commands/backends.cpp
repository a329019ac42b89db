#include <future>

#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/render.hpp"
#include "core/run/check.hpp"
#include "core/run/hints.hpp"

namespace delegate::cli {
namespace {

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

/// All at a time: the slowest decides how long the person waits.
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

}  // namespace

int run_backends(const World& world, const Config& config, const BackendsCommand& command) {
  const Output output(world);
  const Host host(world, config);
  std::vector<CheckRow> rows;
  for (const std::string& name : config.candidates())
    rows.push_back(row_of(host.engine(), name, *config.backend(name)));
  if (command.check) check_all(host.engine(), world.interrupted, rows);
  if (world.interrupted.cancelled()) return 128 + world.signal;
  return say(output, rows, command.json, "delegate.backends/1");
}

int run_ping(const World& world, const Config& config, const PingCommand& command) {
  const Output output(world);
  if (!command.backend.empty() && config.backend(command.backend) == nullptr) {
    output.failure(unknown_backend("ping", config, command.backend), "usage");
    return kUsage;
  }
  const Host host(world, config);
  std::vector<CheckRow> rows;
  int code = kNothingInstalled;
  for (const std::string& name : command.backend.empty() ? config.candidates() : config.candidates(command.backend)) {
    CheckRow row = row_of(host.engine(), name, *config.backend(name));
    if (const auto candidate = find_candidate(host.engine(), name)) {
      output.progress("pinging " + name + " …");
      const PingAnswer answer = ping(host.engine(), *candidate, world.interrupted);
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
    if (world.interrupted.cancelled()) return 128 + world.signal;
  }
  const int written = say(output, rows, command.json, "delegate.ping/1");
  return written != 0 ? written : code;
}

}  // namespace delegate::cli
