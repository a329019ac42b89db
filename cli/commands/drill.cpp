#include <future>

#include "cli/commands/commands.hpp"
#include "cli/drill/report.hpp"
#include "cli/exit_code.hpp"

// Plays a whole outage on this machine, with fake backends. Everything shown was observed; nothing of the user's is
// changed.
namespace delegate::cli {
namespace drill {
namespace {

int report_problems(const Output& output, const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) {
    const Error error{Code::invalid_argument, to_string(problem), problem.hint};
    if (&problem == &problems.front()) output.failure(error, "configuration");
    else output.error(error);
  }
  return kConfiguration;
}

/// The configuration has only a local model, or no backend at all.
int no_target(const World& world, const Configured& configured, Setup setup, const DrillCommand& command) {
  const Output output(world);
  const std::string& local = setup.config.router.local;
  const BackendSettings* settings = setup.config.backend(local);
  if (settings == nullptr || !settings->enabled) {
    output.failure({Code::not_found, "drill: no backend of your router.order is enabled",
                    "set enabled = true for one of them, or change router.order; `delegate drill` needs no backend"},
                   "not_installed");
    return kNothingInstalled;
  }
  setup.notes = {"your configuration calls only " + local + ", the local model, so no backend can fail"};
  if (command.json) {
    Report report{.setup = setup, .machine = inspect_machine(world, configured, world.interrupted)};
    return output.answer(to_json(report) + "\n");
  }
  return output.answer("Your configuration calls only " + local + ", the local model. It is the last resort and\n" +
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

int play(const World& world, const Configured& configured, const DrillCommand& command, const Output& output) {
  const Setup setup = command.mine ? setup_for(configured.loaded.config) : default_setup();
  if (setup.target.empty()) return no_target(world, configured, setup, command);
  const auto began = std::chrono::steady_clock::now();
  auto machine = std::async(std::launch::async, [&] { return inspect_machine(world, configured, world.interrupted); });
  auto steps = run_in_sandbox(world, setup, output);
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  Report report{.setup = setup, .took = took, .machine = machine.get()};
  if (world.interrupted.cancelled()) return 128 + world.signal;
  if (!steps) {
    output.failure(steps.error(), "internal");
    return kAllFailed;
  }
  report.steps = *std::move(steps);
  const int written = output.answer(command.json ? to_json(report) + "\n" : to_text(report, output.is_painted()));
  if (written != 0) return written;
  return report.held() ? kAnswered : kAllFailed;
}

}  // namespace
}  // namespace drill

int run_drill(const World& world, const Configured& configured, const DrillCommand& command) {
  const Output output(world);
  if (command.mine && !configured.loaded.problems.empty())
    return drill::report_problems(output, configured.loaded.problems);
  return drill::play(world, configured, command, output);
}

}  // namespace delegate::cli
