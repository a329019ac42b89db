#include <algorithm>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"

namespace delegate::cli {
namespace {

/// Where the search for a project's file begins: the directory that `ask` works in.
std::string directory_of(const World& world, const Command& command) {
  const auto* ask = std::get_if<AskCommand>(&command);
  if (ask == nullptr || ask->directory.empty()) return world.cwd;
  return (Path(world.cwd) / ask->directory).lexically_normal().string();
}

/// All of them for a person; a script gets the first, and the whole list from `config check --json`.
int report_problems(const Output& output, const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) {
    const Error error{Code::invalid_argument, to_string(problem), problem.hint};
    if (&problem == &problems.front()) output.failure(error, "configuration");
    else output.error(error);
  }
  return kConfiguration;
}

bool wants_json(const std::vector<std::string>& arguments) {
  const auto words_begin = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), words_begin, "--json") != words_begin;
}

int dispatch(const World& world, const Configured& configured, const Command& command, const Output& output) {
  if (const auto* check = std::get_if<ConfigCommand>(&command)) return run_config_check(world, configured, *check);
  if (!configured.loaded.problems.empty()) return report_problems(output, configured.loaded.problems);
  const Config& config = configured.loaded.config;
  if (const auto* ask = std::get_if<AskCommand>(&command)) return run_ask(world, config, *ask);
  if (const auto* status = std::get_if<StatusCommand>(&command)) return run_status(world, config, *status);
  if (const auto* backends = std::get_if<BackendsCommand>(&command)) return run_backends(world, config, *backends);
  if (const auto* ping = std::get_if<PingCommand>(&command)) return run_ping(world, config, *ping);
  return run_breaker(world, config, std::get<BreakerCommand>(command));
}

}  // namespace

Error unknown_backend(const Config& config, const std::string& name) {
  std::vector<std::string> names{"auto"};
  for (const auto& [known, settings] : config.backends) names.push_back(known);
  const std::string_view near = nearest(name, names);
  return {Code::not_found, "'" + one_line(name, 80) + "' is no backend (there are: " + join(names, ", ") + ")",
          near.empty() ? "" : "did you mean `" + std::string(near) + "`?"};
}

int run(World& world) {
  const CommandLine line = parse(world.arguments);
  world.json = wants_json(world.arguments);
  if (!line.color.empty()) world.color = line.color;
  const Output output(world);
  if (const auto* text = std::get_if<ShowText>(&line.command)) return output.answer(text->text);
  if (const auto* error = std::get_if<UsageError>(&line.command)) {
    output.failure({Code::invalid_argument, error->what, error->hint}, "usage");
    return kUsage;
  }
  const auto configured = configure(world, line.config_file, directory_of(world, line.command));
  if (!configured) {
    output.failure(configured.error(), "configuration");
    return kConfiguration;
  }
  return dispatch(world, *configured, line.command, output);
}

}  // namespace delegate::cli
