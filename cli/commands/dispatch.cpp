#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "core/config/report.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {
namespace {

/// Where the search for a project's file begins: the directory that `ask` works in.
std::string directory_of(const World& world, const Command& command) {
  const auto* submit = std::get_if<SubmitCommand>(&command);
  const auto* ask = submit != nullptr ? &submit->ask : std::get_if<AskCommand>(&command);
  if (ask == nullptr || ask->directory.empty()) return world.cwd;
  return (Path(world.cwd) / ask->directory).lexically_normal().string();
}

/// All that is wrong for a person; a script gets the first, and the whole list from `config check --json`.
int report_problems(const Output& output, const ConfigVerdict& verdict) {
  for (const Error& error : verdict.errors)
    if (&error == &verdict.errors.front()) output.failure(error, verdict.outcome);
    else output.error(error);
  return exit_code_of(verdict);
}

/// What was left aside must not be missed; only a shell that completes words, a process
/// that nobody looks at, and a person who wants quiet, go without.
void say_notices(const Output& output, const Configured& configured, const Command& command) {
  const auto* ask = std::get_if<AskCommand>(&command);
  if (std::holds_alternative<CompleteCommand>(command) || std::holds_alternative<AnnounceCommand>(command) ||
      (ask != nullptr && ask->quiet))
    return;
  for (const Error& notice : configured.notices) output.error(notice);
  if (std::holds_alternative<StatusCommand>(command) && configured.sources.project_trust == ProjectTrust::trusted)
    output.note("delegate: " + configured.sources.project_file->path + ": in use, trusted");
}

bool wants_json(const std::vector<std::string>& arguments) {
  const auto words_begin = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), words_begin, "--json") != words_begin;
}

/// What was asked for is the answer; the help for a bare `delegate` is not.
int show(const World& world, const Output& output, const ShowText& text) {
  if (text.is_asked_for) return output.answer(text.text);
  static_cast<void>(write_all(world.err, text.text));  // a stderr that cannot be written leaves the exit code
  return kUsage;
}

/// Commands that need no configuration, and must work when it is broken.
std::optional<int> dispatch_unconfigured(const World& world, const CommandLine& line, const std::string& directory) {
  const Command& command = line.command;
  if (const auto* config = std::get_if<ConfigCommand>(&command)) {
    if (config->action == ConfigCommand::Action::init) return run_config_init(world, line.config_file, *config);
    if (config->action == ConfigCommand::Action::path)
      return run_config_path(world, line.config_file, directory, *config);
  }
  if (const auto* doctor = std::get_if<DoctorCommand>(&command)) return run_doctor(world, line.config_file, *doctor);
  if (const auto* mcp = std::get_if<McpCommand>(&command)) return run_mcp(world, line.config_file, *mcp);
  if (const auto* trust = std::get_if<TrustCommand>(&command)) return run_trust(world, *trust);
  if (const auto* setup = std::get_if<SetupCommand>(&command)) return run_setup(world, *setup);
  if (const auto* stand_in = std::get_if<StandInCommand>(&command)) return run_stand_in(world, *stand_in);
  if (const auto* completion = std::get_if<CompletionCommand>(&command)) return run_completion(world, *completion);
  if (const auto* manual = std::get_if<ManualCommand>(&command)) return run_manual(world, *manual);
  return std::nullopt;
}

int dispatch(const World& world, const Configured& configured, const CommandLine& line, const Output& output) {
  const Command& command = line.command;
  if (const auto* config = std::get_if<ConfigCommand>(&command)) return run_config(world, configured, *config);
  if (const auto* drill = std::get_if<DrillCommand>(&command)) return run_drill(world, configured, *drill);
  if (const auto* complete = std::get_if<CompleteCommand>(&command)) return run_complete(world, configured, *complete);
  if (!configured.loaded.problems.empty()) return report_problems(output, verdict_on(configured));
  const Config& config = configured.loaded.config;
  if (const auto* ask = std::get_if<AskCommand>(&command)) return run_ask(world, config, *ask);
  if (const auto* submit = std::get_if<SubmitCommand>(&command)) return run_submit(world, config, *submit);
  if (const auto* result = std::get_if<ResultCommand>(&command)) return run_result(world, config, *result);
  if (const auto* cancel = std::get_if<CancelCommand>(&command)) return run_cancel(world, config, *cancel);
  if (const auto* worker = std::get_if<WorkerCommand>(&command)) return run_worker(world, config, *worker);
  if (const auto* carry = std::get_if<CarryCommand>(&command)) return run_carry(world, config, *carry);
  if (const auto* status = std::get_if<StatusCommand>(&command)) return run_status(world, config, *status);
  if (const auto* runs = std::get_if<RunsCommand>(&command)) return run_runs(world, config, *runs);
  if (const auto* backends = std::get_if<BackendsCommand>(&command)) return run_backends(world, config, *backends);
  if (const auto* told = std::get_if<NotificationsCommand>(&command)) return run_notifications(world, config, *told);
  if (const auto* guard = std::get_if<GuardCommand>(&command)) return run_guard(world, config, *guard);
  if (const auto* health = std::get_if<HealthCommand>(&command)) return run_health(world, config, *health);
  if (std::holds_alternative<AnnounceCommand>(command)) return run_announce(world, config);
  if (const auto* ping = std::get_if<PingCommand>(&command)) return run_ping(world, config, *ping);
  return run_breaker(world, config, std::get<BreakerCommand>(command));
}

}  // namespace

int run(World& world) {
  const CommandLine line = parse(world.arguments);
  world.json = wants_json(world.arguments);
  if (!line.color.empty()) world.color = line.color;
  world.config_file = line.config_file;
  const Output output(world);
  if (const auto* text = std::get_if<ShowText>(&line.command)) return show(world, output, *text);
  if (const auto* error = std::get_if<UsageError>(&line.command)) {
    output.failure({Code::invalid_argument, error->what, error->hint}, "usage");
    return kUsage;
  }
  const std::string directory = directory_of(world, line.command);
  if (const auto code = dispatch_unconfigured(world, line, directory)) return *code;
  const auto configured = configure(world, line.config_file, directory);
  if (!configured) {
    // A shell that waits for words gets none, and no error into the line that is being typed.
    if (std::holds_alternative<CompleteCommand>(line.command)) return kAnswered;
    output.failure(configured.error(), "configuration");
    return kConfiguration;
  }
  say_notices(output, *configured, line.command);
  return dispatch(world, *configured, line, output);
}

}  // namespace delegate::cli
