#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// The promised JSON, key by key.
using namespace delegate::test;
using Catch::Matchers::Matches;

namespace {

constexpr const char* kTime = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";

/// All keys, in order.
std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}
using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("an answer as JSON is one line of one object") {
  Cli cli;
  cli.backend("codex", {"--say", "two\nlines"}, "model = \"big\"");
  const Finished answered = cli.run("ask -t review hello --json").expect(0).stderr_is("");
  Json json = answered.json();
  CHECK(keys(json) == Keys{"schema", "run_id", "outcome", "answer", "backend", "kind", "model", "requested_backend",
                           "task_type", "degraded", "attempts", "skipped", "usage", "duration_ms", "warnings"});
  CHECK(json["schema"] == "delegate.ask/1");
  CHECK_THAT(json["run_id"].get<std::string>(), Matches("[0-9a-z]{8,}"));
  CHECK(json["outcome"] == "answered");
  CHECK(json["answer"] == "two\nlines");
  CHECK(json["backend"] == "codex");
  CHECK(json["kind"] == "command");
  CHECK(json["model"] == "big");
  CHECK(json["requested_backend"] == "auto");
  CHECK(json["task_type"] == "review");
  CHECK(json["degraded"] == false);
  CHECK(json["skipped"] == Json::array());
  CHECK(json["usage"] == Json::object());
  CHECK(json["duration_ms"].is_number_integer());
  CHECK(json["warnings"] == Json::array());

  REQUIRE(json["attempts"].size() == 1);
  Json attempt = json["attempts"][0];
  CHECK(attempt["backend"] == "codex");
  CHECK(attempt["outcome"] == "answered");
  CHECK(attempt["counted"] == true);
  CHECK(attempt["duration_ms"].is_number_integer());
  CHECK(attempt["probe"] == false);
  CHECK(attempt["exit_code"] == 0);
  for (const char* unknown : {"message", "retry_at"}) CHECK_FALSE(attempt.contains(unknown));
}

TEST_CASE("two runs never have the same id") {
  Cli cli;
  cli.answers("codex");
  CHECK(cli.run("ask hello --json").json()["run_id"] != cli.run("ask hello --json").json()["run_id"]);
}

TEST_CASE("unknown values are absent in JSON") {
  Cli cli;
  cli.answers("codex");
  Json json = cli.run("ask hello --json").expect(0).json();
  for (const char* unknown : {"model", "session_id", "error"}) CHECK_FALSE(json.contains(unknown));
  cli.backend("codex", {"--die", "SIGKILL"});
  CHECK_FALSE(cli.run("ask hello --json").expect(1).json()["attempts"][0].contains("exit_code"));
}

TEST_CASE("a failure as JSON has an error instead of an answer") {
  Cli cli;
  cli.fails("codex");
  Json json = cli.run("ask -b codex hello --json").expect(1).json();
  for (const char* absent : {"answer", "backend", "kind", "usage"}) CHECK_FALSE(json.contains(absent));
  CHECK(json["outcome"] == "exited_nonzero");
  CHECK(json["degraded"] == true);
  CHECK(json["error"]["outcome"] == "exited_nonzero");
  CHECK(json["error"]["message"] == "codex: exit code 3: codex is broken");
  CHECK(json["attempts"][0]["message"] == "exit code 3: codex is broken");
}

TEST_CASE("the announced retry time is in UTC") {
  Cli cli;
  cli.backend("codex", {"--err", "429 slow down, try again in 20 minutes", "--exit", "1"}, R"(
[[backends.codex.failures]]
match = "429"
outcome = "rate_limited")");
  Json json = cli.run("ask -b codex hello --json").expect(1).json();
  CHECK_THAT(json["attempts"][0]["retry_at"].get<std::string>(), Matches(kTime));
  Json refused = cli.run("ask -b codex hello --json").expect(4).json();
  REQUIRE(refused["skipped"].size() == 1);
  CHECK(keys(refused["skipped"][0]) == Keys{"backend", "reason", "retry_in_ms", "message", "cause"});
  CHECK(refused["skipped"][0]["retry_in_ms"].is_number_integer());
}

TEST_CASE("an answer that is not UTF-8 is repaired in JSON and unchanged otherwise") {
  Cli cli;
  cli.write(cli.file("bytes"), "a\xff\x80z \x01");
  cli.backend("codex", {"--play", cli.file("bytes")});
  cli.run("ask hello").expect(0).stdout_is("a\xff\x80z \x01\n");
  const std::string answer = cli.run("ask hello --json").expect(0).json()["answer"];
  CHECK(answer.find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("status has the documented keys as JSON") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1\n[backends.claude]\nenabled = false").fails("codex");
  cli.run("ask -b codex hello").expect(1);
  Json json = cli.status();
  CHECK(json["schema"] == "delegate.status/1");
  CHECK(json["store"]["kind"] == "sqlite");
  CHECK(json["store"]["path"] == cli.state_file());
  CHECK(json["store"]["ok"] == true);
  CHECK(json["guards"].is_array());
  REQUIRE(json["backends"].size() == 4);

  Json codex = cli.status_of("codex");
  CHECK(codex["kind"] == "command");
  CHECK(codex["enabled"] == true);
  CHECK(codex["installed"] == true);
  CHECK(codex["path"] == cli.file("bin/codex"));
  CHECK(keys(codex["breaker"]) ==
        Keys{"state", "failures", "threshold", "cooldown_ms", "retry_in_ms", "trips", "last_failure"});
  CHECK(codex["breaker"]["state"] == "open");
  CHECK(keys(codex["breaker"]["last_failure"]) == Keys{"outcome", "message", "at"});
  CHECK_THAT(codex["breaker"]["last_failure"]["at"].get<std::string>(), Matches(kTime));
  CHECK(codex["slots"] == Json{{"used", 0}, {"max", 3}, {"waiting", 0}});
  CHECK(codex["last"]["outcome"] == "exited_nonzero");
  CHECK_THAT(codex["last"]["at"].get<std::string>(), Matches(kTime));

  CHECK(cli.status_of("claude")["enabled"] == false);
  CHECK(cli.status_of("gemini")["installed"] == false);
  CHECK_FALSE(cli.status_of("gemini").contains("path"));
  CHECK_FALSE(cli.status_of("gemini").contains("last"));
  CHECK_FALSE(cli.status_of("gemini")["breaker"].contains("last_failure"));
  CHECK_FALSE(cli.status_of("ollama").contains("installed"));  // nobody has looked
}

TEST_CASE("a call that cannot begin is reported in JSON, with the same exit code") {
  Cli cli;
  cli.answers("codex");
  const auto error_of = [&](const std::string& words, int code) {
    return cli.run(words).expect(code).stderr_begins("delegate: ").json()["error"];
  };
  CHECK(error_of("ask -b codx hello --json", 2)["hint"] == "did you mean `codex`?");
  CHECK(error_of("ask --json", 2).contains("message"));
  CHECK(error_of("ask --json --no-such-flag hello", 2).contains("message"));
  CHECK(error_of("ping nobody --json", 2).contains("message"));
  CHECK(error_of("status --json --config /nonexistent/delegate.toml", 3)["outcome"] == "configuration");
}
