#include <catch2/catch.hpp>
#include <csignal>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// Budgets from the outside: what calls report is counted over all processes, and outlives the history.
using namespace delegate::test;
using Catch::Matchers::StartsWith;

namespace {

constexpr const char* kCostlyAnswer =
    R"({"type":"result","is_error":false,"result":"hi","session_id":"s","total_cost_usd":0.4,)"
    R"("usage":{"input_tokens":900,"output_tokens":100}})";

/// claude reports that each of its calls costs 40 cents.
Cli& costly(Cli& cli, const std::string& toml) {
  return cli.counted("claude", {"--read-stdin", "--say", kCostlyAnswer, "--"}, "kind = \"claude\"\n" + toml);
}

Json skip_in(const Finished& run) { return run.json()["skipped"].at(0); }

}  // namespace

TEST_CASE("a backend that has spent its budget is passed over until the period ends") {
  Cli cli;
  costly(cli, "budget.day = \"$1\"").answers("codex");
  for (int i = 0; i < 2; ++i) cli.run("ask hello").expect(0).stdout_is("hi\n");
  const Finished third = cli.run("ask hello --json").expect(0);
  CHECK(third.json()["backend"] == "codex");
  CHECK(skip_in(third)["reason"] == "budget_exhausted");
  CHECK_THAT(
      skip_in(third)["message"].get<std::string>(),
      StartsWith("what is left of its budget of $1 a day ($0.20) is not enough for this call (about $0.40), until "));
  CHECK(skip_in(third)["retry_in_ms"] <= 25 * 3'600'000);
  CHECK(cli.spawns("claude") == 2);
  CHECK(cli.state_of("claude") == "closed");
}

TEST_CASE("a budget does not depend on how many runs the history keeps") {
  Cli cli;
  cli.config("[history]\nlimit = 1\n");
  costly(cli, "budget.month = \"3000 tokens\"").answers("codex");
  for (int i = 0; i < 3; ++i) cli.run("ask hello").expect(0).stdout_is("hi\n");
  CHECK_THAT(skip_in(cli.run("ask hello --json").expect(0))["message"].get<std::string>(),
             StartsWith("its budget of 3000 tokens a month is used up (3000 tokens used), until "));
}

TEST_CASE("a budget that is raised or removed lets calls through at once") {
  Cli cli;
  costly(cli, "budget.week = \"1 calls\"");
  cli.run("ask -b claude hello").expect(0);
  cli.run("ask -b claude hello").expect(4);
  costly(cli, "budget.week = \"2 calls\"");
  cli.run("ask -b claude hello").expect(0);
  cli.run("ask -b claude hello").expect(4);
  costly(cli, "");
  cli.run("ask -b claude hello").expect(0);
}

TEST_CASE("config check refuses a limit in dollars for a backend whose costs are not known") {
  Cli cli;
  cli.config("[backends.codex]\nbudget.day = \"$5\"\n");
  cli.run("config check").expect(3).stderr_has("backends.codex.budget.day").stderr_has("price.input");
  Cli priced;
  priced.config("[backends.codex]\nbudget.day = \"$5\"\nprice = { input = 1.25, output = 10 }\n");
  priced.run("config check").expect(0);
}

TEST_CASE("figures that no call can have used are left out") {
  Cli cli;
  const std::string odd = R"({"type":"result","is_error":false,"result":"hi","session_id":"s","total_cost_usd":-10,)"
                          R"("usage":{"input_tokens":-5000000,"output_tokens":9000000000000000000}})";
  cli.counted("claude", {"--read-stdin", "--say", odd, "--"}, "kind = \"claude\"\nbudget.day = [\"$1\", \"9 tokens\"]");
  cli.run("ask -b claude hello").expect(0);
  CHECK(cli.sql("SELECT sum(cost_usd) FROM usage_hours") == "0.0");
  CHECK(cli.sql("SELECT sum(input_tokens + output_tokens) FROM usage_hours") == "1");  // "hi" for "hello"
  CHECK(cli.sql("SELECT coalesce(input_tokens, output_tokens, cost_usd, 'unknown') FROM attempts") == "unknown");
}

TEST_CASE("a server that cannot be reached has used nothing") {
  Cli cli;
  cli.config("[backends.local]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:9\"\nbudget.day = \"1 calls\"\n");
  for (int i = 0; i < 2; ++i) cli.run("ask -b local hello").expect(1);
  CHECK(cli.sql("SELECT count(*) FROM usage_hours") == "0");
  CHECK(cli.sql("SELECT count(*) FROM reservations") == "0");
}

TEST_CASE("the call of a run that was killed counts") {
  Cli cli;
  cli.counted("claude", {"--wait-file", cli.file("never"), "--"}, "kind = \"claude\"\nbudget.day = \"1 calls\"");
  Running killed = cli.start("ask -b claude hello");
  REQUIRE(eventually([&] { return cli.spawns("claude") == 1; }));
  killed.signal(SIGKILL);
  killed.finish();
  costly(cli, "budget.day = \"1 calls\"");
  cli.run("ask -b claude hello").expect(4);
  CHECK(cli.sql("SELECT outcome FROM usage_hours") == "killed");
}
