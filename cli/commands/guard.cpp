#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/render.hpp"
#include "core/base/text.hpp"
#include "core/inspect/host_status.hpp"

namespace delegate::cli {
namespace {

int reset_guards(const Output& output, const Host& host, const GuardCommand& command) {
  if (!command.all && command.name.empty()) {
    output.failure({Code::invalid_argument, "guard reset: NAME is missing", "name a guard, or use --all"}, "usage");
    return kUsage;
  }
  const auto changed = host.engine().guards.reset(command.all ? "" : command.name);
  if (!changed) {
    output.failure({changed.error().code, "guard reset: " + changed.error().what, changed.error().hint}, "internal");
    return kInternal;
  }
  if (command.all) return output.answer(std::to_string(*changed) + (*changed == 1 ? " guard" : " guards") + " reset\n");
  const std::string name = one_line(command.name, 80);
  return output.answer(name + (*changed == 0 ? ": has seen no failure, nothing to reset\n" : ": closed\n"));
}

}  // namespace

int run_guard(const World& world, const Config& config, const GuardCommand& command) {
  const Output output(world);
  const Host host(world, config);
  const HostStatus status = status_of(host.engine());
  if (!status.store.ok) {
    output.failure({Code::unavailable, "guard: " + status.store.problem, {}}, "internal");
    return kInternal;
  }
  if (command.action == GuardCommand::Action::reset) return reset_guards(output, host, command);
  if (command.json) return output.answer(to_json(status.guards, "delegate.guards/1") + "\n");
  const std::string text = to_text(status.guards);
  return output.answer(text.empty() ? "every side job works\n" : text);
}

}  // namespace delegate::cli
