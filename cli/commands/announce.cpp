#include "cli/commands/commands.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/process.hpp"

namespace delegate::cli {

int run_announce(const World& world, const Config& config) {
  set_process_name("trip-announcer");
  const Host host(world, config, notify::kAnnouncerStoreTimeout);
  return notify::announce(world, host.engine());
}

}  // namespace delegate::cli
