
#include "cli/commands/context.hpp"
#include "cli/drill/report.hpp"
#include "core/os/in_parallel.hpp"

// Plays a whole outage on this machine, with fake backends. Everything shown was observed; nothing of the user's is
// changed.
namespace delegate::cli {
namespace drill {
namespace {

struct DrillOptions {
  bool mine = false;
};
constexpr OptionRow kDrillOptions[] = {
    {.names = "--mine",
     .help = "Use your configuration, with fake backends for your CLIs",
     .store = into<&DrillOptions::mine>},
    json_flag("Print JSON"),
};

tl::unexpected<CommandError> invalid_configuration(const std::vector<ConfigProblem>& problems) {
  std::vector<Error> errors;
  for (const ConfigProblem& problem : problems)
    errors.push_back({Code::invalid_argument, to_string(problem), problem.hint});
  const Error first = errors.front();
  errors.erase(errors.begin());
  return fail_as(ErrorKind::configuration, first, std::move(errors));
}

/// The configuration has only a local model, or no backend at all.
CommandResult no_target(const CommandContext& context, Setup setup) {
  const std::string& local = setup.config.router.local;
  const BackendSettings* settings = setup.config.backend(local);
  if (settings == nullptr || !settings->enabled)
    return fail_as(ErrorKind::not_installed,
                   {Code::not_found, "drill: no backend of your router.order is enabled",
                    "set enabled = true for one of them, or change router.order; `delegate drill` needs no backend"});
  setup.notes = {"your configuration calls only " + local + ", the local model, so no backend can fail"};
  if (context.world.json) {
    Report report{.setup = setup,
                  .machine = inspect_machine(context.world, *context.configured, context.world.interrupted)};
    return context.output.answer(to_json(report) + "\n");
  }
  return context.output.answer("Your configuration calls only " + local +
                               ", the local model. It is the last resort and\n"
                               "always tried, so no backend can fail and be replaced.\n\n"
                               "Next:\n   add another backend to router.order, or see `delegate drill`\n");
}

Result<std::vector<Step>> run_in_sandbox(const World& world, const Setup& setup, const Output& output) {
  TRY(const auto sandbox, Sandbox::create(world));
  TRY_STATUS(sandbox->install(setup.config));
  Scenario scenario(*sandbox, setup, world.interrupted,
                    [&](const std::string& name) { output.progress("drill: " + name + " ..."); });
  auto steps = scenario.play();
  output.progress({});
  return steps;
}

CommandResult run_drill(const CommandContext& context, const DrillOptions& options) {
  const World& world = context.world;
  const Output& output = context.output;
  const LoadedConfig& loaded = context.configured->loaded;
  if (options.mine && !loaded.problems.empty()) return invalid_configuration(loaded.problems);
  const Setup setup = options.mine ? setup_for(loaded.config) : default_setup();
  if (setup.target.empty()) return no_target(context, setup);
  const auto began = std::chrono::steady_clock::now();
  auto machine = in_parallel([&] { return inspect_machine(world, *context.configured, world.interrupted); });
  auto steps = run_in_sandbox(world, setup, output);
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  Report report{.setup = setup, .took = took, .machine = machine.get()};
  if (world.interrupted.cancelled()) return context.interrupted();
  if (!steps) return fail_as(ErrorKind::test, steps.error());
  report.steps = *std::move(steps);
  const int written = output.answer(world.json ? to_json(report) + "\n" : to_text(report, output.is_painted()));
  if (written != 0) return written;
  return report.held() ? kAnswered : kAllFailed;
}

}  // namespace
}  // namespace drill

extern constexpr CommandRow kDrill{
    .name = "drill",
    .group = kOperateGroup,
    .help = "Show how failures are handled, with fake backends",
    .more =
        "Real processes, real breakers and a real store; your own files and state are not touched. The exit status is "
        "0 only if every step went as it should.",
    .options = drill::kDrillOptions,
    .needs = Needs::unchecked_configuration,
    .run = run_with<drill::run_drill>};

}  // namespace delegate::cli
