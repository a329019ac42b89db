#include "cli/commands/context.hpp"
#include "core/base/json.hpp"
#include "core/jobs/run_job.hpp"

namespace delegate::cli {
namespace {

constexpr OptionRow kWorkerOptions[] = {json_flag("Print the runs as one JSON object")};

CommandResult run_worker(const CommandContext& context, const NoOptions&) {
  const Output& output = context.output;
  const auto note = [&](const std::string& id) { output.note("delegate: run " + id); };
  const auto runs = jobs::run_orphaned_jobs(context.world, context.engine(), note);
  if (!runs) return fail_as(ErrorKind::internal, runs.error());
  if (runs->empty()) output.note("delegate: no orphaned jobs");
  if (context.world.signal != 0) return context.interrupted();
  if (!context.world.json) return kAnswered;
  return output.answer(dump(OrderedJson{{"schema", "delegate.worker/1"}, {"runs", *runs}}) + "\n");
}

}  // namespace

extern constexpr CommandRow kWorker{
    .name = "worker",
    .group = kOperateGroup,
    .help = "Run background jobs whose process was killed",
    .more =
        "Each background run has its own process, which waits for a free slot. If that process was killed before the "
        "run started, or the machine was restarted, the run is orphaned. This command runs all orphaned jobs, one "
        "after the other, and exits.",
    .options = kWorkerOptions,
    .needs = Needs::host,
    .run = run_with<run_worker>};

}  // namespace delegate::cli
