#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// With a person in front of it.
using namespace delegate::test;

namespace {

constexpr Streams::In kTerminal = Streams::In::terminal;

}  // namespace

TEST_CASE("on a terminal one line says who is being asked, and is wiped away again") {
  Cli cli;
  cli.fails("codex").answers("gemini").streams({.in = kTerminal});
  const Finished answered = cli.run("ask hello").expect(0).stdout_is("gemini says hi\n");
  answered.stderr_has("\r\x1b[Kasking codex").stderr_has("\r\x1b[Kasking gemini");
  // What stays on the screen is the one line about the fallback.
  const std::string last = answered.err.substr(answered.err.rfind("\x1b[K") + 3);
  CHECK(last.find("delegate: codex failed after ") == 0);
  CHECK(answered.err.find("answered by gemini\r\n") != std::string::npos);
}

TEST_CASE("a terminal is not waited for when there is a prompt") {
  Cli cli;
  cli.backend("codex", {"--echo"}).streams({.in = kTerminal});
  cli.run("ask hello").expect(0).stdout_is("hello\n");
}

TEST_CASE("without a prompt the person is told to type one") {
  Cli cli;
  cli.backend("codex", {"--echo"}).streams({.in = kTerminal});
  Running asker = cli.start("ask");
  REQUIRE(asker.comes_to_say("Ctrl-D"));
  asker.type("what is errno 11\n\x04");
  asker.finish().expect(0).stdout_is("what is errno 11\n");
}

TEST_CASE("-q and -v leave the terminal without a progress line") {
  Cli cli;
  cli.answers("codex").streams({.in = kTerminal});
  cli.run("ask -q hello").expect(0).stderr_is("");
  cli.run("ask -v hello").expect(0).stderr_lacks("\x1b").stderr_has("delegate: asking codex");
}

TEST_CASE("a call on a terminal can be interrupted while it waits for the prompt") {
  Cli cli;
  cli.counted("codex", {"--echo"}).streams({.in = kTerminal});
  Running asker = cli.start("ask");
  REQUIRE(asker.comes_to_say("Ctrl-D"));
  asker.signal_group(SIGINT);
  asker.finish().expect(130).stdout_is("");
  CHECK(cli.spawns("codex") == 0);
}
