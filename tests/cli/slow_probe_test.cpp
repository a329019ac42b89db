#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// A slow probe: the call waits `probe_timeout` for it alone, is then answered by the next backend,
// and may leave; the probe goes on and still gets its fair verdict.
using namespace delegate::test;

namespace {

constexpr const char* kImpatient = "breaker.cooldown = \"0s\"\nbreaker.probe_timeout = \"100ms\"";

/// Tripped, half-open; its probe ends once "go" is there.
Cli& slow_gemini(Cli& cli, std::vector<std::string> then = {"--say", "here again"}) {
  std::vector<std::string> options{"--wait-file", cli.file("go")};
  options.insert(options.end(), then.begin(), then.end());
  return cli.trip("gemini", std::move(options), kImpatient);
}

}  // namespace

TEST_CASE("a call whose probe is too slow gets the next backend's answer, and the probe closes the breaker later") {
  Cli cli;
  slow_gemini(cli).answers("codex");
  // finish() has read both pipes to their ends: the probe in the background does not hold them.
  const Finished answered = cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_lines(1);
  answered.stderr_has("gemini is slow (a probe, still running); answered by codex");
  CHECK(cli.processes_of("gemini").size() == 1);
  CHECK(cli.state_of("gemini") == "half_open");
  CHECK(cli.slots_used("gemini") == 1);
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("a probe is running");
  CHECK(cli.spawns("gemini") == 1);

  cli.write(cli.file("go"), "");
  REQUIRE(eventually([&] { return cli.state_of("gemini") == "closed"; }));
  CHECK(cli.slots_used("gemini") == 0);
  CHECK(eventually([&] { return cli.processes().empty(); }));
  CHECK(cli.status_of("gemini")["last"]["outcome"] == "answered");
  cli.run("ask hello").expect(0).stdout_is("here again\n").stderr_is("");
}

TEST_CASE("a slow probe that fails in the background opens the breaker again") {
  Cli cli;
  slow_gemini(cli, {"--err", "still broken", "--exit", "3"}).answers("codex");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  // The verdict is judged by the configuration of the call that probed, and the break is over at once.
  cli.write(cli.file("go"), "");
  REQUIRE(eventually([&] { return cli.processes().empty(); }));
  Json breaker = cli.status_of("gemini")["breaker"];
  CHECK(breaker["state"] == "half_open");
  CHECK(breaker["retry_in_ms"] == 0);
  CHECK(breaker["last_failure"]["message"] == "exit code 3: still broken");
  CHECK(cli.slots_used("gemini") == 0);
}

TEST_CASE("JSON mentions a probe that still runs, and lists it neither as an attempt nor as skipped") {
  Cli cli;
  slow_gemini(cli).answers("codex");
  Json answer = cli.run("ask hello --json").expect(0).json();
  CHECK(answer["backend"] == "codex");
  CHECK(answer["degraded"] == true);
  CHECK(answer["still_probing"] == Json::array({"gemini"}));
  CHECK(answer["attempts"].size() == 1);
  CHECK(answer["skipped"].empty());
}

TEST_CASE("a call waits for the probe when there is no other backend") {
  Cli cli;
  slow_gemini(cli);
  const std::string words = GENERATE("ask -b gemini hello", "ask hello");
  Running prober = cli.start(words);
  REQUIRE(eventually([&] { return cli.spawns("gemini") == 1; }));
  CHECK_FALSE(prober.has_ended());
  cli.write(cli.file("go"), "");
  prober.finish().expect(0).stdout_is("here again\n").stderr_has("gemini works again");
}

TEST_CASE("the probe's answer is used when the other backend fails") {
  Cli cli;
  slow_gemini(cli).fails("codex");
  Running prober = cli.start("ask hello --json");
  REQUIRE(eventually([&] { return cli.status_of("codex")["breaker"]["failures"] == 1; }));
  cli.write(cli.file("go"), "");
  Json answer = prober.finish().expect(0).json();
  CHECK(answer["answer"] == "here again");
  REQUIRE(answer["attempts"].size() == 2);
  CHECK(answer["attempts"][0]["backend"] == "codex");
  CHECK(answer["attempts"][1]["backend"] == "gemini");
}

TEST_CASE("a probe that answers first wins, and the other backend is stopped") {
  Cli cli;
  slow_gemini(cli).counted("codex", {"--hang"});
  Running asker = cli.start("ask hello --json");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.write(cli.file("go"), "");
  Json answer = asker.finish().expect(0).json();
  CHECK(answer["answer"] == "here again");
  // The call does not wait for the other backend's end either.
  CHECK(eventually([&] { return cli.processes().empty(); }));
  CHECK(cli.slots_used("codex") == 0);
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 0);
}

TEST_CASE("a call with --write waits for the probe, because two backends may not write in one directory") {
  Cli cli;
  // Much slower than a person's patience with it.
  cli.trip("gemini", {"--delay", "500", "--say", "here again"},
           "breaker.cooldown = \"0s\"\nbreaker.probe_timeout = \"1ms\"\ncan = [\"write_files\"]");
  cli.counted("codex", {"--say", "codex says hi"}, "can = [\"write_files\"]");
  cli.run("ask --write hello").expect(0).stdout_is("here again\n");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("a probe in the background survives what happens to the terminal, and can be stopped") {
  Cli cli;
  slow_gemini(cli).answers("codex");
  Running asker = cli.start("ask hello");
  const pid_t group = asker.pid();
  asker.finish().expect(0);
  const int signal = GENERATE(SIGTERM, SIGKILL);
  std::vector<pid_t> left;
  REQUIRE(eventually([&] {  // the process that announces the trip has ended
    left = cli.processes();
    return left.size() == 3;  // the one that waits, the CLI, and its supervisor
  }));
  ::kill(-group, SIGHUP);  // no process of it is there any more
  CHECK(cli.processes() == left);

  const pid_t gemini = cli.processes_of("gemini").at(0);
  for (const pid_t pid : left)
    if (pid != gemini) ::kill(pid, signal);
  REQUIRE(eventually([&] { return cli.status_of("gemini")["breaker"]["retry_in_ms"] == 0; }));
  CHECK(cli.state_of("gemini") == "half_open");
  CHECK(cli.slots_used("gemini") == 0);
}

TEST_CASE("the user's timeout ends the waiting, but not the probe") {
  Cli cli;
  slow_gemini(cli);
  cli.run("ask -b gemini --timeout 300ms hello").expect(124).stdout_is("").stderr_has("its probe is still running");
  CHECK(cli.processes_of("gemini").size() == 1);
  cli.write(cli.file("go"), "");
  CHECK(eventually([&] { return cli.state_of("gemini") == "closed"; }));
  CHECK(cli.slots_used("gemini") == 0);
}

TEST_CASE("a probe in the background has its own timeout") {
  Cli cli;
  cli.trip("gemini", {"--hang"}, std::string(kImpatient) + "\ntimeout = \"1s\"").answers("codex");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  CHECK(eventually([&] { return cli.processes().empty(); }));
  CHECK(cli.status_of("gemini")["breaker"]["last_failure"]["outcome"] == "timed_out");
  CHECK(cli.slots_used("gemini") == 0);
}
