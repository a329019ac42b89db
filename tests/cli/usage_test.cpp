#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// What is said about a command line, and how much is said on the way.
using namespace delegate::test;
using Catch::Matchers::Matches;

TEST_CASE("help and version go to stdout and need nothing") {
  Cli cli;
  cli.config("this is no TOML").unset("HOME").unset("PATH");
  for (const char* words : {"--help", "-h", "ask --help", "status --help", "backends --help", "ping --help",
                            "breaker --help", "breaker trip --help", "config check --help"}) {
    const Finished help = cli.run(words).expect(0).stderr_is("").stdout_has("Usage: delegate");
    CHECK(help.out.size() > 100);
  }
  CHECK_THAT(cli.run("--version").expect(0).stderr_is("").out, Matches("delegate \\d+\\.\\d+\\.\\d+\n"));
  cli.run("--help").stdout_has("Exit codes:");
}

TEST_CASE("help names every command and every option of ask") {
  Cli cli;
  const Finished top = cli.run("--help");
  for (const char* command : {"ask", "status", "backends", "ping", "breaker", "config", "--config", "--color"})
    top.stdout_has(command);
  const Finished ask = cli.run("ask --help");
  for (const char* option : {"--backend", "--type", "--model", "--system", "--cwd", "--write", "--session", "--timeout",
                             "--fallback", "--no-fallback", "--no-stdin", "--json", "--quiet", "--verbose"})
    ask.stdout_has(option);
}

TEST_CASE("a command line that means nothing is an exit code, one line and a hint") {
  Cli cli;
  cli.counted("codex", {"--say", "no"});
  const std::string words =
      GENERATE(as<std::string>(), "", "aks hello", "ask --no-such-flag hello", "ask -b", "ask -b codx hello",
               "ask -t poem hello", "ask -m big hello", "ask --session 1 hello", "ask --timeout soon hello",
               "ask --timeout 0s hello", "ask --timeout -5s hello", "status extra", "breaker", "breaker trop codex",
               "config", "ping a b", "--color blue status", "ask -b codex -m --flag hello");
  const Finished refused = cli.run(words).expect(2).stdout_is("").stderr_begins("delegate: ").stderr_has("\nhint: ");
  CHECK(refused.err_lines().size() == 2);
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("what was probably meant is suggested") {
  Cli cli;
  cli.answers("codex");
  cli.run("aks hello").expect(2).stderr_has("did you mean `ask`?");
  cli.run("breaker trop codex").expect(2).stderr_has("did you mean `trip`?");
  cli.run("ask -b codx hello").expect(2).stderr_has("'codx' is no backend").stderr_has("did you mean `codex`?");
  cli.run("ask -t poem hello").expect(2).stderr_has("summarize, explain");
}

TEST_CASE("an option with an empty value is a slip of the hand") {
  Cli cli;
  cli.answers("codex");
  for (const char* option : {"-b", "-t", "-C", "--timeout"})
    cli.run({"ask", option, "", "hello"}).expect(2).stdout_is("").stderr_has("hint: ");
  cli.run({"ask", "-b", "codex", "-m", "", "hello"}).expect(2).stdout_is("");
}

TEST_CASE("without -v and without trouble stderr is silent") {
  Cli cli;
  cli.answers("codex");
  cli.run("ask hello").expect(0).stderr_is("");
  cli.run("ask hello --json").expect(0).stderr_is("");
}

TEST_CASE("-v says who is asked and how it went") {
  Cli cli;
  cli.fails("codex").answers("gemini").answers("claude").uninstall("claude");
  cli.router("order = [\"claude\", \"codex\", \"gemini\"]");
  const Finished said = cli.run("ask -v hello").expect(0).stdout_is("gemini says hi\n");
  said.stderr_has("delegate: claude skipped (not installed)\n");
  said.stderr_has("delegate: asking codex").stderr_has("delegate: codex failed after ");
  said.stderr_has("delegate: asking gemini").stderr_has("delegate: gemini answered after ");
}

TEST_CASE("-v tells a probe from an ordinary call") {
  Cli cli;
  cli.trip("codex", {"--say", "hi"}, "breaker.cooldown = \"0s\"");
  cli.run("ask -v -b codex hello").expect(0).stderr_has("asking codex (probe");
}

TEST_CASE("-q leaves only errors") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("codex").answers("gemini");
  cli.run("ask -q hello").expect(0).stdout_is("gemini says hi\n").stderr_is("");
  cli.run("ask -q hello").expect(0).stdout_is("gemini says hi\n").stderr_is("");
  cli.run("ask -q -b codex hello").expect(4).stdout_is("").stderr_begins("[delegate:degraded] codex skipped");
}

TEST_CASE("no colour and no progress go where nobody looks") {
  Cli cli;
  cli.fails("codex").answers("gemini");
  cli.run("ask hello").expect(0).stderr_lacks("\x1b").stdout_lacks("\x1b");
  cli.run("status").expect(0).stdout_lacks("\x1b");
  cli.run("--color always status").expect(0).stdout_has("\x1b[");
  cli.run("--color never status").expect(0).stdout_lacks("\x1b");
}

TEST_CASE("options may stand before and after the words") {
  Cli cli;
  cli.backend("codex", {"--echo"}).answers("gemini");
  cli.run("ask one -b codex two").expect(0).stdout_is("one two\n");
  cli.run("ask one two --backend=codex").expect(0).stdout_is("one two\n");
}
