#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// `delegate status --watch`: a picture that keeps up with the host.
using namespace delegate::test;

namespace {

const Streams kWatchScreen{.in = Streams::In::terminal, .out_is_terminal = true, .columns = 80};
constexpr const char* kShowCursor = "\x1b[?25h";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("on a terminal the picture is drawn over itself, and shows what other shells do") {
  Cli cli;
  cli.fails("codex").config("[breaker]\nthreshold = 1");
  cli.streams(kWatchScreen);
  Running watcher = cli.start("status --watch");
  REQUIRE(watcher.comes_to_say("closed"));
  cli.streams({}).run("ask hello").expect(1);
  REQUIRE(watcher.comes_to_say("probe in "));
  watcher.signal_group(SIGINT);
  const Finished finished = watcher.finish().expect(130);
  CHECK(count(finished.err, "\x1b[2J") == 1);
  CHECK(count(finished.err, "\x1b[H") >= 2);
  CHECK(finished.err.ends_with(kShowCursor));  // and the last picture stays
}

TEST_CASE("the picture fits the terminal, also after it was made narrower") {
  Cli cli;
  cli.fails("codex").config("[breaker]\nthreshold = 1");
  cli.run("ask hello").expect(1);
  cli.streams({.in = Streams::In::terminal, .out_is_terminal = true, .columns = 40});
  Running watcher = cli.start("status --watch");
  REQUIRE(watcher.comes_to_say("Press Ctrl-C to exit"));
  watcher.resize(20);
  REQUIRE(watcher.comes_to_say("BACKEND  BREAKER  D…\x1b[K"));
  watcher.signal_group(SIGINT);
  watcher.finish().expect(130);
}

TEST_CASE("SIGTERM and SIGHUP restore the terminal, too") {
  const int signal = GENERATE(SIGTERM, SIGHUP);
  Cli cli;
  cli.answers("codex").streams(kWatchScreen);
  Running watcher = cli.start("status --watch");
  REQUIRE(watcher.comes_to_say("Press Ctrl-C to exit"));
  watcher.signal(signal);
  const Finished finished = watcher.finish().expect(128 + signal);
  CHECK(finished.err.ends_with(kShowCursor));
}

TEST_CASE("to a pipe a block is written when something has changed, and no clock is a change") {
  Cli cli;
  cli.fails("codex").config("[breaker]\nthreshold = 1");
  Running watcher = cli.start("status --watch");
  REQUIRE(watcher.comes_to_print("never called"));
  cli.run("ask hello").expect(1);
  REQUIRE(watcher.comes_to_print("probe in "));
  cli.run("breaker reset codex").expect(0);
  REQUIRE(watcher.comes_to_print("0 of 1 failures  0/3    crashed"));
  watcher.signal(SIGINT);
  const Finished finished = watcher.finish().expect(130).stderr_is("");
  CHECK(count(finished.out, "BACKEND") == 3);  // while its countdown ran, nothing was written
  CHECK(finished.out.find('\x1b') == std::string::npos);
}

TEST_CASE("with --json each change is one object on one line") {
  Cli cli;
  cli.fails("codex").config("[breaker]\nthreshold = 1");
  Running watcher = cli.start("status --watch --json");
  REQUIRE(watcher.comes_to_print("\"closed\""));
  cli.run("ask hello").expect(1);
  REQUIRE(watcher.comes_to_print("\"open\""));
  watcher.signal(SIGTERM);
  const Finished finished = watcher.finish().expect(143);
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < finished.out.size(); ++lines) {
    const std::size_t end = finished.out.find('\n', begin);
    CHECK(Json::parse(finished.out.substr(begin, end - begin))["schema"] == "delegate.status/1");
    begin = end + 1;
  }
  CHECK(lines == 2);
}

TEST_CASE("a reader that goes away ends the watching, although nothing has changed") {
  Cli cli;
  cli.answers("codex");
  Running watcher = cli.start("status --watch");
  REQUIRE(watcher.comes_to_print("never called"));
  watcher.close_output();
  watcher.finish().expect(0).stderr_is("");
}
