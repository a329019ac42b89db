#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// `delegate runs --totals`: each backend over a stretch of time, and how that stretch is typed.
using namespace delegate::test;
using Catch::Matchers::Matches;

namespace {

using Words = std::vector<std::string>;
using Keys = std::vector<std::string>;

Keys total_keys(const Json& object) {
  Keys names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

std::string total_row(const Finished& finished, const std::string& name) {
  for (const std::string& line : finished.out_lines())
    if (line.find(name + " ") == 0) return line;
  FAIL("no total_row for " << name << " in {" << finished.out << "}");
  return {};
}

/// claude fails twice, once with codex answering in its place; codex answers once more.
void three_counted_runs(Cli& cli) {
  cli.config("[breaker]\nthreshold = 9").fails("claude").answers("codex");
  cli.run("ask hello").expect(0);
  cli.run("ask -b claude hello").expect(1);
  cli.run("ask -b codex hello").expect(0);
}

/// A codex that says what it used.
std::vector<std::string> codex_with_usage() {
  return {"--say", R"({"type":"item.completed","item":{"type":"agent_message","text":"noted"}})", "--say",
          R"({"type":"turn.completed","usage":{"input_tokens":1234567,"output_tokens":89}})", "--"};
}

}  // namespace

TEST_CASE("totals count calls, successes and trips, and show - for unknown figures") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").counted("codex", codex_with_usage(), "kind = \"codex\"");
  cli.run("ask hello").expect(0);
  cli.run("ask hello").expect(0);
  cli.backend("codex", {"--err", "broken", "--exit", "3", "--"}, "kind = \"codex\"").answers("gemini");
  cli.run("ask hello").expect(0);
  const Finished totals = cli.run("runs --totals").expect(0).stderr_is("");
  CHECK_THAT(totals.out_lines().at(0), Matches("BACKEND +CALLS +OK +P50 +P95 +IN +OUT +COST +TRIPS +LAST 30d"));
  const std::string time = "[0-9.]+ m?s +";
  CHECK_THAT(total_row(totals, "codex"), Matches("codex +3 +66 % +" + time + time + "2,469,134 +178 +- +1 .*"));
  CHECK_THAT(total_row(totals, "gemini"), Matches("gemini +1 +100 % +" + time + time + "- +- +- +0 .*"));
  totals.stdout_has("\n\ncodex without an answer: crashed 1\n").stdout_lacks("gemini without");
  SECTION("of one backend, when one is named") {
    cli.run("runs --totals -b gemini").expect(0).stdout_has("gemini").stdout_lacks("codex");
    cli.run("runs --totals -b claude").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  }
  SECTION("of the stretch that is asked for") {
    cli.run("runs --totals --since 1h").expect(0).stdout_has("LAST 1h\n");
    cli.run("runs --totals --since 59s").expect(0).stdout_has("LAST 59s\n");
    cli.run("runs --totals --since 90s").expect(0).stdout_has("LAST 1m\n");
    cli.run("runs --totals --since 0s").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  }
}

TEST_CASE("a cancelled call counts neither as a success nor as a failure") {
  Cli cli;
  cli.counted("codex", {"--hang"});
  Running asking = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  asking.signal(SIGINT);
  asking.finish().expect(130);
  const Finished totals = cli.run("runs --totals").expect(0);
  CHECK_THAT(total_row(totals, "codex"), Matches("codex +1 +- +- +- +- +- +- +0"));
  totals.stdout_has("codex without an answer: cancelled 1\n");
  cli.answers("codex").run("ask hello").expect(0);
  CHECK_THAT(total_row(cli.run("runs --totals").expect(0), "codex"), Matches("codex +2 +100 % .*"));
}

TEST_CASE("totals have the documented total_keys as JSON") {
  Cli cli;
  three_counted_runs(cli);
  Json json = cli.run("runs --totals --json").expect(0).stderr_is("").json();
  CHECK(total_keys(json) == Keys{"schema", "since", "until", "backends"});
  CHECK(json["schema"] == "delegate.totals/1");
  REQUIRE(json["backends"].size() == 2);
  Json claude = json["backends"][0];
  CHECK(total_keys(claude) == Keys{"backend", "calls", "answered", "failed", "trips", "outcomes", "slots"});
  CHECK(claude["backend"] == "claude");
  CHECK(claude["calls"] == 2);
  CHECK(claude["answered"] == 0);
  CHECK(claude["failed"] == 2);
  CHECK(claude["outcomes"] == Json{{"exited_nonzero", 2}});
  REQUIRE(claude["slots"].size() == 24);
  CHECK(claude["slots"][23] == Json{{"answered", 0}, {"failed", 2}});
  CHECK(claude["slots"][0] == Json{{"answered", 0}, {"failed", 0}});
  Json codex = json["backends"][1];
  CHECK(total_keys(codex) ==
        Keys{"backend", "calls", "answered", "failed", "trips", "outcomes", "p50_ms", "p95_ms", "slots"});
  CHECK(codex["slots"][23] == Json{{"answered", 2}, {"failed", 0}});
}

TEST_CASE("the plot uses what the locale can show") {
  Cli cli;
  three_counted_runs(cli);
  const auto is_ascii = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  const auto totals = [&] { return cli.run("runs --totals").expect(0).stderr_is(""); };
  CHECK(total_row(totals(), "codex").ends_with(" █"));
  cli.set("LC_ALL", "C");
  CHECK(total_row(totals(), "codex").ends_with(" #"));
  CHECK(is_ascii(totals().out));
  cli.set("LC_ALL", "C.UTF-8").set("LANG", "C");
  CHECK(total_row(totals(), "codex").ends_with(" █"));
  cli.set("LC_ALL", "").set("LC_CTYPE", "en_US.utf8");
  CHECK(total_row(totals(), "codex").ends_with(" █"));
  cli.unset("LC_ALL").unset("LC_CTYPE").unset("LANG");
  CHECK(is_ascii(totals().out));
}

TEST_CASE("on a narrow terminal the plot is below the table, and no line wraps") {
  Cli cli;
  cli.counted("codex", codex_with_usage(), "kind = \"codex\"");
  cli.run("ask hello").expect(0);
  const auto lines_at = [&](int columns) {
    cli.streams({.in = Streams::In::terminal, .out_is_terminal = true, .columns = columns});
    return cli.run("--color never runs --totals").expect(0).err_lines();
  };
  const Words wide = lines_at(120);
  REQUIRE(wide.size() == 2);
  CHECK(wide[0].find("TRIPS  LAST 30d") != std::string::npos);
  const Words narrow = lines_at(80);
  REQUIRE(narrow.size() == 5);
  for (const std::string& line : narrow) CHECK(line.size() <= 82);  // a carriage return, and three bytes of one bar
  CHECK(narrow[0].find("LAST") == std::string::npos);
  CHECK_THAT(narrow[3], Matches("BACKEND +LAST 30d\\r?"));
  CHECK_THAT(narrow[4], Matches("codex +█\\r?"));
}

TEST_CASE("a coloured plot is red only where something failed") {
  Cli cli;
  three_counted_runs(cli);
  const Finished painted = cli.run("--color always runs --totals").expect(0);
  CHECK(total_row(painted, "claude").ends_with(" \x1b[31m█\x1b[0m"));
  CHECK(total_row(painted, "codex").ends_with(" █"));
  cli.run("runs --totals").expect(0).stdout_lacks("\x1b");
}

TEST_CASE("a date means local midnight, and a time follows its offset") {
  struct Row {
    std::string typed;
    std::string meant;
  };
  const Row total_row = GENERATE(values<Row>({{"2026-01-01", "2025-12-31T15:00:00.000Z"},
                                              {"2024-02-29", "2024-02-28T15:00:00.000Z"},
                                              {"2026-01-01T08:00:00Z", "2026-01-01T08:00:00.000Z"},
                                              {"2026-01-01T08:00:00z", "2026-01-01T08:00:00.000Z"},
                                              {"2026-01-01T08:00:00+02:30", "2026-01-01T05:30:00.000Z"},
                                              {"2026-01-01T23:00:00-02:00", "2026-01-02T01:00:00.000Z"},
                                              {"2026-01-01T08:00:00.5Z", "2026-01-01T08:00:00.500Z"},
                                              {"2026-01-01T08:00:00.0259999Z", "2026-01-01T08:00:00.025Z"},
                                              {"1969-12-31T23:59:59.250Z", "1969-12-31T23:59:59.250Z"}}));
  Cli cli;
  cli.set("TZ", "HERE-9");
  CHECK(cli.run("runs --totals --json --since " + total_row.typed).expect(0).json()["since"] == total_row.meant);
}

TEST_CASE("an invalid time is rejected with the accepted formats") {
  const std::string since =
      GENERATE(as<std::string>(), "soon", "2 days", "-2h", "+2h", "2026-13-01", "2026-02-30", "2026-00-10", "2026-1-1",
               " 2026-01-01", "2026- 1- 1", "2026-01-01 ", "2026-01-01x", "2026-01-01T08:00:00", "2026-01-01T08:00Z",
               "2026-01-01T24:00:00Z", "2026-01-01T08:60:00Z", "2026-01-01T08:00:00+99:00", "2026-01-01T08:00:00+01:60",
               "2026-01-01T08:00:00+0100", "2026-01-01T08:00:00.Z", "2026-01-01T08:00:00.5", "2026-01-01T08:00:00Z!",
               "1e300s", "99999999999999d", "nan", "\x1b[31m", "\xff");
  Cli cli;
  cli.run(Words{"runs", "--since", since})
      .expect(2)
      .stdout_is("")
      .stderr_lines(2)
      .stderr_begins("delegate: runs: --since: '")
      .stderr_has(
          "is neither a duration nor a date\nhint: a duration before now (2h, 7d, 1w), today, yesterday, a date "
          "(2026-11-30)")
      .stderr_lacks("\x1b");
}
