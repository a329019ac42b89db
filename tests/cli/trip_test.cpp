#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// A breaker that trips over several processes: every `run` is one.
using namespace delegate::test;
using Catch::Matchers::Contains;
using Catch::Matchers::Matches;

namespace {

const std::vector<std::string> kFailing{"--err", "it is broken", "--exit", "3"};

Cli& fail_three_times(Cli& cli) {
  for (int i = 0; i < 3; ++i) cli.run("ask -b gemini hello").expect(1).stdout_is("");
  return cli;
}

}  // namespace

TEST_CASE("three failures in three processes trip the breaker, and the fourth call spawns nothing") {
  Cli cli;
  fail_three_times(cli.counted("gemini", kFailing));
  CHECK(cli.spawns("gemini") == 3);

  const Finished fourth = cli.run("ask -b gemini hello");
  fourth.expect(4).stdout_is("").stderr_begins(
      "[delegate:degraded] gemini skipped after repeated failures; retrying in ~");
  CHECK_THAT(fourth.err_lines().at(0), Matches(R"(.*; retrying in ~(60|[1-5]?[0-9]) s\.)"));
  fourth.stderr_has("its last failure: exit code 3: it is broken").stderr_has("hint: ");
  CHECK(cli.spawns("gemini") == 3);
  CHECK(cli.slots_used("gemini") == 0);
}

TEST_CASE("the third failure reports that the backend is now skipped, and the first two do not") {
  Cli cli;
  cli.backend("gemini", kFailing);
  cli.run("ask -b gemini hello").expect(1).stderr_lacks("from now on");
  cli.run("ask -b gemini hello").expect(1).stderr_lacks("from now on");
  cli.run("ask -b gemini hello").expect(1).stderr_has("gemini is skipped from now on");
}

TEST_CASE("a failure names the backend and its own words") {
  Cli cli;
  cli.fails("gemini");
  cli.run("ask -b gemini hello").expect(1).stdout_is("").stderr_has("gemini: exit code 3: gemini is broken");
}

TEST_CASE("a success between two failures starts the count again") {
  Cli cli;
  for (const bool works : {false, false, true, false, false}) {
    cli.counted("gemini", works ? std::vector<std::string>{"--say", "fine"} : kFailing);
    cli.run("ask -b gemini hello").expect(works ? 0 : 1);
  }
  CHECK(cli.state_of("gemini") == "closed");
  CHECK(cli.status_of("gemini")["breaker"]["failures"] == 2);
}

TEST_CASE("an open breaker shows in status") {
  Cli cli;
  Json open = fail_three_times(cli.backend("gemini", kFailing)).status_of("gemini")["breaker"];
  CHECK(open["state"] == "open");
  CHECK(open["threshold"] == 3);
  CHECK(open["cooldown_ms"] == 60'000);
  CHECK(open["trips"] == 1);
  CHECK(open["retry_in_ms"].get<int>() > 0);
  CHECK(open["retry_in_ms"].get<int>() <= 60'000);
  CHECK(open["last_failure"]["outcome"] == "exited_nonzero");
  CHECK(open["last_failure"]["message"] == "exit code 3: it is broken");
  CHECK_THAT(open["last_failure"]["at"].get<std::string>(), Matches(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"));
}

TEST_CASE("auto falls back to the next backend and says so in one line") {
  Cli cli;
  fail_three_times(cli.counted("gemini", kFailing).answers("codex"));
  const Finished answered = cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_lines(1);
  CHECK_THAT(answered.err, Matches("delegate: gemini skipped \\(open, retry in (1 m|[0-9]+ s): exit code 3: it is "
                                   "broken\\); answered by codex\n"));
  CHECK(cli.spawns("gemini") == 3);
}

TEST_CASE("each backend has a breaker of its own") {
  Cli cli;
  fail_three_times(cli.backend("gemini", kFailing).answers("codex"));
  CHECK(cli.state_of("gemini") == "open");
  CHECK(cli.state_of("codex") == "closed");
  cli.run("ask -b codex hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
}

TEST_CASE("one unambiguous failure opens the breaker at once") {
  Cli cli;
  cli.counted("gemini", {"--err", "please log in", "--exit", "1"}, R"(
[[backends.gemini.failures]]
match = "log in"
outcome = "unauthenticated")");
  cli.run("ask -b gemini hello").expect(1).stderr_has("please log in");
  CHECK(cli.state_of("gemini") == "open");
  cli.run("ask -b gemini hello").expect(4).stderr_has("its last failure: please log in");
  CHECK(cli.spawns("gemini") == 1);
}

TEST_CASE("a rate limit opens the breaker for the stated time") {
  Cli cli;
  cli.counted("gemini", {"--err", "429 slow down, try again in 20 minutes", "--exit", "1"}, R"(
[[backends.gemini.failures]]
match = "429"
outcome = "rate_limited")");
  Json failed = cli.run("ask -b gemini hello --json").expect(1).json();
  CHECK(failed["outcome"] == "rate_limited");
  CHECK(failed["attempts"][0].contains("retry_at"));
  Json breaker = cli.status_of("gemini")["breaker"];
  CHECK(breaker["state"] == "open");
  CHECK(breaker["retry_in_ms"].get<int>() > 60'000);
  CHECK(breaker["retry_in_ms"].get<int>() <= 1'200'000);
}

TEST_CASE("what is not the backend's fault is not counted") {
  Cli cli;
  SECTION("a process that was killed") { cli.backend("gemini", {"--die", "SIGKILL"}); }
  SECTION("a model that does not exist") {
    cli.backend("gemini", {"--err", "no such model", "--exit", "1"}, R"(
[[backends.gemini.failures]]
match = "no such model"
outcome = "model_rejected")");
  }
  for (int i = 0; i < 4; ++i) cli.run("ask -b gemini hello").expect(1);
  CHECK(cli.state_of("gemini") == "closed");
  CHECK(cli.status_of("gemini")["breaker"]["failures"] == 0);
}

TEST_CASE("an exit without an answer is a failure even with exit code 0") {
  Cli cli;
  cli.backend("gemini", {});
  Json failed = cli.run("ask -b gemini hello --json").expect(1).json();
  CHECK(failed["outcome"] == "lost_result");
  CHECK(failed["attempts"][0]["counted"] == true);
}

TEST_CASE("a changed threshold applies to a breaker that has already counted failures") {
  Cli cli;
  cli.backend("gemini", kFailing);
  for (int i = 0; i < 2; ++i) cli.run("ask -b gemini hello").expect(1);
  cli.config("[breaker]\nthreshold = 5");
  for (int i = 0; i < 2; ++i) cli.run("ask -b gemini hello").expect(1);
  CHECK(cli.state_of("gemini") == "closed");
  CHECK(cli.status_of("gemini")["breaker"]["failures"] == 4);
  CHECK(cli.status_of("gemini")["breaker"]["threshold"] == 5);
  cli.config("[breaker]\nthreshold = 2");
  cli.run("ask -b gemini hello").expect(1);
  CHECK(cli.state_of("gemini") == "open");
}

TEST_CASE("a backend's own threshold overrides the common one") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1")
      .backend("gemini", kFailing, "breaker.threshold = 2")
      .backend("codex", kFailing);
  cli.run("ask -b gemini hello").expect(1);
  cli.run("ask -b codex hello").expect(1);
  CHECK(cli.state_of("gemini") == "closed");
  CHECK(cli.state_of("codex") == "open");
}

TEST_CASE("a reinstalled executable resets the breaker") {
  Cli cli;
  fail_three_times(cli.backend("gemini", kFailing));
  cli.answers("gemini").uninstall("gemini");
  cli.write(cli.file("bin/gemini"), cli.read(FAKE_CLI));
  std::filesystem::permissions(cli.file("bin/gemini"), std::filesystem::perms::owner_all);
  cli.run("ask -b gemini hello").expect(0).stdout_is("gemini says hi\n");
  CHECK(cli.state_of("gemini") == "closed");
}
