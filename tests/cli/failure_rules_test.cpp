#include <catch2/catch.hpp>

#include "tests/cli/codex_error.hpp"

// What a failure means by the configuration, and what delegate makes of an error text.

using namespace delegate;
using namespace delegate::test;

namespace {

constexpr const char* kOddGateway = "[[backends.codex.failures]]\nmatch = 'FOO-\\d+'\noutcome = \"quota_exhausted\"\n";

}  // namespace

TEST_CASE("a failure wording from the configuration comes before the built-in ones, for a kind with its own parser") {
  Cli cli;
  codex_says(cli, "401 Unauthorized FOO-17, retry after 90 s", kOddGateway);
  const Json json = cli.run("ask -b codex hello --json").expect(1).json();
  CHECK(json["attempts"][0]["outcome"] == "quota_exhausted");
}

TEST_CASE("what a CLI repeats of the prompt is no failure wording") {
  Cli cli;
  cli.backend("codex", {"--err", "user: why does it say FOO-17 to me", "--exit", "3"}, kOddGateway);
  const Json json = cli.run({"ask", "-b", "codex", "why does it say FOO-17 to me", "--json"}).expect(1).json();
  CHECK(json["attempts"][0]["outcome"] == "exited_nonzero");
}

TEST_CASE("without such a wording the built-in ones decide") {
  Cli cli;
  codex_says(cli, "401 Unauthorized FOO-17");
  CHECK(cli.run("ask -b codex hello --json").expect(1).json()["attempts"][0]["outcome"] == "unauthenticated");
}

TEST_CASE("explain-failure names the configured pattern, what it means and the wait that was read") {
  Cli cli;
  codex_says(cli, "x", kOddGateway);
  cli.input("Error: FOO-17, retry after 90 s\n");
  cli.run("explain-failure codex")
      .expect(0)
      .stdout_has("matched by:  backends.codex.failures[0]: FOO-\\d+\n")
      .stdout_has("outcome:     usage limit reached\n")
      .stdout_has("retry after: 1 m 30 s\n");
  const Json json = cli.run("explain-failure codex --json").expect(0).json();
  CHECK(json["schema"] == "delegate.explain_failure/1");
  CHECK(json["outcome"] == "quota_exhausted");
  CHECK(json["retry_after_ms"] == 90'000);
}

TEST_CASE("explain-failure names the built-in wording, or says that there is none") {
  Cli cli;
  cli.input("Error: 401 Unauthorized\n");
  cli.run("explain-failure codex").expect(0).stdout_has("signed out").stdout_has("matched by:  built-in ");
  cli.input("something that nobody ever said\n");
  cli.run("explain-failure claude").expect(0).stdout_has("matched by:  nothing: this failure is not recognised\n");
}

TEST_CASE("explain-failure reads the body of a server's error") {
  Cli cli;
  cli.input(R"({"error":{"message":"slow down","code":"rate_limit_exceeded"}})");
  CHECK(cli.run("explain-failure ollama --json").expect(0).json()["outcome"] == "rate_limited");
}

TEST_CASE("explain-failure needs a text and a backend that exists") {
  Cli cli;
  cli.input("");
  cli.run("explain-failure codex").expect(2).stderr_has("explain-failure: stdin: there is no text");
  cli.run("explain-failure codx").expect(2).stderr_has("unknown backend 'codx'");
}
