#include "cli/commands/context.hpp"
#include "core/base/json.hpp"
#include "core/jobs/dispatcher.hpp"
#include "core/os/process.hpp"

namespace delegate::cli {
namespace {

struct WorkerOptions {
  bool stay = false;
};
constexpr OptionRow kWorkerOptions[] = {
    {.names = "--stay", .help = "Do not exit when no run waits or works", .store = into<&WorkerOptions::stay>},
    json_flag("Print the ids of the runs as one JSON object"),
};

CommandResult run_worker(const CommandContext& context, const WorkerOptions& options) {
  set_process_name("delegate-worker");
  const Output& output = context.output;
  std::vector<std::string> runs;
  const auto on_turn = [&](const std::string& id) {
    if (context.world.json) runs.push_back(id);
    else output.note("delegate: run " + id);
  };
  const auto on_error = [&](const std::string& what) { output.note("delegate: worker: " + what); };
  const Status done = jobs::dispatch_jobs(context.world, context.engine(), options.stay, {on_turn, on_error});
  if (!done) return fail_as(ErrorKind::internal, done.error());
  if (context.world.json)
    return output.answer(dump(OrderedJson{{"schema", "delegate.worker/1"}, {"runs", runs}}) + "\n");
  return context.world.signal != 0 ? CommandResult(context.interrupted()) : CommandResult(kAnswered);
}

}  // namespace

extern constexpr CommandRow kWorker{
    .name = "worker",
    .group = kOperateGroup,
    .help = "Start queued background runs when it is their turn",
    .more =
        "One worker per machine starts the queued runs, in the order of their submission, as soon as a backend has a "
        "free slot. `submit` starts one if none works, and it exits when no run waits or works; the runs are processes "
        "of "
        "their own and do not need it. With `--stay` it keeps waiting for new runs, as a service does.",
    .options = kWorkerOptions,
    .needs = Needs::host,
    .run = run_with<run_worker>};

}  // namespace delegate::cli
