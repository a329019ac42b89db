#include <catch2/catch.hpp>

#include "tests/cli/agent.hpp"

// What a project's file that is not trusted sets must not harm any other run on this host.
using namespace delegate::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kImpatientFile =
    "[breaker]\nthreshold = 1\ncooldown = \"24h\"\nmax_cooldown = \"24h\"\n[backends.codex]\n"
    "first_output_timeout = \"300ms\"\nbreaker.threshold = 1\n[backends.claude]\nfirst_output_timeout = \"300ms\"\n";

/// Two backends that answer once the file "go" exists, and a project whose file cannot wait for that.
struct ImpatientProject {
  Cli cli;
  std::string directory = cli.home("cloned");
  std::string path = cli.home("cloned/delegate.toml");

  ImpatientProject() {
    cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "codex says hi"});
    cli.counted("claude", {"--wait-file", cli.file("go"), "--say", "claude says hi"});
    cli.write(path, kImpatientFile);
  }
  void others_are_unharmed() {
    for (const char* name : {"codex", "claude"}) {
      INFO(name);
      const Json breaker = cli.status_of(name)["breaker"];
      CHECK(breaker["state"] == "closed");
      CHECK(breaker["failures"] == 0);
    }
    cli.write(cli.file("go"), "");
    cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
  }
};

}  // namespace

TEST_CASE("clocks and thresholds of an untrusted project open no breaker and count no failure") {
  ImpatientProject world;
  Cli& cli = world.cli;
  SECTION("ask") {
    cli.run("ask -C " + world.directory + " hello")
        .expect(1)
        .stdout_is("")
        .stderr_has("this failure does not open the breaker: " + world.path +
                    " is not trusted and sets backends.codex.first_output_timeout")
        .stderr_has("first_output_timeout in " + world.path);
    CHECK(cli.spawns("codex") + cli.spawns("claude") == 2);
  }
  SECTION("ping") {
    cli.in_directory(world.directory).run("ping").expect(1).stdout_has("this failure does not open the breaker");
  }
  SECTION("a call of an agent") {
    Agent agent(cli);
    const Json answer = agent.call("ask", {{"prompt", "x"}, {"cwd", world.directory}});
    CHECK(answer["isError"] == true);
    const std::string told = answer["content"][0]["text"];
    CHECK_THAT(told, Contains("not trusted, so these are ignored: breaker.threshold (line 2)"));
    CHECK_THAT(told, !Contains("delegate trust"));
    CHECK(cli.spawns("codex") == 1);
  }
  SECTION("a background run") {
    const Finished submitted = cli.run("submit -C " + world.directory + " hello").expect(0);
    cli.run("result --wait " + submitted.out_lines().front()).expect(1);
    CHECK(cli.spawns("codex") == 1);
  }
  cli.in_directory(cli.home("project"));
  world.others_are_unharmed();
}

TEST_CASE("config show and doctor name the untrusted file and what of it is held back") {
  ImpatientProject world;
  Cli& cli = world.cli.in_directory(world.directory);
  const std::string ignored =
      world.path +
      ": not trusted, so these are ignored: breaker.threshold (line 2), breaker.cooldown (line 3), "
      "breaker.max_cooldown (line 4), backends.codex.breaker.threshold (line 7)";
  const std::string own =
      world.path +
      ": not trusted: backends.codex.first_output_timeout (line 6), backends.claude.first_output_timeout (line 9) "
      "apply, but failures in this project's runs do not open breakers";
  const Finished shown = cli.run("config show breaker.threshold codex.first_output_timeout").expect(0);
  shown.stdout_has("breaker.threshold = 3\n").stdout_has("first_output_timeout = \"300ms\"\n");
  shown.stderr_has(ignored).stderr_has(own).stderr_has("`delegate trust " + world.directory + "`");
  CHECK(cli.run("config show --json breaker.threshold").expect(0).json()["notices"] == Json::array({ignored, own}));
  cli.run("config check").expect(0).stderr_has(ignored).stderr_has(own);
  cli.run("doctor").stdout_has(ignored).stdout_has(own);
  cli.run("status").expect(0).stderr_has(ignored).stderr_lacks("do not open breakers");
  cli.run("trust").expect(0).stdout_has("line 2: breaker.threshold = 1\n").stdout_has("line 6: ");
  cli.run("config show breaker.threshold").expect(0).stdout_has("= 1\n").stderr_is("");
  CHECK(cli.status_of("codex")["breaker"]["threshold"] == 1);
}

TEST_CASE("an untrusted project starts no backend that your own order does not name") {
  Cli cli;
  cli.counted("codex", {"--say", "codex says hi"}).counted("claude", {"--say", "claude says hi"});
  cli.router("order = [\"claude\"]");
  cli.write(cli.home("project/delegate.toml"), "[router]\norder = [\"codex\"]\n");
  cli.run("ask hello")
      .expect(0)
      .stdout_is("claude says hi\n")
      .stderr_has("not trusted, so these are ignored: router.order (line 2)");
  CHECK(cli.spawns("codex") == 0);
  cli.run("config path").expect(0).stdout_has("used in part: not trusted");
  cli.run("trust").expect(0).stdout_has("line 2: router.order = [\"codex\"]\n");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
}

TEST_CASE("a project's file that is used whole is not said to be used in part") {
  Cli cli;
  cli.write(cli.home("project/delegate.toml"), "[backends.codex]\nmodel = \"x\"\n");
  cli.run("config path").expect(0).stdout_lacks("in part");
}
