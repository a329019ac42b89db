#include <array>
#include <future>

#include "cli/commands/context.hpp"
#include "cli/render/doctor.hpp"
#include "cli/setup/check_editors.hpp"
#include "core/config/report.hpp"
#include "core/inspect/context.hpp"
#include "core/os/in_parallel.hpp"

namespace delegate::cli {
namespace {

constexpr OptionRow kDoctorOptions[] = {json_flag("Print JSON")};

/// What the checks of `core/inspect` and those of `cli/setup` need.
struct Subject {
  const World& world;
  const inspect::Context& context;
  const std::vector<setup::EditorStatus>& editors;
};

struct Check {
  std::string_view name;  // promised to scripts
  Findings (*run)(const Subject&);
  bool needs_engine = true;
};
constexpr std::array kChecks{
    Check{"configuration", [](const Subject& subject) { return check_configuration(subject.context); }, false},
    Check{"state", [](const Subject& subject) { return check_state(subject.context); }},
    Check{"backends", [](const Subject& subject) { return check_backends(subject.context); }},
    Check{"jobs", [](const Subject& subject) { return check_jobs(subject.context); }},
    Check{"changes", [](const Subject& subject) { return check_changes(subject.context); }},
    Check{"editors", [](const Subject& subject) { return setup::check_editors(subject.world, subject.editors); },
          false},
    Check{"surroundings",
          [](const Subject& subject) {
            Findings all = check_surroundings(subject.context);
            if (subject.context.has_engine())
              add(all, setup::check_editor_path(subject.editors, subject.context.engine()));
            return all;
          },
          false},
};

/// All in parallel: the slowest decides how long it takes.
std::vector<Section> examine(const Subject& subject) {
  std::vector<std::future<Findings>> under_way;
  std::vector<Section> sections;
  for (const Check& check : kChecks) {
    if (check.needs_engine && !subject.context.has_engine()) continue;
    sections.push_back({check.name, {}});
    under_way.push_back(in_parallel([&check, &subject] { return check.run(subject); }));
  }
  for (std::size_t i = 0; i < sections.size(); ++i) sections[i].findings = under_way[i].get();
  return sections;
}

bool is_usable(const Result<Configured>& configured) { return configured && verdict_on(*configured).errors.empty(); }

CommandResult run_doctor(const CommandContext& command, const NoOptions&) {
  const World& world = command.world;
  const Output& output = command.output;
  const auto configured = configure(world, world.config_file, world.cwd);
  inspect::Context context{.process = world, .configured = configured, .version = DELEGATE_VERSION};
  std::optional<Host> host;
  if (is_usable(configured)) {
    context.usable = &host.emplace(world, configured->loaded.config).engine();
    context.status = status_of(*context.usable);
    // That it cannot be read is in the status.
    context.states = context.usable->breakers.read().value_or(StateStore::Snapshot{});
  }
  output.progress("checking …");
  const std::vector<setup::EditorStatus> editors = setup::survey(world);
  const std::vector<Section> sections = examine({world, context, editors});
  output.progress({});
  if (world.interrupted.cancelled() && world.signal != 0) return command.interrupted();
  const int written = output.quote(world.json ? to_json(sections, DELEGATE_VERSION) + "\n"
                                              : to_text(sections, DELEGATE_VERSION, output.is_painted()));
  if (written != 0) return written;
  return count(sections, FindingSeverity::problem) > 0 ? kAllFailed : kAnswered;
}

}  // namespace

extern constexpr CommandRow kDoctor{
    .name = "doctor",
    .group = kOperateGroup,
    .help = "Find out why something does not work, and how to fix it",
    .more =
        "Checks the configuration, the state, each backend with its login, breaker and slots, background runs, editors "
        "and the environment. It runs nothing but `--version` of the installed tools, asks a local server which models "
        "it has, and calls no model: that is what `delegate ping` does.\n\n"
        "The exit status is 0 if there are no problems (warnings do not count), else 1.",
    .options = kDoctorOptions,
    .run = run_with<run_doctor>};

}  // namespace delegate::cli
