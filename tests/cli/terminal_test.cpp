#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// `ask` on a terminal.
using namespace delegate::test;

namespace {

constexpr Streams::In kTerminalInput = Streams::In::terminal;

/// A shell with jobs, whose terminal this is. What it starts finds the settings of `cli`.
Running shell_with_jobs(Cli& cli) {
  cli.run("config check").expect(0);  // they are written
  const std::vector<std::string> environment{"HOME=" + cli.home(), "PATH=" + cli.file("bin") + ":/usr/bin:/bin",
                                             "TERM=xterm", "OLLAMA_HOST=127.0.0.1:1", "PS1=ready> "};
  return Running({"/usr/bin/setsid", "--ctty", "--wait", "/bin/sh", "-i"}, environment, cli.home(),
                 {.in = kTerminalInput, .out_is_terminal = true});
}

}  // namespace

TEST_CASE("on a terminal one line names the backend that is being asked, and is removed again") {
  Cli cli;
  cli.fails("codex").answers("gemini").streams({.in = kTerminalInput});
  const Finished answered = cli.run("ask hello").expect(0).stdout_is("gemini says hi\n");
  answered.stderr_has("\r\x1b[Kasking codex").stderr_has("\r\x1b[Kasking gemini");
  // What stays on the screen is the one line about the fallback.
  const std::string last = answered.err.substr(answered.err.rfind("\x1b[K") + 3);
  CHECK(last.find("delegate: codex failed after ") == 0);
  CHECK(answered.err.find("answered by gemini\r\n") != std::string::npos);
}

TEST_CASE("a terminal is not waited for when there is a prompt") {
  Cli cli;
  cli.backend("codex", {"--echo"}).streams({.in = kTerminalInput});
  cli.run("ask hello").expect(0).stdout_is("hello\n");
}

TEST_CASE("without a prompt a message asks the user to type one") {
  Cli cli;
  cli.backend("codex", {"--echo"}).streams({.in = kTerminalInput});
  Running asker = cli.start("ask");
  REQUIRE(asker.comes_to_say("Ctrl-D"));
  asker.type("what is errno 11\n\x04");
  asker.finish().expect(0).stdout_is("what is errno 11\n");
}

TEST_CASE(
    "on a terminal `submit` prints the next step, and `result --wait` what it waits for, until the answer comes") {
  Cli cli;
  cli.backend("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"});
  cli.streams({.in = kTerminalInput, .out_is_terminal = true});
  const Finished submitted = cli.run("submit hello").expect(0);
  CHECK_THAT(submitted.err, Catch::Matchers::Contains("delegate result --wait "));
  cli.streams({.in = kTerminalInput});
  Running waiting = cli.start("result --wait");
  REQUIRE(waiting.comes_to_say(": asking codex, "));
  cli.write(cli.file("go"), "");
  const Finished answered = waiting.finish().expect(0).stdout_is("codex says hi\n");
  CHECK_THAT(answered.err, Catch::Matchers::EndsWith("\r\x1b[K"));
}

TEST_CASE("-q and -v leave the terminal without a progress line") {
  Cli cli;
  cli.answers("codex").streams({.in = kTerminalInput});
  cli.run("ask -q hello").expect(0).stderr_is("");
  cli.run("ask -v hello").expect(0).stderr_lacks("\x1b").stderr_has("delegate: asking codex");
}

TEST_CASE("a call on a terminal can be interrupted while it waits for the prompt") {
  Cli cli;
  cli.counted("codex", {"--echo"}).streams({.in = kTerminalInput});
  Running asker = cli.start("ask");
  REQUIRE(asker.comes_to_say("Ctrl-D"));
  asker.signal_group(SIGINT);
  asker.finish().expect(130).stdout_is("");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("a background job of the shell does not draw on the terminal, and does after it is resumed") {
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"});
  Running shell = shell_with_jobs(cli);
  REQUIRE(shell.comes_to_say("ready> "));
  shell.type(program() + " ask hello > " + cli.file("answer") + " &\n");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  shell.type("echo some''thing\n");
  REQUIRE(shell.comes_to_say("something\r\nready> "));
  shell.type("fg\n");
  REQUIRE(shell.comes_to_say("asking codex"));
  cli.write(cli.file("go"), "");
  REQUIRE(eventually([&] { return cli.read(cli.file("answer")) == "codex says hi\n"; }));
  shell.type("exit\n");
  const Finished seen = shell.finish();
  CHECK(seen.err.find("asking codex") > seen.err.find("fg\r\n"));
}
