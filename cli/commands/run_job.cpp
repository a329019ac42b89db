#include "core/jobs/run_job.hpp"
#include "cli/commands/commands.hpp"
#include "core/os/process.hpp"

namespace delegate::cli {

int run_carry(const World& world, const Config& config, const CarryCommand& command) {
  set_process_name("run-job");
  const Host host(world, config);
  return jobs::serve_job(world, host.engine(), command.id);
}

}  // namespace delegate::cli
