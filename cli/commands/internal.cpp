#include "cli/commands/context.hpp"
#include "cli/drill/fake_backend.hpp"
#include "core/jobs/run_job.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/process.hpp"

// Commands that delegate itself starts: a background run, the announcer of outages, a fake backend of the drill.
namespace delegate::cli {
namespace {

struct RunJobOptions {
  std::string id;
};
constexpr OptionRow kRunJobOptions[] = {
    {.value = "ID", .help = "The run", .presence = Presence::required, .store = into<&RunJobOptions::id>},
    json_flag("Print errors as JSON"),
};

CommandResult run_job(const CommandContext& context, const RunJobOptions& options) {
  set_process_name("run-job");
  return jobs::serve_job(context.world, context.engine(), options.id);
}

/// Output of this process is not read, and it waits for a busy store for longer than a person would.
CommandResult announce(const CommandContext& context, const NoOptions&) {
  set_process_name("trip-announcer");
  TRY(const Configured configured, usable_configuration(context, {}, Notices::hidden));
  const Host host(context.world, configured.loaded.config, notify::kAnnouncerStoreTimeout);
  return notify::announce(context.world, host.engine());
}

struct StandInOptions {
  std::string kind;
  std::vector<std::string> arguments;
};
constexpr OptionRow kStandInOptions[] = {
    {.value = "KIND", .help = "Which backend", .presence = Presence::required, .store = into<&StandInOptions::kind>},
    {.value = "ARGUMENT",
     .help = "What the real CLI would get",
     .empty = Empty::allowed,
     .store = into<&StandInOptions::arguments>},
};

CommandResult stand_in(const CommandContext& context, const StandInOptions& options) {
  const auto code = drill::run_fake_backend(context.world, options.kind, options.arguments);
  if (!code) return fail_as(ErrorKind::usage, code.error());
  return *code;
}

}  // namespace

extern constexpr CommandRow kRunJob{
    .name = "run-job", .options = kRunJobOptions, .needs = Needs::host, .run = run_with<run_job>};

extern constexpr CommandRow kAnnounce{.name = "announce", .run = run_with<announce>};

extern constexpr CommandRow kStandIn{
    .name = "stand-in", .options = kStandInOptions, .is_verbatim = true, .run = run_with<stand_in>};

}  // namespace delegate::cli
