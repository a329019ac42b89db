#include "core/jobs/run_job.hpp"
#include "cli/commands/context.hpp"
#include "core/os/process.hpp"

// The process of one background run, started by delegate itself.
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

}  // namespace

extern constexpr CommandRow kRunJob{
    .name = "run-job", .options = kRunJobOptions, .needs = Needs::host, .run = run_with<run_job>};

}  // namespace delegate::cli
