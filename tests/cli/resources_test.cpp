#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// Limits of the system: an answer, or an error that names the limit. tests/campaigns/limits.py tries many more.
using namespace delegate::test;

TEST_CASE("a stack that is too small is an error, not a crash") {
  Cli cli;
  cli.answers("codex").started_by({"/usr/bin/prlimit", "--stack=65536:65536", "--"});
  for (const char* command : {"ask hello", "doctor", "--version"})
    cli.run(command).expect(1).stdout_is("").stderr_has("stack is limited to 64 KiB").stderr_has("ulimit -s");
}

TEST_CASE("a small stack is enlarged as far as that is allowed") {
  Cli cli;
  cli.answers("codex").started_by({"/usr/bin/prlimit", "--stack=65536:4194304", "--"});
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
}

TEST_CASE("a state file that may not grow is named with the reason") {
  Cli cli;
  cli.answers("codex").started_by({"/usr/bin/prlimit", "--fsize=0", "--"});
  cli.run("ask hello")
      .expect(0)
      .stdout_is("codex says hi\n")
      .stderr_has("breakers are off")
      .stderr_has("file too large");
}

TEST_CASE("a CLI that a limit of the system kills has not failed itself") {
  Cli cli;
  cli.backend("codex", {"--die", "XFSZ"}, "breaker.threshold = 1");
  cli.run("ask -b codex hello").expect(1).stderr_has("File size limit exceeded");
  CHECK(cli.state_of("codex") == "closed");
}
