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

TEST_CASE("who stands outside the route is not ready: no question goes there by itself") {
  Cli cli;
  cli.answers("codex").answers("gemini").router("order = [\"codex\"]");
  cli.run("health").expect(0).stdout_has("ready      codex\n").stdout_has("gemini");
  cli.uninstall("codex").run("health").expect(1).stdout_has("ready      none\n");
}

TEST_CASE("who is not installed is not ready, and nobody is told to try again at once") {
  Cli cli;
  cli.answers("codex").uninstall("codex");
  const Json codex = one_of(health_of(cli, 1), "codex");
  CHECK(codex["ready"] == false);
  CHECK(codex["installed"] == false);
  CHECK_FALSE(codex.contains("retry_in_ms"));
}

TEST_CASE("who has no free slot is not ready until one is given back") {
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

TEST_CASE("a server is ready when it is there, whatever the last call came to") {
  Cli cli;
  cli.run("health").expect(1).stdout_has("not ready  ").stdout_has("ollama");
  FakeOllama ollama;
  cli.set("OLLAMA_HOST", ollama.address()).run("health").expect(0).stdout_has("ready      ollama\n");
}

TEST_CASE("a service is taken at its word: a glance asks nobody over a network") {
  Cli cli;
  cli.config(
      "[router]\norder = [\"far\"]\n"
      "[backends.far]\nkind = \"openai\"\nurl = \"https://127.0.0.1:1/v1\"\n");
  cli.run("health").expect(0).stdout_has("ready      far\n");
}

TEST_CASE("a store of which a part cannot be read is not well, and nothing is counted that nobody knows") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  cli.sql("ALTER TABLE notifications RENAME TO gone");
  const Json health = health_of(cli, 1);
  CHECK(health["store"]["ok"] == false);
  CHECK_FALSE(health.contains("notifications"));
  CHECK_FALSE(health.contains("queue"));
  cli.run("status").stdout_has("no such table: notifications");
}
