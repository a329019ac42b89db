#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// A trip that is announced on a terminal, from outside.
using namespace delegate::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

Json newest(Cli& cli) { return Json::parse(cli.run("notifications --json").expect(0).out)["notifications"][0]; }

/// A trip that is not announced yet; the next announcer is on a terminal, over ssh.
void owe_one(Cli& cli) {
  cli.backend("gemini", {"--exit", "3"}, "breaker.threshold = 1").run("ask -b gemini hello").expect(1);
  REQUIRE(eventually([&] { return newest(cli)["delivery"] == "undelivered"; }));
  cli.sql("UPDATE notifications SET delivery = 'owed'");
  cli.set("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22").set("TERM", "xterm-kitty");
}

}  // namespace

TEST_CASE("a trip is announced on the terminal of an ssh session by a process that no call waits for") {
  Cli cli;
  cli.set("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22").set("TERM", "xterm-kitty");
  cli.backend("gemini", {"--exit", "3"}, "breaker.threshold = 1").streams({.in = Streams::In::terminal});
  Running asker = cli.start("ask -b gemini hello");
  CHECK(asker.comes_to_say("gemini: crashed\x1B\\"));
  asker.finish().expect(1);
  cli.streams({});
  REQUIRE(eventually([&] { return newest(cli)["delivery"] == "delivered"; }));
  CHECK(newest(cli)["channel"] == "terminal");
  CHECK(newest(cli)["detail"] == "osc99");
}

TEST_CASE("a blocked terminal is recorded as a failure, and the next channel is tried") {
  Cli cli;
  owe_one(cli);
  cli.streams({.in = Streams::In::terminal, .stopped = true});
  Running announcer = cli.start("announce");
  REQUIRE(announcer.ends());
  announcer.finish().expect(0).stderr_is("");
  cli.streams({});
  CHECK(newest(cli)["delivery"] == "undelivered");
  CHECK_THAT(newest(cli)["detail"].get<std::string>(),
             StartsWith("terminal: the terminal accepts no output") && Contains("; desktop: "));
}
