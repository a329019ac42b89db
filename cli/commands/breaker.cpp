#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/inspect/host_status.hpp"

namespace delegate::cli {
namespace {

using Action = BreakerCommand::Action;

std::string where(Action action) {
  switch (action) {
    case Action::reset: return "breaker reset";
    case Action::trip: return "breaker trip";
    case Action::disable: return "breaker disable";
    case Action::enable: return "breaker enable";
    case Action::list: break;
  }
  return "breaker list";
}

Result<std::vector<std::string>> targets(const Config& config, const BreakerCommand& command) {
  if (!command.all && command.backend.empty())
    return fail(Code::invalid_argument, "breaker reset: NAME is missing", "name a backend, or use --all");
  if (command.all) return config.candidates();
  if (config.backend(command.backend) == nullptr)
    return tl::unexpected(unknown_backend(where(command.action), config, command.backend));
  return config.candidates(command.backend);
}

Result<milliseconds> duration_of(const BreakerCommand& command) {
  if (command.duration.empty()) return milliseconds(0);
  const auto length = parse_duration(command.duration);
  if (!length) return fail(Code::invalid_argument, "breaker trip: --for: " + length.error().what, length.error().hint);
  if (*length > milliseconds(0)) return *length;
  return fail(Code::invalid_argument, "breaker trip: --for: must be longer than 0",
              "a number with a unit: 90s, 5m; without --for it is until `delegate breaker reset`");
}

void act(Breaker& breaker, const HostTime& now, Action action, milliseconds length) {
  switch (action) {
    case Action::reset: reset(breaker); break;
    case Action::disable: disable(breaker); break;
    case Action::enable: enable(breaker); break;
    case Action::trip:
      if (length > milliseconds(0)) open_for(breaker, now, length);
      else force_open(breaker);
      break;
    case Action::list: break;
  }
}

std::string done_text(const BreakerCommand& command, const std::string& name, BreakerState before, BreakerState after) {
  switch (command.action) {
    case Action::reset: return name + ": closed";
    case Action::disable: return name + ": disabled: every call is let through and nothing is counted";
    case Action::enable:
      return before == BreakerState::disabled ? name + ": closed"
                                              : name + ": was not disabled, is " + std::string(to_string(after));
    case Action::trip:
      return command.duration.empty() ? name + ": skipped until `delegate breaker reset " + name + "`"
                                      : name + ": skipped for " + command.duration + ", then a probe decides";
    case Action::list: break;
  }
  return {};
}

}  // namespace

int run_breaker(const World& world, const Config& config, const BreakerCommand& command) {
  const Output output(world);
  const Host host(world, config);
  if (command.action == Action::list) {
    const HostStatus status = status_of(host.engine());
    return output.answer(command.json ? to_json(status) + "\n" : breakers_to_text(status, output.is_painted()));
  }
  const auto names = targets(config, command);
  const auto length = duration_of(command);
  for (const Error* wrong : {names ? nullptr : &names.error(), length ? nullptr : &length.error()}) {
    if (wrong == nullptr) continue;
    output.failure(*wrong, "usage");
    return kUsage;
  }
  std::string said;
  for (const std::string& name : *names) {
    BreakerState before{};
    BreakerState after{};
    const Status done = host.engine().breakers.change(name, [&](Breaker& breaker, const HostTime& now) {
      before = breaker.state;
      act(breaker, now, command.action, *length);
      after = breaker.state;
    });
    if (!done) {
      output.failure({done.error().code, where(command.action) + ": " + done.error().what, done.error().hint},
                     "internal");
      return kInternal;
    }
    said += done_text(command, name, before, after) + "\n";
  }
  return output.answer(said);
}

}  // namespace delegate::cli
