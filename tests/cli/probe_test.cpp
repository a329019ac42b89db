#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// What happens when a break is over: one call, on the whole host, finds out whether it works again.
using namespace delegate::test;

namespace {

constexpr const char* kAtOnce = "breaker.cooldown = \"0s\"";
constexpr std::size_t kRacers = 8;

/// Starts them all at a time, waits until only the prober is left, lets it go on.
std::vector<Finished> race(Cli& cli, const std::string& words, const std::string& go) {
  std::vector<Running> racers;
  for (std::size_t i = 0; i < kRacers; ++i) racers.push_back(cli.start(words));
  const auto only_one_is_left = [&] {
    const auto ended = std::count_if(racers.begin(), racers.end(), [](const Running& one) { return one.has_ended(); });
    return ended == static_cast<std::ptrdiff_t>(kRacers) - 1 && cli.spawns("gemini") == 1;
  };
  REQUIRE(eventually(only_one_is_left));
  CHECK(cli.state_of("gemini") == "half_open");
  cli.write(go, "");
  std::vector<Finished> all;
  for (Running& racer : racers) all.push_back(racer.finish());
  return all;
}

std::ptrdiff_t count_of(const std::vector<Finished>& all, const std::function<bool(const Finished&)>& is_one) {
  return std::count_if(all.begin(), all.end(), is_one);
}

}  // namespace

TEST_CASE("a cooldown ends by itself, and then a probe is due") {
  Cli cli;
  cli.trip("gemini", {"--say", "here again"}, "breaker.cooldown = \"200ms\"");
  REQUIRE(eventually([&] { return cli.state_of("gemini") == "half_open"; }));
  CHECK(cli.status_of("gemini")["breaker"]["retry_in_ms"] == 0);
  CHECK(cli.spawns("gemini") == 0);  // looking does not probe
  cli.run("ask -b gemini hello").expect(0).stdout_is("here again\n").stderr_has("gemini works again");
  CHECK(cli.state_of("gemini") == "closed");
  cli.run("ask -b gemini hello").expect(0).stdout_is("here again\n").stderr_is("");
}

TEST_CASE("exactly one of eight processes probes, and the next backend answers the others") {
  Cli cli;
  const std::string go = cli.file("go");
  cli.trip("gemini", {"--wait-file", go, "--say", "here again"}, kAtOnce);
  cli.backend("codex", {"--say", "codex says hi"}, "max_parallel = 8");
  const std::vector<Finished> all = race(cli, "ask hello --json", go);

  CHECK(cli.spawns("gemini") == 1);
  CHECK(count_of(all, [](const Finished& one) { return one.json()["backend"] == "gemini"; }) == 1);
  CHECK(count_of(all, [](const Finished& one) { return one.json()["backend"] == "codex"; }) == kRacers - 1);
  for (const Finished& one : all) {
    Json answer = one.expect(0).json();
    const bool probed = answer["backend"] == "gemini";
    if (probed) one.stderr_has("gemini works again");
    if (probed) CHECK(answer["attempts"][0]["probe"] == true);
    else CHECK(answer["skipped"][0]["reason"] == "probe_running");
  }
  CHECK(cli.state_of("gemini") == "closed");
  cli.run("ask hello").expect(0).stdout_is("here again\n").stderr_is("");
}

TEST_CASE("exactly one of eight processes that name the backend probes, and the others get an error") {
  Cli cli;
  const std::string go = cli.file("go");
  cli.trip("gemini", {"--wait-file", go, "--say", "here again"}, kAtOnce);
  const std::vector<Finished> all = race(cli, "ask -b gemini hello", go);

  CHECK(cli.spawns("gemini") == 1);
  CHECK(count_of(all, [](const Finished& one) { return one.exit_code == 0 && one.out == "here again\n"; }) == 1);
  const auto told = [](const Finished& one) {
    return one.exit_code == 4 && one.out.empty() && one.err.find("[delegate:degraded] gemini skipped") == 0;
  };
  CHECK(count_of(all, told) == kRacers - 1);
}

TEST_CASE("a failed probe doubles the next cooldown, up to the maximum") {
  Cli cli;
  const std::vector<std::string> broken{"--exit", "3"};
  cli.config("[breaker]\nthreshold = 1\ncooldown = \"1h\"\nmax_cooldown = \"3h\"").backend("gemini", broken);
  cli.run("ask -b gemini hello").expect(1);
  // A ping does not wait for the end of the break: it is then the probe.
  for (const auto& [above, most] :
       {std::pair{3'600'000, 7'200'000}, {7'200'000, 10'800'000}, {7'200'000, 10'800'000}}) {
    cli.run("ping gemini").expect(1);
    const int left = cli.status_of("gemini")["breaker"]["retry_in_ms"];
    CHECK(left > above);
    CHECK(left <= most);
  }
  CHECK(cli.status_of("gemini")["breaker"]["trips"] == 1);
}

TEST_CASE("auto continues after a failed probe, and reports it once") {
  Cli cli;
  cli.trip("gemini", {"--err", "still broken", "--exit", "3"}, kAtOnce).answers("codex");
  const Finished answered = cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_lines(1);
  answered.stderr_has("still broken").stderr_has("answered by codex");
}

TEST_CASE("an interrupted probe releases its permit") {
  Cli cli;
  const std::string go = cli.file("go");
  // Nothing ends it by itself, so that nothing can pass for the end of an interrupted one.
  cli.trip("gemini", {"--wait-file", go, "--say", "here again"},
           std::string(kAtOnce) + "\nfirst_output_timeout = \"0s\"");
  Running prober = cli.start("ask -b gemini hello");
  REQUIRE(eventually([&] { return cli.spawns("gemini") == 1; }));
  CHECK(cli.status_of("gemini")["breaker"]["retry_in_ms"].get<int>() > 0);

  SECTION("by Ctrl-C, which the whole group gets") {
    prober.signal_group(SIGINT);
    prober.finish().expect(130).stdout_is("");
    CHECK(cli.processes_of("gemini").empty());
  }
  SECTION("by SIGTERM to the one process that a script knows") {
    prober.signal(SIGTERM);
    prober.finish().expect(143).stdout_is("");
    CHECK(cli.processes_of("gemini").empty());
  }
  SECTION("by SIGKILL to the one process that a script knows") {
    prober.signal(SIGKILL);
    prober.finish().expect(-SIGKILL);
    CHECK(eventually([&] { return cli.processes_of("gemini").empty(); }));
  }
  SECTION("by SIGKILL to the whole group") {
    prober.signal_group(SIGKILL);
    prober.finish().expect(-SIGKILL);
  }
  REQUIRE(eventually([&] { return cli.status_of("gemini")["breaker"]["retry_in_ms"] == 0; }));
  CHECK(cli.state_of("gemini") == "half_open");
  CHECK(cli.slots_used("gemini") == 0);
  cli.write(go, "");
  cli.run("ask -b gemini hello").expect(0).stdout_is("here again\n").stderr_has("works again");
  CHECK(cli.spawns("gemini") == 2);
}

TEST_CASE("a manual change during a probe is kept") {
  Cli cli;
  const std::string go = cli.file("go");
  cli.trip("gemini", {"--wait-file", go, "--say", "here again"}, kAtOnce);
  Running prober = cli.start("ask -b gemini hello");
  REQUIRE(eventually([&] { return cli.spawns("gemini") == 1; }));
  cli.run("breaker trip gemini").expect(0);
  cli.write(go, "");
  prober.finish().expect(0).stdout_is("here again\n");
  CHECK(cli.state_of("gemini") == "forced_open");
}
