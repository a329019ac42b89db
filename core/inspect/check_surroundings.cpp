#include <algorithm>
#include <array>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/inspect/context.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"
#include "core/os/terminal.hpp"

// The environment: variables, PATH, other copies of delegate, the clock, the terminal.
namespace delegate::inspect {
namespace {

constexpr milliseconds kNoEarlier{1'767'225'600'000};  // 2026-01-01: an earlier clock is wrong
constexpr milliseconds kAhead{10 * 60'000};            // tolerated for recorded times in the future
Findings check_depth(const Context& context) {
  if (!context.has_engine() || context.process.variable("DELEGATE_DEPTH").empty()) return {};
  if (const auto depth = next_depth(context.engine()); !depth)
    return {{FindingSeverity::problem, "DELEGATE_DEPTH", depth.error().what, depth.error().hint}};
  return {{FindingSeverity::note, "DELEGATE_DEPTH",
           "is " + one_line(context.process.variable("DELEGATE_DEPTH"), 40) +
               ": this shell was started by an agent that delegate called"}};
}

Findings check_home(const Context& context) {
  if (!home_path(context.process).empty()) return {};
  return {{FindingSeverity::warning, "HOME",
           "is not set: CLIs cannot find their logins, and delegate has no directory for its files",
           "set it to your home directory"}};
}

bool is_relative(std::string_view directory) { return !directory.starts_with('/'); }

Findings check_path(const Context& context) {
  const std::string path = context.process.variable("PATH");
  if (path.empty())
    return {{FindingSeverity::problem, "PATH", "is not set: no CLI can be found", "set it in this shell"}};
  const auto directories = split(path, ':');
  if (std::none_of(directories.begin(), directories.end(), is_relative)) return {};
  return {{FindingSeverity::note, "PATH", "has a relative directory, which is ignored", "use an absolute path"}};
}

std::string version_at(const Context& context, const std::string& program) {
  ChildSpec spec;
  spec.argv = {program, "--version"};
  spec.clocks.total = Deadline::in(kCheckTimeout);
  const auto result = run_child(spec, context.process.interrupted);
  if (!result || result->end != ChildEnd::exited || result->exit_code != 0) return "unknown version";
  return one_line(trim(result->out.text()), 60);
}

/// The program that a script, an editor or another shell starts as `delegate`.
Findings check_own_name(const Context& context) {
  const auto named = find_executable("delegate", context.process.variable("PATH"));
  if (!named)
    return {{FindingSeverity::note, "delegate", "not found on PATH", "add its directory to PATH: completions need it"}};
  std::error_code ignored;  // an inaccessible file counts as different
  if (std::filesystem::equivalent(*named, own_executable(), ignored)) return {};
  return {{FindingSeverity::warning, "delegate",
           "on PATH is another program: " + *named + " (" + version_at(context, *named) + "); this is delegate " +
               std::string(context.version),
           "remove one of them"}};
}

Findings check_clock(const Context& context) {
  const milliseconds now = context.process.clock.now().wall;
  if (now < kNoEarlier)
    return {
        {FindingSeverity::problem, "clock", "is set to a date before 2026, which services reject", "set the clock"}};
  for (const BackendStatus& backend : context.status.backends)
    if (backend.last_attempt && backend.last_attempt->started_at > now + kAhead)
      return {{FindingSeverity::warning, "clock",
               "was ahead when " + backend.name + " was last called, or is behind now", "set the clock"}};
  return {};
}

Findings check_terminal(const Context& context) {
  const ProcessFacts& process = context.process;
  if (!is_terminal(process.err) || process.variable("TERM") != "dumb") return {};
  return {{FindingSeverity::note, "terminal", "TERM is dumb: no progress line is shown"}};
}

}  // namespace

Findings check_surroundings(const Context& context) {
  Findings all;
  for (const auto& check : {check_depth, check_home, check_path, check_own_name, check_clock, check_terminal})
    add(all, check(context));
  return all;
}

}  // namespace delegate::inspect
