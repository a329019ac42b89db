#include <catch2/catch.hpp>
#include <chrono>

#include "tests/cli/cli.hpp"
#include "tests/helpers/fake_server.hpp"

// What `delegate runs ID` shows of the quota windows: before an attempt and after it.
using namespace delegate::test;

namespace {

/// A claude whose subscription has used so much of its five hours, and 42 % of its week.
std::vector<std::string> claude_with_windows(const std::string& five_hours, bool is_billed_extra = false) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto end = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() + 3600);
  return {"--say",
          R"({"type":"rate_limit_event","rate_limit_info":{"isUsingOverage":)" +
              std::string(is_billed_extra ? "true" : "false") + R"(,"unifiedWindows":{"five_hour":{"utilization":)" +
              five_hours + R"(,"resetsAt":)" + end + R"(},"seven_day":{"utilization":0.42,"resetsAt":)" + end + "}}}}",
          "--say", R"({"type":"result","subtype":"success","result":"noted","total_cost_usd":0.5})", "--"};
}

std::string run_of(Cli& cli) { return cli.run("ask --json -b claude hello").expect(0).json()["run_id"]; }

}  // namespace

TEST_CASE("a run shows what is used of each window, and by how much its attempt has moved it") {
  Cli cli;
  cli.backend("claude", claude_with_windows("0.37"), "kind = \"claude\"");
  cli.run("runs " + run_of(cli)).expect(0).stdout_has("\n    quota: 5 h 37 % used, week 42 %\n");
  cli.backend("claude", claude_with_windows("0.41"), "kind = \"claude\"");
  const std::string second = run_of(cli);
  cli.run("runs " + second).expect(0).stdout_has("\n    quota: 5 h 37 % -> 41 % used, week 42 %\n");
  const Json quota = cli.run("runs --json " + second).expect(0).json()["attempts"][0]["quota"];
  CHECK(quota["before"][0]["name"] == "five_hour");
  CHECK(quota["before"][0]["used"] == 0.37);
  CHECK(quota["after"][0]["used"] == 0.41);
  CHECK(quota["after"][1]["name"] == "seven_day");
  CHECK(quota["after"][0]["ends_at"].is_string());
  CHECK_FALSE(quota.contains("billed_extra"));
}

TEST_CASE("a run says that it was billed extra, and nothing of windows that are not known") {
  Cli cli;
  cli.backend("claude", claude_with_windows("1", true), "kind = \"claude\"").backend("codex", {"--say", "hi"});
  const std::string extra = run_of(cli);
  cli.run("runs " + extra).expect(0).stdout_has("\n    quota: 5 h 100 % used, week 42 %, billed extra\n");
  CHECK(cli.run("runs --json " + extra).expect(0).json()["attempts"][0]["quota"]["billed_extra"] == true);
  const std::string unknown = cli.run("ask --json -b codex hello").expect(0).json()["run_id"];
  cli.run("runs " + unknown).expect(0).stdout_lacks("quota");
  CHECK_FALSE(cli.run("runs --json " + unknown).json()["attempts"][0].contains("quota"));
}

TEST_CASE("what a call under a subscription is said to cost is its list price, unless it was billed extra") {
  Cli cli;
  cli.backend("claude", claude_with_windows("0.37"), "kind = \"claude\"");
  cli.run("runs " + run_of(cli)).expect(0).stdout_has("$0.5000 (list price)\n");
  cli.backend("claude", claude_with_windows("1", true), "kind = \"claude\"");
  cli.run("runs " + run_of(cli)).expect(0).stdout_has("$0.5000\n");
}

TEST_CASE("a server's limits are what the headers of its responses say, also those of a refusal") {
  using delegate_tests::FakeServer;
  const bool is_refused = GENERATE(false, true);
  const FakeServer server([&](const FakeServer::Request&) {
    return FakeServer::Reply{.status = is_refused ? "429 Too Many Requests" : "200 OK",
                             .body = R"({"choices":[{"message":{"content":"noted"},"finish_reason":"stop"}]})",
                             .headers =
                                 "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 25\r\n"
                                 "x-ratelimit-reset-requests: 6m0s\r\nx-ratelimit-limit-tokens: many\r\n"};
  });
  Cli cli;
  cli.config("[backends.gateway]\nkind = \"openai\"\nmodel = \"m\"\nurl = \"" + server.url() + "\"\n");
  const std::string run = cli.run("ask --json -b gateway hello").expect(is_refused ? 1 : 0).json()["run_id"];
  cli.run("runs " + run).expect(0).stdout_has("\n    quota: requests 75 % used\n");
}
