#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/fake_ollama.hpp"

#include <catch2/catch.hpp>

// `health`: can a question be answered now?
using namespace delegate::test;
using delegate_tests::FakeOllama;

namespace {

Json health_of(Cli& cli, int exit) { return Json::parse(cli.run("health --json").expect(exit).out); }

Json one_of(const Json& health, const std::string& name) {
  for (const Json& backend : health["backends"])
    if (backend["name"] == name) return backend;
  FAIL(name + " is not among the backends");
  return {};
}

}  // namespace

TEST_CASE("a backend outside the route is not ready, because auto never asks it") {
  Cli cli;
  cli.answers("codex").answers("gemini").router("order = [\"codex\"]");
  cli.run("health").expect(0).stdout_has("ready      codex\n").stdout_has("gemini");
  cli.uninstall("codex").run("health").expect(1).stdout_has("ready      none\n");
}

TEST_CASE("a backend that is not installed is not ready, and has no retry time") {
  Cli cli;
  cli.answers("codex").uninstall("codex");
  const Json codex = one_of(health_of(cli, 1), "codex");
  CHECK(codex["ready"] == false);
  CHECK(codex["installed"] == false);
  CHECK_FALSE(codex.contains("retry_in_ms"));
}

TEST_CASE("a backend without a free slot is not ready until one is released") {
  Cli cli;
  const std::string go = cli.file("go");
  cli.backend("codex", {"--wait-file", go, "--say", "hi"}, "max_parallel = 1");
  Running asking = cli.start("ask -b codex hello");
  REQUIRE(eventually([&] { return cli.slots_used("codex") == 1; }));
  CHECK(one_of(health_of(cli, 1), "codex")["ready"] == false);
  cli.write(go, "");
  asking.finish().expect(0);
  CHECK(one_of(health_of(cli, 0), "codex")["ready"] == true);
}

TEST_CASE("a reachable server is ready, whatever the outcome of its last call") {
  Cli cli;
  cli.run("health").expect(1).stdout_has("not ready  ").stdout_has("ollama");
  FakeOllama ollama;
  cli.set("OLLAMA_HOST", ollama.address()).run("health").expect(0).stdout_has("ready      ollama\n");
}

TEST_CASE("health sends no request over a network") {
  Cli cli;
  cli.config(
      "[router]\norder = [\"far\"]\n"
      "[backends.far]\nkind = \"openai\"\nurl = \"https://127.0.0.1:1/v1\"\n");
  cli.run("health").expect(0).stdout_has("ready      far\n");
}

TEST_CASE("a part of the state that is missing is created again, and health says so once") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  CHECK(health_of(cli, 0)["queue"] == Json({{"waiting", 0}, {"running", 0}}));
  cli.sql("ALTER TABLE jobs RENAME TO gone");
  cli.run("health").expect(0).stdout_has("state      sqlite, ok").stderr_has("table jobs was missing");
  cli.sql("ALTER TABLE notifications RENAME TO gone_too");
  const Json health = health_of(cli, 0);
  CHECK(health["store"]["ok"] == true);
  CHECK(health["queue"]["running"] == 0);
  CHECK(health["notifications"]["owed"] == 0);
  CHECK(one_of(health, "codex")["ready"] == true);
  cli.run("status").expect(0).stderr_is("");
}

TEST_CASE("a state that cannot be written shows in health, status and canary") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  cli.started_by({"/usr/bin/prlimit", "--fsize=0", "--"});  // no file may grow, as on a full disk
  CHECK(health_of(cli, 1)["store"]["ok"] == false);
  CHECK(cli.status()["store"]["ok"] == false);
  cli.run("canary run")
      .expect(70)
      .stdout_has("C-02: ")
      .stdout_has("the state cannot be")
      .stderr_has("delegate: canary: the result cannot be remembered or announced: ");
}
