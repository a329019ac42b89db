#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// `max_parallel`: how many calls a backend takes at a time, over all processes of the host.
using namespace delegate::test;

namespace {

/// One call holds codex's only place until "go" is there.
Running hold_the_only_slot(Cli& cli) {
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"}, "max_parallel = 1");
  Running holder = cli.start("ask -b codex hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  return holder;
}

}  // namespace

TEST_CASE("a backend whose slots are all in use rejects the next call by name") {
  Cli cli;
  Running holder = hold_the_only_slot(cli);
  CHECK(cli.slots_used("codex") == 1);
  CHECK(cli.status_of("codex")["slots"]["max"] == 1);
  cli.run("ask -b codex hello").expect(4).stdout_is("").stderr_has("codex").stderr_has("1 of 1 slots in use");
  Json json = cli.run("ask -b codex hello --json").expect(4).json();
  CHECK(json["outcome"] == "no_slot");
  CHECK(json["skipped"][0]["reason"] == "no_slot");
  CHECK(cli.spawns("codex") == 1);

  cli.write(cli.file("go"), "");
  holder.finish().expect(0).stdout_is("codex says hi\n");
  CHECK(cli.slots_used("codex") == 0);
  cli.run("ask -b codex hello").expect(0).stdout_is("codex says hi\n");
}

TEST_CASE("auto takes the next backend with a free slot, and says why") {
  Cli cli;
  Running holder = hold_the_only_slot(cli);
  cli.answers("gemini");
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n").stderr_has("codex skipped (no free slot");
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 0);
}

TEST_CASE("a call that waits for a slot shows its place in the line, and is answered") {
  Cli cli;
  Running holder = hold_the_only_slot(cli);
  Running first = cli.start("ask -b codex -v --wait-slot hello");
  const auto line = [&] { return cli.status_of("codex")["slots"]["waiting"]; };
  REQUIRE(eventually([&] { return line() == 1; }));
  Running second = cli.start("ask -b codex -v --wait-slot=1h hello");
  REQUIRE(eventually([&] { return line() == 2; }));
  cli.run("status").expect(0).stdout_has("1/1 +2");
  SECTION("one after the other") {
    cli.write(cli.file("go"), "");
    holder.finish().expect(0);
    first.finish().expect(0).stdout_is("codex says hi\n").stderr_has("waiting for a free slot of codex\n");
    second.finish().expect(0).stdout_is("codex says hi\n").stderr_has("codex, 1 call before this one");
  }
  SECTION("though the one before it was killed") {
    first.signal(SIGKILL);
    first.finish();
    cli.write(cli.file("go"), "");
    holder.finish().expect(0);
    second.finish().expect(0);
  }
  CHECK(line() == 0);
}

TEST_CASE("waiting for a slot ends with its time, and what is no time is refused") {
  Cli cli;
  Running holder = hold_the_only_slot(cli);
  cli.run("ask -b codex --wait-slot=1ms hello").expect(4).stderr_has("1 of 1 slots in use");
  cli.run("ask -b codex --wait-slot=soon hello").expect(2).stderr_has("ask: --wait-slot: ");
  CHECK(cli.spawns("codex") == 1);
}

TEST_CASE("the slot of a killed call is free again") {
  Cli cli;
  Running holder = hold_the_only_slot(cli);
  holder.signal_group(SIGKILL);
  holder.finish();
  CHECK(cli.slots_used("codex") == 0);
  cli.write(cli.file("go"), "");
  cli.run("ask -b codex hello").expect(0).stdout_is("codex says hi\n");
}

TEST_CASE("a call without a free slot uses no probe permit") {
  Cli cli;
  Running holder = hold_the_only_slot(cli);
  cli.run("breaker trip codex --for 1ms").expect(0);
  cli.run("ask -b codex hello").expect(4).stderr_has("no free slot");
  CHECK(cli.state_of("codex") == "half_open");
  CHECK(cli.status_of("codex")["breaker"]["retry_in_ms"] == 0);
}

TEST_CASE("six calls at a time through three slots are never more than three") {
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"}, "max_parallel = 3").answers("gemini");
  std::vector<Running> all;
  for (int i = 0; i < 6; ++i) all.push_back(cli.start("ask hello"));
  REQUIRE(eventually([&] { return cli.spawns("codex") == 3; }));
  const auto three_have_ended = [&] {
    return std::count_if(all.begin(), all.end(), [](const Running& one) { return one.has_ended(); }) == 3;
  };
  REQUIRE(eventually(three_have_ended));
  CHECK(cli.slots_used("codex") == 3);
  cli.write(cli.file("go"), "");
  std::size_t by_codex = 0;
  for (Running& one : all) by_codex += one.finish().expect(0).out == "codex says hi\n";
  CHECK(by_codex == 3);
  CHECK(cli.slots_used("codex") == 0);
}
