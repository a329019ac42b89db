#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/json.hpp"
#include "core/jobs/run_job.hpp"

namespace delegate::cli {

int run_worker(const World& world, const Config& config, const WorkerCommand& command) {
  const Output output(world);
  const Host host(world, config);
  const auto note = [&](const std::string& id) { output.note("delegate: run " + id); };
  const auto runs = jobs::run_orphaned_jobs(world, host.engine(), note);
  if (!runs) {
    output.failure(runs.error(), "internal");
    return kInternal;
  }
  if (runs->empty()) output.note("delegate: no orphaned jobs");
  if (world.signal != 0) return 128 + world.signal;
  return command.json ? output.answer(dump({{"schema", "delegate.worker/1"}, {"runs", *runs}}) + "\n") : kAnswered;
}

}  // namespace delegate::cli
