#include "tests/cli/agent.hpp"
#include "tests/cli/told.hpp"

// `canary`: is the state of this host true?
using namespace delegate::test;
using Catch::Matchers::Contains;

namespace {

/// As if a run had started without its request being deleted.
void violate(Cli& cli) { cli.sql("INSERT INTO job_requests VALUES ('run-a', '', '')"); }
void revert(Cli& cli) { cli.sql("DELETE FROM job_requests"); }

}  // namespace

TEST_CASE("a host in use has nothing to report, and the verdicts are remembered") {
  Cli cli;
  cli.run("canary list").expect(0).stdout_has("S-01  not checked yet");
  cli.answers("codex").run("ask hello").expect(0);
  cli.run("canary").expect(0).stdout_has("S-01  held\n").stdout_has("18 of 18 held").stderr_is("");
  cli.run("canary list").expect(0).stdout_has("S-01  held  ");
  const Json report = cli.run("canary run --json").expect(0).json();
  CHECK(report["schema"] == "delegate.canary/1");
  CHECK(report["ok"] == true);
  CHECK(report["invariants"].size() == 18);
  CHECK(cli.run("canary list --json").expect(0).json()["invariants"][0]["verdict"] == "held");
}

TEST_CASE("a violation is shown with what was found and what to do, and announced once by the hook; so is its end") {
  Cli cli;
  Told told(cli);
  cli.answers("codex").run("ask hello").expect(0);
  violate(cli);
  cli.run("canary run --only E-03")
      .expect(1)
      .stdout_has("E-03  violated  a queued run and its request do not match\n\n")
      .stdout_has("\n  the request of run run-a is stored, but the run does not wait\nhint: ");
  cli.run("canary run --only E-03").expect(1);
  auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["kind"] == "canary");
  CHECK(all[0]["severity"] == "critical");
  CHECK(all[0]["title"] == "E-03: a queued run and its request do not match");
  cli.run("status").expect(0).stdout_has("E-03: a queued run");
  cli.run("canary show E-03").expect(0).stdout_has("violated since").stdout_has("found:\n  the request of run run-a");
  const Json shown = cli.run("canary show E-03 --json").expect(0).json();
  CHECK(shown["times_violated"] == 1);
  CHECK(shown["violations"].size() == 1);
  revert(cli);
  cli.run("canary run --only E-03").expect(0);
  all = told.in_the_end();
  REQUIRE(all.size() == 2);
  CHECK(all[1]["title"] == "E-03 holds again");
  CHECK(cli.run("status").expect(0).out.find("E-03") == std::string::npos);
  cli.run("canary show E-03").expect(0).stdout_has("last violated").stdout_has("found then:");
}

TEST_CASE("a damaged state that is replaced is reported") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  for (const char* command : {"canary run", "canary list", "health"}) {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(cli.state_file() + suffix);
    cli.write(cli.state_file(), std::string(20'000, 'x'));
    cli.run(command).expect(0).stderr_has("damaged");
  }
}

TEST_CASE("alerts of the canary can be switched off") {
  Cli cli;
  Told told(cli, "", "on = [\"trip\"]\n");
  cli.answers("codex").run("ask hello").expect(0);
  violate(cli);
  cli.run("canary run --only E-03").expect(1);
  CHECK(told.in_the_end().empty());
  CHECK(told.records()[0]["delivery"] == "unwanted");
}

TEST_CASE("unknown invariants, times that are none and a state in memory are errors") {
  Cli cli;
  cli.run("canary show S-99").expect(2).stderr_has("'S-99' is not one of S-01, S-02, ");
  cli.run("canary run --only s-01").expect(2).stderr_has("did you mean");
  cli.run("canary run --if-older soon").expect(2).stderr_has("canary run: --if-older: ");
  cli.run("canary show").expect(2);
  cli.config("[state]\nstore = \"memory\"\n");
  for (const char* command : {"canary run", "canary list", "canary show S-01"})
    cli.run(command).expect(70).stderr_has("canary: the state is in memory: it ends with each process");
}

TEST_CASE("only one process of a host checks at a time, and the other says so") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  violate(cli);  // so that it looks twice
  Running first = cli.start("canary run --only E-03");
  REQUIRE(eventually([&] { return cli.sql("SELECT count(*) FROM leases WHERE name = 'canary'") == "1"; }));
  cli.run("canary run").expect(4).stderr_has("is checking just now");
  first.finish().expect(1);
}

TEST_CASE("the server of an editor checks the state every now and then, if that is wanted") {
  Cli cli;
  cli.answers("codex").config("[canary]\ninterval = \"50ms\"\n").run("ask hello").expect(0);
  Agent agent(cli);
  CHECK(eventually([&] { return cli.sql("SELECT count(*) FROM canary WHERE verdict = 'held'") == "18"; }));
  const auto checked_at = [&] { return cli.sql("SELECT max(checked_at) FROM canary"); };
  const std::string first = checked_at();
  CHECK(eventually([&] { return checked_at() != first; }));
}
