#pragma once
#include <signal.h>

#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// Background runs of a Cli: its queue, its dispatcher and their processes.
namespace delegate::test {

inline std::string submit(Cli& cli, const std::string& words) {
  const Finished finished = cli.run("submit " + words).expect(0);
  REQUIRE(finished.out_lines().size() == 1);
  return finished.out_lines().front();
}

/// "codex" answers when "go" is there.
inline void wait_for_go(Cli& cli) { cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"}); }
inline void let_go(const Cli& cli) { cli.write(cli.file("go"), ""); }

inline std::vector<pid_t> job_processes(const Cli& cli) {
  std::vector<pid_t> pids = cli.processes();
  std::erase_if(pids, [&](pid_t pid) {
    const std::string place = "/proc/" + std::to_string(pid);
    return cli.read(place + "/cmdline").find("run-job") == std::string::npos ||
           cli.read(place + "/comm") != "run-job\n";  // a supervisor, which is a fork
  });
  return pids;
}

inline std::vector<pid_t> dispatchers(const Cli& cli) {
  std::vector<pid_t> pids = cli.processes();
  std::erase_if(pids, [&](pid_t pid) {
    return !cli.read("/proc/" + std::to_string(pid) + "/cmdline").starts_with(std::string("delegate\0worker\0", 16));
  });
  return pids;
}

/// The pid of the process that dispatches; 0: none.
inline pid_t leader(const Cli& cli) {
  const std::string pid = cli.sql("SELECT owner_pid FROM leases");
  return pid.empty() ? 0 : std::stoi(pid);
}

}  // namespace delegate::test
