#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/helpers/fake_ollama.hpp"

// The model on this machine is where everything ends.
using namespace delegate::test;
using delegate_tests::FakeOllama;

namespace {

constexpr const char* kLocalLast = "order = [\"codex\"]\nlocal = \"ollama\"";

Cli& with_ollama(Cli& cli, const FakeOllama& ollama) {
  return cli.set("OLLAMA_HOST", ollama.address()).router(kLocalLast);
}

/// Fails its chats until its breaker is open.
void trip_ollama(Cli& cli, FakeOllama& ollama) {
  ollama.become(FakeOllama::Mode::fails);
  for (int i = 0; i < 3; ++i) cli.run("ask -b ollama hello").expect(1);
  REQUIRE(cli.state_of("ollama") == "open");
}

}  // namespace

TEST_CASE("the local model answers when the others fail, and is named with its model") {
  const FakeOllama ollama;
  Cli cli;
  with_ollama(cli.fails("codex"), ollama);
  cli.run("ask hello").expect(0).stdout_is("the local answer\n").stderr_has("answered by ollama/tiny:1b");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["backend"] == "ollama");
  CHECK(json["kind"] == "ollama");
  CHECK(json["model"] == "tiny:1b");
  CHECK(json["usage"]["input_tokens"] == 11);
  CHECK(json["usage"]["output_tokens"] == 7);
  CHECK_FALSE(json["usage"].contains("cost_usd"));
  REQUIRE(ollama.chats().size() == 2);
  CHECK(Json::parse(ollama.chats()[0])["messages"][0]["content"] == "hello");
}

TEST_CASE("with codex open, gemini missing and claude switched off the local model answers") {
  const FakeOllama ollama;
  Cli cli;
  cli.config("[breaker]\nthreshold = 1\n[backends.claude]\nenabled = false").fails("codex");
  with_ollama(cli, ollama);
  cli.run("ask -b codex hello").expect(1);
  cli.router(R"(order = ["codex", "gemini", "claude", "ollama"]
local = "ollama")");
  const Finished answered = cli.run("ask hello --json").expect(0).stderr_lines(1);
  answered.stderr_has("codex skipped (open, retry in ").stderr_has("; answered by ollama/tiny:1b");
  Json json = answered.json();
  CHECK(json["answer"] == "the local answer");
  // Who is absent is known before anybody is asked.
  std::map<std::string, std::string> reasons;
  for (Json& skip : json["skipped"]) reasons[skip["backend"]] = skip["reason"];
  CHECK(reasons == std::map<std::string, std::string>{
                       {"claude", "disabled"}, {"codex", "breaker_open"}, {"gemini", "not_installed"}});

  ollama.chats();
  const Finished failed = cli.unset("OLLAMA_HOST").set("OLLAMA_HOST", "127.0.0.1:1").run("ask hello");
  failed.expect(1).stdout_is("");
  for (const char* name : {"codex", "gemini", "claude", "ollama"}) failed.stderr_has(name);
}

TEST_CASE("a named backend that falls back ends at the local model") {
  const FakeOllama ollama;
  Cli cli;
  with_ollama(cli.fails("codex"), ollama);
  cli.run("ask -b codex hello").expect(1).stdout_is("");
  CHECK(ollama.chats().empty());
  const Finished answered = cli.run("ask -b codex --fallback hello").expect(0).stdout_is("the local answer\n");
  answered.stderr_lines(1).stderr_begins("delegate: codex failed after ").stderr_has("answered by ollama/tiny:1b");
}

TEST_CASE("as the last resort it is tried even when its breaker is open, and recovers by that") {
  FakeOllama ollama;
  Cli cli;
  with_ollama(cli.fails("codex"), ollama);
  trip_ollama(cli, ollama);
  const std::size_t before = ollama.chats().size();
  cli.run("ask -b ollama hello").expect(4).stderr_begins("[delegate:degraded] ollama skipped");
  CHECK(ollama.chats().size() == before);

  cli.run("ask hello").expect(1).stdout_is("");
  CHECK(ollama.chats().size() == before + 1);
  CHECK(cli.state_of("ollama") == "open");

  ollama.become(FakeOllama::Mode::answers);
  cli.run("ask hello").expect(0).stdout_is("the local answer\n").stderr_has("ollama works again");
  CHECK(cli.state_of("ollama") == "closed");
}

TEST_CASE("what was tripped by hand is not even a last resort") {
  const FakeOllama ollama;
  Cli cli;
  with_ollama(cli.fails("codex"), ollama);
  cli.run("breaker trip ollama").expect(0);
  cli.run("ask hello").expect(1).stdout_is("").stderr_has("ollama skipped (tripped by hand");
  CHECK(ollama.chats().empty());
}

TEST_CASE("a server without a model is no answer, and the hint says what to do") {
  const FakeOllama ollama(FakeOllama::Mode::has_no_model);
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address());
  cli.run("ask -b ollama hello").expect(1).stdout_is("").stderr_has("no local model").stderr_has("hint: ollama pull");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
}

TEST_CASE("nothing installed and nothing running is an exit code of its own") {
  Cli cli;
  cli.run("ask hello").expect(5).stdout_is("").stderr_has("delegate backends").stderr_has("ollama serve");
  Json json = cli.run("ask hello --json").expect(5).json();
  CHECK(json["outcome"] == "not_installed");
  CHECK(json["error"]["outcome"] == "not_installed");
  cli.run("ask -b gemini hello").expect(5).stdout_is("").stderr_has("gemini");
}

TEST_CASE("a proxy of the environment does not stand between us and loopback") {
  const FakeOllama ollama;
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address())
      .set("http_proxy", "http://127.0.0.1:1")
      .set("ALL_PROXY", "http://127.0.0.1:1");
  cli.run("ask -b ollama hello").expect(0).stdout_is("the local answer\n");
}
