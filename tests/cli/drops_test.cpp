#include <catch2/catch.hpp>

#include <memory>

#include "tests/cli/cli.hpp"
#include "tests/helpers/fake_ollama.hpp"

// A connection that gets lost is one event, however many calls it hits, and no backend's fault.
using namespace delegate::test;
using delegate_tests::FakeOllama;

namespace {

/// No test waits for the end of such a window.
constexpr const char* kLongWindow = "[grace]\nwindow = \"1h\"\n";

Cli& at(Cli& cli, const FakeOllama& ollama) { return cli.set("OLLAMA_HOST", ollama.address()); }

}  // namespace

TEST_CASE("ten calls that lose their connections together do not count as failures") {
  const FakeOllama ollama(FakeOllama::Mode::drops);
  Cli cli;
  at(cli.config(std::string(kLongWindow) + "[backends.ollama]\nmax_parallel = 10"), ollama);
  std::vector<Running> askers;
  for (int i = 0; i < 10; ++i) askers.push_back(cli.start("ask -b ollama hello --json"));
  for (Running& asker : askers) {
    const Finished finished = asker.finish().expect(1);
    CHECK(finished.json()["outcome"] == "dropped");
  }
  CHECK(ollama.chats().size() == 10);
  CHECK(cli.state_of("ollama") == "closed");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 0);
}

TEST_CASE("a call uses one connection, and fresh ones soon after a lost connection") {
  FakeOllama ollama;
  Cli cli;
  at(cli.config(kLongWindow), ollama);
  cli.run("ask -b ollama hello").expect(0);
  CHECK(ollama.connections() == 1);  // what is there, what is loaded, what it is, the load, the question
  ollama.become(FakeOllama::Mode::drops);
  cli.run("ask -b ollama hello").expect(1);
  CHECK(ollama.connections() == 2);
  ollama.become(FakeOllama::Mode::answers);
  cli.run("ask -b ollama hello").expect(0);
  CHECK(ollama.connections() == 6);
}

TEST_CASE("a connection that is refused soon after a lost one is collateral, also under another name") {
  auto ollama = std::make_unique<FakeOllama>(FakeOllama::Mode::drops);
  Cli cli;
  at(cli, *ollama)
      .config(std::string(kLongWindow) + "[backends.llama]\nkind = \"openai\"\nurl = \"http://" + ollama->address() +
              "\"\n");
  cli.run("ask -b ollama hello").expect(1).stderr_has("connection lost");
  ollama.reset();
  for (const char* name : {"ollama", "llama"}) {
    for (int i = 0; i < 4; ++i) {
      Json json = cli.run("ask hello --json -b " + std::string(name)).expect(1).json();
      CHECK(json["outcome"] == "collateral_drop");
      CHECK(json["attempts"][0]["counted"] == false);
    }
    CHECK(cli.state_of(name) == "closed");
    CHECK(cli.status_of(name)["breaker"]["failures"] == 0);
  }
}

TEST_CASE("a refused connection counts when no connection was lost before it, and a real outage trips") {
  Cli cli;
  cli.config(kLongWindow).set("OLLAMA_HOST", "127.0.0.1:1");
  for (int i = 0; i < 3; ++i) cli.run("ask -b ollama hello").expect(1);
  CHECK(cli.state_of("ollama") == "open");
}

TEST_CASE("a server that always drops connections trips once the cap on bursts in a row is reached") {
  const FakeOllama ollama(FakeOllama::Mode::drops);
  Cli cli;
  // Without a window each drop is a burst of its own.
  at(cli.config("[grace]\nwindow = \"0s\"\nmax_streak = 3\n"), ollama);
  for (int i = 0; i < 4; ++i) cli.run("ask -b ollama hello").expect(1);
  CHECK(cli.state_of("ollama") == "closed");
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 2);
  cli.run("ask -b ollama hello").expect(1);
  CHECK(cli.state_of("ollama") == "open");
}

TEST_CASE("a ping counts a partial answer as a failure, which a call does not") {
  FakeOllama ollama(FakeOllama::Mode::drops);
  Cli cli;
  at(cli.config(kLongWindow), ollama);
  cli.run("ping ollama").expect(1);
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 1);
  cli.run("ask -b ollama hello").expect(1);
  CHECK(cli.status_of("ollama")["breaker"]["failures"] == 1);
}
