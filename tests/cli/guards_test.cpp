#include <catch2/catch.hpp>

#include "tests/cli/agent.hpp"
#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// Guards of side jobs, over several processes: every `run` is one.
using namespace delegate::test;
using Catch::Matchers::Contains;

namespace {

Json guards(Cli& cli) { return Json::parse(cli.run("guard list --json").expect(0).out)["guards"]; }

/// From now on, rows of new runs are an error of SQLite if this holds of them, and nothing else is.
void refuse_new_runs(Cli& cli, const std::string& condition = "true") {
  cli.sql("CREATE INDEX broken ON runs (abs(started_at * 0 - 9223372036854775807 - 1)) WHERE number > " +
          cli.sql("SELECT max(number) FROM runs") + " AND " + condition);
}
void accept_all_runs(Cli& cli) { cli.sql("DROP INDEX broken"); }

}  // namespace

TEST_CASE("an unwritable history never affects an answer, and is paused after three failures") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  refuse_new_runs(cli);
  for (int i = 0; i < 2; ++i)
    cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("history failed: ");
  cli.run("ask hello").expect(0).stderr_has("history: failed 3 times in a row, paused for 5m (last: ");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("history: skipped once so far (last: ");
  for (int i = 0; i < 18; ++i) cli.run("ask hello").expect(0).stderr_is("");
  cli.run("ask hello").expect(0).stderr_has("history: skipped 20 times so far (last: ");
  CHECK(guards(cli)[0]["skipped"] == 20);
  cli.run("status")
      .expect(0)
      .stdout_has("history  open")
      .stdout_has("! the side job history keeps failing and is paused");

  accept_all_runs(cli);
  cli.run("ask hello").expect(0).stderr_is("");
  cli.run("guard reset --all").expect(0).stdout_is("1 guard reset\n");
  cli.run("ask hello").expect(0).stderr_is("");
  CHECK(guards(cli).empty());
  cli.run("status").stdout_lacks("history");
  CHECK(Json::parse(cli.run("runs --json").out)["runs"].size() == 2);
}

TEST_CASE("after the pause one call writes the history again, and reports that it works") {
  Cli cli;
  cli.config("[guards]\nthreshold = 1\nreset_after = \"1ms\"\n");
  cli.answers("codex").run("ask hello").expect(0);
  refuse_new_runs(cli);
  cli.run("ask hello").expect(0).stderr_has("history: failed, paused for 1ms");
  cli.run("ask hello").expect(0).stderr_is("");  // one try, which fails; no second line
  accept_all_runs(cli);
  cli.run("ask hello").expect(0).stderr_has("delegate: history: works again\n");
}

TEST_CASE("a history that recovers and then fails again within one call is reported both times") {
  Cli cli;
  cli.config("[guards]\nthreshold = 1\nreset_after = \"1ms\"\n");
  cli.answers("codex").run("ask hello").expect(0);
  refuse_new_runs(cli);
  cli.run("ask hello").expect(0);
  accept_all_runs(cli);
  refuse_new_runs(cli, "outcome <> ''");
  cli.run("ask hello").expect(0).stderr_has("history: works again\n").stderr_has("history: failed, paused for 1ms");
  CHECK(guards(cli)[0]["failures"] == 1);
}

TEST_CASE("a new session of an editor's agent begins with closed guards") {
  Cli cli;
  cli.config("[guards]\nthreshold = 1\n");
  cli.answers("codex").run("ask hello").expect(0);
  refuse_new_runs(cli);
  cli.run("ask hello").expect(0);
  REQUIRE(guards(cli).size() == 1);
  Agent agent(cli);
  agent.call("status", Json::object());
  CHECK(eventually([&] { return guards(cli).empty(); }));
}
