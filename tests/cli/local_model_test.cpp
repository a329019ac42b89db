#include <arpa/inet.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "core/os/fd.hpp"
#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/fake_ollama.hpp"
#include "tests/helpers/skip.hpp"

// The model on this machine is where everything ends.
using namespace delegate::test;
using delegate::Fd;
using delegate_tests::FakeOllama;
using delegate_tests::FakeServer;

namespace {

/// A server with the OpenAI interface that loads its model for a while first, as llama-server does.
class FakeLlama {
 public:
  explicit FakeLlama(int refusals)
      : refusals_(refusals), server_([this](const FakeServer::Request& request) { return respond(request); }) {}
  std::string toml() const { return "[backends.llama]\nkind = \"openai\"\nurl = \"" + server_.url() + "\"\n"; }
  int asked() const { return asked_; }

 private:
  FakeServer::Reply respond(const FakeServer::Request& request) {
    ++asked_;
    if (refusals_-- > 0)
      return {.status = "503 Service Unavailable",
              .body = R"({"error":{"message":"Loading model","type":"unavailable_error","code":503}})"};
    if (request.path == "/v1/models") return {.body = R"({"data":[{"id":"qwen"}]})"};
    return {.body =
                "data: {\"model\":\"qwen\",\"choices\":[{\"delta\":{\"content\":\"the llama answer\"},"
                "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
            .type = "text/event-stream"};
  }
  std::atomic<int> refusals_;
  std::atomic<int> asked_{0};
  FakeServer server_;
};

constexpr const char* kLocalLast = "order = [\"codex\"]\nlocal = \"ollama\"";

Cli& with_ollama(Cli& cli, const FakeOllama& ollama) {
  return cli.set("OLLAMA_HOST", ollama.address()).router(kLocalLast);
}

/// As on a machine without Ollama. False: its usual port is in use, and the test is skipped.
bool is_without_ollama(Cli& cli) {
  cli.unset("OLLAMA_HOST");
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(11434);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool in_use = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
  if (in_use) delegate_tests::skip_visibly("something listens on Ollama's usual port");
  return !in_use;
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
  // A missing backend is known before any is asked.
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

TEST_CASE("as the last resort the local model is tried even when its breaker is open, and can recover") {
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

TEST_CASE("a manually tripped local model is not even a last resort") {
  const FakeOllama ollama;
  Cli cli;
  with_ollama(cli.fails("codex"), ollama);
  cli.run("breaker trip ollama").expect(0);
  cli.run("ask hello").expect(1).stdout_is("").stderr_has("ollama skipped (tripped manually");
  CHECK(ollama.chats().empty());
}

TEST_CASE("a server without a model cannot answer, and the hint says what to do") {
  const FakeOllama ollama(FakeOllama::Mode::has_no_model);
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address());
  cli.run("ask -b ollama hello").expect(1).stdout_is("").stderr_has("no local model").stderr_has("hint: ollama pull");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
}

TEST_CASE("there is an exit code for nothing installed and nothing running") {
  Cli cli;
  cli.run("ask hello").expect(5).stdout_is("").stderr_has("delegate backends").stderr_has("ollama serve");
  Json json = cli.run("ask hello --json").expect(5).json();
  CHECK(json["outcome"] == "not_installed");
  CHECK(json["error"]["outcome"] == "not_installed");
  cli.run("ask -b gemini hello").expect(5).stdout_is("").stderr_has("gemini");
}

TEST_CASE("when the others are open, a local model that is not installed is skipped and counts no failure") {
  Cli cli;
  if (!is_without_ollama(cli)) return;
  cli.config("[breaker]\nthreshold = 1").fails("codex").router(kLocalLast);
  cli.run("ask hello").expect(1).stderr_begins("delegate: codex: exit code 3: codex is broken\nhint: ");
  for (int i = 0; i < 2; ++i) {
    const Finished refused = cli.run("ask hello").expect(4).stdout_is("");
    refused.stderr_begins(
        "delegate: no backend is available right now\nhint: wait, or try one again now with `delegate breaker");
    refused.stderr_has("codex skipped (open, retry in ");
    refused.stderr_has("ollama skipped (not installed: ollama is not on the PATH, and nothing listens at http://");
  }
  CHECK(cli.run("ask hello --json").expect(4).json()["outcome"] == "breaker_open");
  CHECK(cli.state_of("ollama") == "closed");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
}

TEST_CASE("when the slots are full, a local model that is not installed does not change the exit code") {
  Cli cli;
  if (!is_without_ollama(cli)) return;
  cli.backend("codex", {"--wait-file", cli.file("go")}, "max_parallel = 1").router(kLocalLast);
  Running first = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.slots_used("codex") == 1; }));
  cli.run("ask hello").expect(4).stderr_has("codex skipped (no free slot").stderr_has("hint: wait until a call");
  cli.write(cli.file("go"), "");
  first.finish();
}

TEST_CASE("a local model that is requested by name and not installed has an exit code and an install hint") {
  Cli cli;
  if (!is_without_ollama(cli)) return;
  cli.run("ask -b ollama hello")
      .expect(5)
      .stderr_begins("delegate: ollama is not installed or not enabled\nhint: install it from https://ollama.com");
  cli.run("ping ollama").expect(5).stdout_has("not installed").stdout_has("hint: ollama: install it from");
  cli.run("backends --check").expect(0).stdout_has("ollama is not on the PATH");
  cli.run("ask hello").expect(5).stderr_begins("delegate: no backend is installed or running here\nhint: ");
}

TEST_CASE("a local model that is installed or configured counts as failed when it does not run") {
  Cli cli;
  if (!is_without_ollama(cli)) return;
  SECTION("installed") { cli.install("ollama"); }
  SECTION("named in the environment") { cli.set("OLLAMA_HOST", "127.0.0.1:1"); }
  SECTION("named in the settings") { cli.config("[backends.ollama]\nurl = \"http://127.0.0.1:1\""); }
  cli.run("ask -b ollama hello")
      .expect(1)
      .stderr_begins("delegate: ollama: ")
      .stderr_has("start it with `ollama serve`");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 1);
}

TEST_CASE("a proxy of the environment is not used for loopback") {
  const FakeOllama ollama;
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address())
      .set("http_proxy", "http://127.0.0.1:1")
      .set("ALL_PROXY", "http://127.0.0.1:1");
  cli.run("ask -b ollama hello").expect(0).stdout_is("the local answer\n");
}

TEST_CASE("a model that is not loaded is loaded first, and only once") {
  const FakeOllama ollama;
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address());
  cli.run("ask -b ollama hello").expect(0).stdout_is("the local answer\n");
  cli.run("ask -b ollama hello").expect(0).stdout_is("the local answer\n");
  REQUIRE(ollama.loads().size() == 1);
  CHECK(Json::parse(ollama.loads()[0])["model"] == "tiny:1b");
  CHECK(ollama.chats().size() == 2);
}

TEST_CASE("a model that loads too slowly does not count as a failure, and the hint names the setting") {
  FakeOllama ollama;
  ollama.hold();
  Cli cli;
  cli.config("[backends.ollama]\nload_timeout = \"150ms\"").set("OLLAMA_HOST", ollama.address());
  for (int i = 0; i < 4; ++i)
    cli.run("ask -b ollama hello")
        .expect(1)
        .stdout_is("")
        .stderr_begins("delegate: ollama: still loading tiny:1b after ")
        .stderr_has("raise backends.ollama.load_timeout");
  CHECK(cli.state_of("ollama") == "closed");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
  CHECK(ollama.chats().empty());
  ollama.go_on();
  cli.run("ask -b ollama hello").expect(0).stdout_is("the local answer\n");
}

TEST_CASE("the timeout for the first output does not run while the model is loaded") {
  FakeOllama ollama;
  ollama.hold();
  Cli cli;
  cli.config("[backends.ollama]\nfirst_output_timeout = \"1ms\"").set("OLLAMA_HOST", ollama.address());
  Running asker = cli.start("ask -b ollama hello");
  REQUIRE(eventually([&] { return ollama.loads().size() == 1; }));
  CHECK_FALSE(asker.has_ended());
  asker.signal(SIGINT);
  asker.finish().expect(130);
}

TEST_CASE("a server that says that it loads its model is asked again until it has") {
  const FakeLlama llama(3);
  Cli cli;
  cli.config(llama.toml());
  cli.run("ask -b llama hello").expect(0).stdout_is("the llama answer\n");
  CHECK(llama.asked() == 5);  // three refusals, the list of models, the question
  CHECK(cli.status_of("llama")["breaker"]["failures"] == 0);
}

TEST_CASE("the next backend is asked when a server never finishes loading, and no failure is counted") {
  const FakeLlama llama(1'000'000);
  Cli cli;
  cli.config(llama.toml() + "load_timeout = \"100ms\"").answers("codex");
  cli.router(R"(order = ["llama", "codex"])");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["backend"] == "codex");
  CHECK(json["attempts"][0]["outcome"] == "loading");
  CHECK(cli.status_of("llama")["breaker"]["failures"] == 0);
}

TEST_CASE("when a breaker opens, the local model is loaded in the background, and no call waits for it") {
  FakeOllama ollama;
  ollama.hold();
  Cli cli;
  cli.config("[breaker]\nthreshold = 1");
  with_ollama(cli.fails("codex"), ollama);
  cli.answers("gemini").router("order = [\"codex\", \"gemini\"]\nlocal = \"ollama\"");
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n");
  REQUIRE(eventually([&] { return ollama.loads().size() == 1; }));
  CHECK_FALSE(ollama.has_loaded());  // and yet the answer is out
  ollama.go_on();
  REQUIRE(eventually([&] { return ollama.has_loaded(); }));
  REQUIRE(eventually([&] { return cli.processes().empty(); }));
  cli.run("ask hello").expect(0);  // codex is open: no trip, nothing to load
  CHECK(ollama.loads().size() == 1);
  CHECK(ollama.chats().empty());
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
}

TEST_CASE("a trip does not load the local model when that is disabled or it was the model that was asked") {
  FakeOllama ollama;
  Cli cli;
  cli.config("[breaker]\nthreshold = 1");
  with_ollama(cli.fails("codex"), ollama);
  SECTION("switched off") {
    cli.answers("gemini").router("order = [\"codex\", \"gemini\"]\nlocal = \"ollama\"\nwarm_up = false");
    cli.run("ask hello").expect(0);
    CHECK(ollama.connections() == 0);
  }
  SECTION("changed by a project that is not trusted") {
    cli.answers("gemini").router("order = [\"codex\", \"gemini\"]\nlocal = \"ollama\"");
    cli.write(cli.home("project/delegate.toml"), "[backends.ollama]\nload_timeout = \"10ms\"\n");
    cli.run("ask hello").expect(0);
    CHECK(ollama.connections() == 0);
  }
  SECTION("asked") {
    cli.run("ask hello").expect(0).stdout_is("the local answer\n");
    CHECK(ollama.loads().size() == 1);
  }
  CHECK(eventually([&] { return cli.processes().empty(); }));  // who tells of the trip ends by itself
}

TEST_CASE("a run that cannot load the local model reports no problem") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("codex").answers("gemini").set("OLLAMA_HOST", "127.0.0.1:1");
  cli.run("ask hello").expect(0).stdout_is("gemini says hi\n").stderr_lacks("ollama");
  REQUIRE(eventually([&] { return cli.processes().empty(); }));
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
}

TEST_CASE("what is said about an answer is no part of it: cut, empty, or thought only") {
  const FakeServer server([](const FakeServer::Request& request) {
    const auto asks = [&](const char* word) { return request.body.find(word) != std::string::npos; };
    const std::string text = asks("cut-me")        ? "half an"
                             : asks("say-nothing") ? ""
                             : asks("both")        ? "<think>hm</think>\\nHello!"
                                                   : "<think>hm";
    const std::string reason = asks("say-nothing") || asks("both") ? "stop" : "length";
    return FakeServer::Reply{.body = "data: {\"choices\":[{\"delta\":{\"content\":\"" + text +
                                     "\"},\"finish_reason\":\"" + reason +
                                     "\"}],\"usage\":{\"completion_tokens\":64}}\n\ndata: [DONE]\n\n",
                             .type = "text/event-stream"};
  });
  Cli cli;
  cli.config("[backends.llama]\nkind = \"openai\"\nmodel = \"m\"\nurl = \"" + server.url() + "\"\n");
  Json cut = cli.run("ask -b llama --json cut-me").expect(0).json();
  CHECK(cut["truncated"] == true);
  CHECK(cut["warnings"].size() == 1);
  cli.run("ask -b llama cut-me").expect(0).stdout_is("half an\n").stderr_has("the answer was cut");
  cli.run("ask -b llama say-nothing").expect(0).stdout_is("").stderr_has("the answer had no text");
  cli.run("ask -b llama --stream both").expect(0).stdout_is("Hello!\n");
  cli.run("ask -b llama think").expect(1).stdout_is("").stderr_has("thinking used up all").stderr_has("max_tokens");
  cli.run("ping llama").expect(0);
}
