#include <future>

#include "cli/commands/commands.hpp"
#include "cli/drill/report.hpp"
#include "cli/exit_code.hpp"

// The whole story on this machine. Everything that is shown has been seen; nothing of the person's is touched.
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

/// Only a local model, or nobody at all.
int nobody_to_break(const World& world, const Configured& configured, Scene scene, const DrillCommand& command) {
  const Output output(world);
  const std::string& local = scene.config.router.local;
  const BackendSettings* settings = scene.config.backend(local);
  if (settings == nullptr || !settings->enabled) {
    output.failure({Code::not_found, "drill: no backend of your router.order is enabled",
                    "set enabled = true for one of them, or change router.order; `delegate drill` needs nobody"},
                   "not_installed");
    return kNothingInstalled;
  }
  scene.notes = {"your configuration asks nobody but " + local + ", the local model, so there is nobody to break"};
  if (command.json) {
    Report report{.scene = scene, .machine = look_around(world, configured, world.interrupted)};
    return output.answer(to_json(report) + "\n");
  }
  return output.answer("Your configuration asks nobody but " + local +
                       ", the local model. It is the last resort and\n" +
                       "always tried, so there is nobody to break and nothing to fall back from.\n\n"
                       "Next:\n   add another backend to router.order, or see `delegate drill`\n");
}

Result<std::vector<Step>> perform(const World& world, const Scene& scene, const Output& output) {
  TRY(const auto sandbox, Sandbox::create(world));
  TRY_STATUS(sandbox->furnish(scene.config));
  Story story(*sandbox, scene, world.interrupted,
              [&](const std::string& name) { output.progress("drill: " + name + " ..."); });
  auto steps = story.play();
  output.progress({});
  return steps;
}

int play(const World& world, const Configured& configured, const DrillCommand& command, const Output& output) {
  const Scene scene = command.mine ? my_scene(configured.loaded.config) : plain_scene();
  if (scene.patient.empty()) return nobody_to_break(world, configured, scene, command);
  const auto began = std::chrono::steady_clock::now();
  auto machine = std::async(std::launch::async, [&] { return look_around(world, configured, world.interrupted); });
  auto steps = perform(world, scene, output);
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  Report report{.scene = scene, .took = took, .machine = machine.get()};
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
