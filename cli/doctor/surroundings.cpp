#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/doctor/patient.hpp"
#include "cli/places.hpp"
#include "cli/setup/survey.hpp"
#include "core/base/text.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"

// What delegate finds around itself: variables, the PATH, other copies of it, the clock, the terminal.
namespace delegate::cli::doctor {
namespace {

constexpr milliseconds kNoEarlier{1'767'225'600'000};  // 2026-01-01: a clock before it is wrong
constexpr milliseconds kAhead{10 * 60'000};            // what was recorded may lie so far in the future
/// Where a program has to be that an editor finds when it was not started from a shell.
constexpr std::array<std::string_view, 6> kEverywhere{"/usr/local/bin/", "/usr/bin/",  "/bin/",
                                                      "/snap/bin/",      "/usr/sbin/", "/opt/homebrew/bin/"};

Findings look_at_depth(const Patient& patient) {
  if (patient.host == nullptr || patient.world.variable("DELEGATE_DEPTH").empty()) return {};
  if (const auto depth = next_depth(patient.engine()); !depth)
    return {{Severity::problem, "DELEGATE_DEPTH", depth.error().what, depth.error().hint}};
  return {{Severity::note, "DELEGATE_DEPTH",
           "is " + one_line(patient.world.variable("DELEGATE_DEPTH"), 40) +
               ": this shell was started by an agent that delegate had asked"}};
}

Findings look_at_home(const Patient& patient) {
  if (!home_path(patient.world).empty()) return {};
  return {{Severity::warning, "HOME", "is not set: no CLI finds its login, and nothing has a place",
           "set it to your home directory"}};
}

bool is_relative(std::string_view directory) { return !directory.starts_with('/'); }

Findings look_at_path(const Patient& patient) {
  const std::string path = patient.world.variable("PATH");
  if (path.empty()) return {{Severity::problem, "PATH", "is not set: no CLI can be found", "set it in this shell"}};
  const auto directories = split(path, ':');
  if (std::none_of(directories.begin(), directories.end(), is_relative)) return {};
  return {{Severity::note, "PATH", "has a relative directory: nothing is started from there", "write the whole path"}};
}

/// Of which backends an editor may not know where they are.
Findings look_at_desktop(const Patient& patient) {
  const auto all = setup::survey(patient.world);
  const bool is_tool = std::any_of(all.begin(), all.end(),
                                   [](const auto& one) { return one.registration == setup::Registration::here; });
  if (patient.host == nullptr || !is_tool) return {};
  std::vector<std::string> hidden;
  for (const auto& [name, settings] : patient.config().backends) {
    const auto candidate = find_candidate(patient.engine(), name);
    if (!candidate || !candidate->backend->is_process() || settings.command.front().starts_with('/')) continue;
    if (std::none_of(kEverywhere.begin(), kEverywhere.end(), [&](std::string_view place) {
          return Path(candidate->where).parent_path().string() + "/" == place;
        }))
      hidden.push_back(name);
  }
  if (hidden.empty()) return {};
  return {{Severity::note, "PATH",
           "an editor that the desktop starts may have another one, and not find " + join(hidden, ", "),
           "start it from this shell, or set backends." + hidden.front() + ".command to the whole path"}};
}

std::string version_at(const Patient& patient, const std::string& program) {
  ChildSpec spec;
  spec.argv = {program, "--version"};
  spec.clocks.total = Deadline::in(kPatience);
  const auto result = run_child(spec, patient.world.interrupted);
  if (!result || result->end != ChildEnd::exited || result->exit_code != 0) return "which tells no version";
  return one_line(trim(result->out.text()), 60);
}

/// What a script, an editor or another shell starts by the name.
Findings look_at_own_name(const Patient& patient) {
  const auto named = find_executable("delegate", patient.world.variable("PATH"));
  if (!named) return {{Severity::note, "delegate", "is not on the PATH", "put it there: completions need it"}};
  std::error_code ignored;  // what cannot be looked at is another one
  if (std::filesystem::equivalent(*named, "/proc/self/exe", ignored)) return {};
  return {{Severity::warning, "delegate",
           "on the PATH is another one: " + *named + " (" + version_at(patient, *named) +
               "); this is delegate " DELEGATE_VERSION,
           "remove one of them"}};
}

Findings look_at_clock(const Patient& patient) {
  const milliseconds now = patient.world.clock.now().wall;
  if (now < kNoEarlier)
    return {{Severity::problem, "clock", "says that it is before 2026: no service accepts that", "set it"}};
  for (const BackendStatus& backend : patient.status.backends)
    if (backend.last_attempt && backend.last_attempt->started_at > now + kAhead)
      return {{Severity::warning, "clock", "was ahead when " + backend.name + " was last asked, or is behind now",
               "set it"}};
  return {};
}

Findings look_at_terminal(const Patient& patient) {
  const World& world = patient.world;
  if (::isatty(world.err) != 1 || world.variable("TERM") != "dumb") return {};
  return {{Severity::note, "terminal", "TERM is dumb: no line says who is being asked"}};
}

}  // namespace

Findings look_at_surroundings(const Patient& patient) {
  Findings all;
  for (const auto& look :
       {look_at_depth, look_at_home, look_at_path, look_at_desktop, look_at_own_name, look_at_clock, look_at_terminal})
    add(all, look(patient));
  return all;
}

}  // namespace delegate::cli::doctor
