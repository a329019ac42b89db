#include "core/jobs/run_job.hpp"

#include <charconv>

#include "cli/commands/context.hpp"
#include "core/os/process.hpp"

// The process of one background run, started by delegate itself.
namespace delegate::cli {
namespace {

struct RunJobOptions {
  std::string id;
  std::string turn;  // that the dispatcher has given it; empty: the request is on stdin
};
constexpr OptionRow kRunJobOptions[] = {
    {.value = "ID", .help = "The run", .presence = Presence::required, .store = into<&RunJobOptions::id>},
    {.names = "--turn", .value = "N", .help = "The turn that it takes", .store = into<&RunJobOptions::turn>},
    json_flag("Print errors as JSON"),
};

CommandResult run_job(const CommandContext& context, const RunJobOptions& options) {
  set_process_name("run-job");
  if (options.turn.empty())
    return jobs::serve_job(context.world, context.engine(), own_command(context.world), options.id);
  std::int64_t turn = 0;
  std::from_chars(options.turn.data(), options.turn.data() + options.turn.size(), turn);  // 0: no turn
  const auto served = jobs::serve_turn(context.world, context.engine(), own_command(context.world), options.id, turn);
  if (!served) return fail_as(ErrorKind::internal, served.error());
  return *served;
}

}  // namespace

extern constexpr CommandRow kRunJob{
    .name = "run-job", .options = kRunJobOptions, .needs = Needs::host, .run = run_with<run_job>};

}  // namespace delegate::cli
