#include "cli/commands/context.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/process.hpp"

// The process that announces outages, started by delegate itself.
namespace delegate::cli {
namespace {

/// Output of this process is not read, and it waits for a busy store for longer than a person would.
CommandResult announce(const CommandContext& context, const NoOptions&) {
  set_process_name("trip-announcer");
  TRY(const Configured configured, usable_configuration(context, {}, Notices::hidden));
  const Host host(context.world, configured.loaded.config, notify::kAnnouncerStoreTimeout);
  return notify::announce(context.world, host.engine());
}

}  // namespace

extern constexpr CommandRow kAnnounce{.name = "announce", .run = run_with<announce>};

}  // namespace delegate::cli
