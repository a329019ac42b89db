#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/processes.hpp"

// Whatever happens to the call, its backend's processes do not outlive it, wherever they hide.
using namespace delegate::test;
using delegate_tests::is_running;

namespace {

std::vector<pid_t> pids_in(const std::string& file) {
  std::ifstream in(file);
  return std::vector<pid_t>(std::istream_iterator<pid_t>(in), {});
}

/// A backend that tries all ways to get away and then hangs, deaf to SIGTERM: in its group, as a daemon, as a daemon
/// without a mark, as a line of sessions.
constexpr std::size_t kEscaped = 8;
std::vector<std::string> escape_artist(const Cli& cli) {
  return {"--pids",
          cli.file("pids"),
          "--ignore-term",
          "--fork-sleeper",
          "--daemonise-sleeper",
          "--daemonise-stranger",
          "--fork-generations",
          "4"};
}

void are_all_gone(const Cli& cli) {
  const std::vector<pid_t> pids = pids_in(cli.file("pids"));
  CHECK(pids.size() == kEscaped);
  for (const pid_t pid : pids) CHECK(eventually([&] { return !is_running(pid); }));
  CHECK(eventually([&] { return cli.processes().empty(); }));
}

}  // namespace

TEST_CASE("no process of a call outlives it, however the call ends") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP, SIGKILL, SIGSEGV, SIGABRT);
  Cli cli;
  auto options = escape_artist(cli);
  options.push_back("--hang");
  cli.backend("codex", options);
  Running asker = cli.start("ask -b codex hello");
  REQUIRE(eventually([&] { return pids_in(cli.file("pids")).size() == kEscaped; }));
  asker.signal(signal);
  CHECK(asker.ends());
  are_all_gone(cli);
  CHECK(cli.slots_used("codex") == 0);
}

TEST_CASE("no process of a call outlives its timeout or its answer") {
  Cli cli;
  auto options = escape_artist(cli);
  SECTION("the run's time") {
    options.push_back("--hang");
    cli.backend("codex", options);
    cli.run("ask -b codex --timeout 2s hello").expect(124);
  }
  SECTION("an answer") {
    options.insert(options.end(), {"--say", "done"});
    cli.backend("codex", options);
    cli.run("ask -b codex hello").expect(0).stdout_is("done\n");
  }
  SECTION("a failure") {
    options.insert(options.end(), {"--err", "broken", "--exit", "3"});
    cli.backend("codex", options);
    cli.run("ask -b codex hello").expect(1);
  }
  are_all_gone(cli);
}

TEST_CASE("killing one call kills neither another call nor an unrelated process of its group") {
  Cli cli;
  cli.backend("codex", {"--touch", cli.file("up"), "--wait-file", cli.file("go"), "--say", "still here"});
  Running first = cli.start("ask -b codex one");
  Running second = cli.start("ask -b codex two");
  REQUIRE(eventually([&] { return cli.processes_of("codex").size() == 2; }));
  first.signal(SIGKILL);
  CHECK(first.ends());
  REQUIRE(eventually([&] { return cli.processes_of("codex").size() == 1; }));
  cli.write(cli.file("go"), "");
  second.finish().expect(0).stdout_is("still here\n");
}

TEST_CASE("a run with --write may leave a daemon behind when it ends normally") {
  Cli cli;
  cli.backend("codex", {"--pids", cli.file("pids"), "--daemonise-sleeper", "--say", "the server is up"},
              "can = [\"write_files\"]");
  cli.run("ask -b codex --write start it").expect(0);
  const std::vector<pid_t> pids = pids_in(cli.file("pids"));
  REQUIRE(pids.size() == 2);
  CHECK(is_running(pids[1]));
  ::kill(pids[1], SIGKILL);
}

TEST_CASE("a nested delegate ends with the outer one") {
  Cli cli;
  auto options = escape_artist(cli);
  options.push_back("--hang");
  cli.backend("codex", options);
  std::filesystem::create_symlink(program(), cli.file("bin/delegate"));
  cli.config(R"([backends.agent]
kind = "command"
command = ["delegate", "ask", "-b", "codex"])");
  Running asker = cli.start("ask -b agent hello");
  REQUIRE(eventually([&] { return pids_in(cli.file("pids")).size() == kEscaped; }));
  asker.signal(SIGKILL);
  CHECK(asker.ends());
  are_all_gone(cli);
}
