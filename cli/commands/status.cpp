#include "cli/commands/commands.hpp"
#include "cli/render/render.hpp"
#include "cli/terminal/watch.hpp"

namespace delegate::cli {

int run_status(const World& world, const Config& config, const StatusCommand& command) {
  const Output output(world);
  const Host host(world, config);
  if (!host.notice().empty()) output.note("delegate: " + host.notice());
  if (command.watch) return watch_status(world, host.engine(), command.json);
  const HostStatus status = status_of(host.engine());
  return output.answer(command.json ? to_json(status) + "\n" : to_text(status, output.is_painted()));
}

}  // namespace delegate::cli
