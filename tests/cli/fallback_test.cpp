#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// Which backend is asked next, and how that is reported.
using namespace delegate::test;

TEST_CASE("auto asks the first backend of its order and prints nothing else") {
  Cli cli;
  cli.answers("gemini").counted("codex", {"--say", "no"});
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n").stderr_is("");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("the next backend is asked after a failure, and JSON lists both") {
  Cli cli;
  cli.fails("codex").answers("gemini");
  const Finished answered = cli.run("ask hello --json").expect(0).stderr_lines(1);
  answered.stderr_begins("delegate: codex failed after ")
      .stderr_has("(crashed: exit code 3: codex is broken); answered by gemini");

  Json json = answered.json();
  CHECK(json["outcome"] == "answered");
  CHECK(json["answer"] == "gemini says hi");
  CHECK(json["backend"] == "gemini");
  CHECK(json["requested_backend"] == "auto");
  CHECK(json["degraded"] == true);
  REQUIRE(json["attempts"].size() == 2);
  CHECK(json["attempts"][0]["backend"] == "codex");
  CHECK(json["attempts"][0]["outcome"] == "exited_nonzero");
  CHECK(json["attempts"][0]["message"] == "exit code 3: codex is broken");
  CHECK(json["attempts"][0]["exit_code"] == 3);
  CHECK(json["attempts"][0]["counted"] == true);
  CHECK(json["attempts"][1]["backend"] == "gemini");
  CHECK(json["attempts"][1]["outcome"] == "answered");
}

TEST_CASE("a failed backend's partial answer never becomes part of another backend's answer") {
  Cli cli;
  cli.backend("codex", {"--say", "the first half of", "--flood", "200k", "--exit", "3"}).answers("gemini");
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n").stderr_lacks("the first half");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["answer"] == "gemini says hi");
  CHECK(json.dump().find("the first half") == std::string::npos);
}

TEST_CASE("the partial answer of the only backend is a failure") {
  Cli cli;
  cli.backend("codex", {"--say", "the first half of", "--exit", "3"});
  cli.run("ask -b codex hello").expect(1).stdout_is("");
  cli.backend("codex", {"--say", "the first half of", "--die", "SIGKILL"});
  cli.run("ask -b codex hello").expect(1).stdout_is("");
}

TEST_CASE("when all have failed, the message names each and why") {
  Cli cli;
  cli.fails("codex").fails("gemini");
  const Finished failed = cli.run("ask hello").expect(1).stdout_is("");
  failed.stderr_begins(
      "delegate: codex: exit code 3: codex is broken\ndelegate: gemini: exit code 3: gemini is broken\n");

  Json json = cli.run("ask hello --json").expect(1).json();
  CHECK(json["outcome"] == "exited_nonzero");
  CHECK_FALSE(json.contains("answer"));
  CHECK_FALSE(json.contains("backend"));
  CHECK(json["attempts"].size() == 2);
  CHECK(json["error"]["outcome"] == "exited_nonzero");
  CHECK(json["error"]["message"].get<std::string>().find("gemini is broken") != std::string::npos);
}

TEST_CASE("auto does not fall back with --no-fallback") {
  Cli cli;
  cli.fails("codex").counted("gemini", {"--say", "gemini says hi"});
  SECTION("by the flag") { cli.run("ask --no-fallback hello").expect(1).stdout_is(""); }
  SECTION("by the configuration") {
    cli.router("fallback = false");
    cli.run("ask hello").expect(1).stdout_is("");
  }
  CHECK(cli.spawns("gemini") == 0);
}

TEST_CASE("without fallback auto still asks the first backend that is available") {
  Cli cli;
  cli.answers("codex").answers("gemini");
  cli.run("breaker trip codex").expect(0);
  cli.run("ask --no-fallback hello").expect(0).stdout_is("gemini says hi\n").stderr_has("codex skipped");
}

TEST_CASE("a request that is itself invalid is not sent to another backend") {
  Cli cli;
  cli.backend("codex", {"--err", "policy says no", "--exit", "1"}, R"(
[[backends.codex.failures]]
match = "policy"
outcome = "refused_by_policy")");
  cli.counted("gemini", {"--say", "gemini says hi"});
  cli.run("ask hello").expect(1).stdout_is("").stderr_has("policy says no");
  CHECK(cli.spawns("gemini") == 0);
}

TEST_CASE("all candidates share one deadline") {
  Cli cli;
  cli.counted("codex", {"--hang"}).counted("gemini", {"--say", "too late"});
  cli.run("ask --timeout 300ms hello").expect(124).stdout_is("");
  CHECK(cli.spawns("codex") == 1);
  CHECK(cli.spawns("gemini") == 0);
  CHECK(cli.processes().empty());
}

TEST_CASE("the next backend is asked when one exceeds its own timeout") {
  Cli cli;
  cli.backend("codex", {"--hang"}, "timeout = \"200ms\"").answers("gemini");
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n").stderr_has("codex failed after");
  CHECK(cli.processes().empty());
}

TEST_CASE("a path in the configuration that does not exist is reported with each answer") {
  Cli cli;
  cli.config("[backends.claude]\ncommand = [\"/nowhere/claude\"]\n").router("order = [\"claude\", \"codex\"]");
  cli.answers("codex");
  cli.run("ask hello")
      .expect(0)
      .stdout_is("codex says hi\n")
      .stderr_is("delegate: claude skipped (no such command: /nowhere/claude); answered by codex\n");
}

TEST_CASE("a backend that is not installed is skipped silently, and listed in JSON") {
  Cli cli;
  cli.answers("codex").answers("gemini").uninstall("codex");
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n").stderr_is("");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["degraded"] == false);
  REQUIRE(json["skipped"].size() == 1);
  CHECK(json["skipped"][0]["backend"] == "codex");
  CHECK(json["skipped"][0]["reason"] == "not_installed");
}

TEST_CASE("a disabled backend is skipped, and is not asked by name either") {
  Cli cli;
  cli.counted("codex", {"--say", "no"}, "enabled = false").answers("gemini");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["backend"] == "gemini");
  CHECK(json["skipped"][0]["reason"] == "disabled");
  cli.run("ask -b codex hello").expect(5).stdout_is("").stderr_has("codex");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("when all breakers are open, the exit code says so and each is named with its retry time") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("codex").fails("gemini");
  cli.run("ask hello").expect(1);
  const Finished refused = cli.run("ask hello").expect(4).stdout_is("");
  refused.stderr_has("codex skipped (open, retry in ").stderr_has("gemini skipped (open, retry in ");
  Json json = cli.run("ask hello --json").expect(4).json();
  CHECK(json["outcome"] == "breaker_open");
  REQUIRE(json["skipped"].size() == 2);
  for (Json& skip : json["skipped"]) {
    CHECK(skip["reason"] == "breaker_open");
    CHECK(skip["retry_in_ms"].get<int>() > 0);
    CHECK(skip["message"].get<std::string>().find("is broken") != std::string::npos);
  }
  CHECK(json["error"]["outcome"] == "breaker_open");
}

TEST_CASE("light tasks have an order of their own") {
  Cli cli;
  cli.answers("codex").answers("gemini").router(R"(
order = ["codex", "gemini"]
order_light = ["gemini", "codex"])");
  cli.run("ask -t review hello").expect(0).stdout_is("codex says hi\n");
  cli.run("ask -t explain hello").expect(0).stdout_is("gemini says hi\n");
}

TEST_CASE("the nesting of delegations is limited, and a child knows its depth") {
  Cli cli;
  cli.counted("codex", {"--env", "DELEGATE_DEPTH"});
  cli.run("ask hello").expect(0).stdout_is("1\n");
  cli.set("DELEGATE_DEPTH", "1").run("ask hello").expect(0).stdout_is("2\n");
  CHECK(cli.spawns("codex") == 2);
  cli.set("DELEGATE_DEPTH", "2").run("ask hello").expect(6).stdout_is("").stderr_has("2 deep");
  Json json = cli.run("ask hello --json").expect(6).json();
  CHECK(json["outcome"] == "blocked");
  cli.set("DELEGATE_DEPTH", "deep").run("ask hello").expect(6).stdout_is("").stderr_has("DELEGATE_DEPTH");
  CHECK(cli.spawns("codex") == 2);
}

TEST_CASE("every nested delegation passes its depth on") {
  Cli cli;
  cli.backend("codex", {"--env", "DELEGATE_RUN_ID"});
  const std::string id = cli.run("ask hello").expect(0).out;
  CHECK(id.size() > 8);
  cli.set("DELEGATE_RUN_ID", "outer");
  const std::string inner = cli.run("ask hello").expect(0).out;
  CHECK(inner != id);
}

TEST_CASE("an agent that delegates to itself is stopped by the depth limit") {
  Cli cli;
  std::filesystem::create_symlink(program(), cli.file("bin/delegate"));
  cli.config(R"([backends.agent]
kind = "command"
command = ["delegate", "ask", "-b", "agent"])");
  cli.run("ask -b agent hello").expect(1).stdout_is("").stderr_has("delegations are nested 2 deep");
  CHECK(cli.processes().empty());
}

TEST_CASE("an agent that hides its depth is stopped as well") {
  const std::string hides = GENERATE("-i", "-u DELEGATE_DEPTH", "DELEGATE_DEPTH=0", "DELEGATE_DEPTH=");
  Cli cli;
  cli.config(R"([backends.agent]
kind = "command"
command = ["/bin/sh", "-c", '/usr/bin/env )" +
             hides + R"( HOME="$HOME" )" + program() + R"( ask -b agent hello'])");
  cli.run("ask -b agent hello").expect(1).stdout_is("").stderr_has("delegations are nested 2 deep");
}

TEST_CASE("an agent that hides its depth and leaves its parent is stopped as well") {
  Cli cli;
  cli.config(R"([backends.agent]
kind = "command"
command = ["/bin/sh", "-c", '''
( { /usr/bin/env -i HOME="$HOME" )" +
             program() +
             R"( ask -b agent hello >"$HOME/$$.out" 2>&1; echo >"$HOME/$$.ended"; } & )
while [ ! -e "$HOME/$$.ended" ]; do /bin/sleep 0.01; done
/bin/cat "$HOME/$$.out" >&2
exit 1'''])");
  cli.run("ask -b agent hello").expect(1).stdout_is("").stderr_has("delegations are nested 2 deep");
}

TEST_CASE("what an agent that hides its depth submits is nested all the same") {
  Cli cli;
  cli.config(R"([backends.agent]
kind = "command"
command = ["/bin/sh", "-c", '/usr/bin/env -i HOME="$HOME" )" +
             program() + R"( submit hello'])");
  cli.run("ask -b agent hello").expect(1).stdout_is("").stderr_has("inside a run");
}
