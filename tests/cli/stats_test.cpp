#include <catch2/catch.hpp>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "tests/cli/cli.hpp"

// `delegate stats` and `delegate metrics`: what calls came to, counted by the hour.
using namespace delegate::test;
using Catch::Matchers::StartsWith;

namespace {

/// claude opens its breaker with two failures; two later calls are answered by codex without waiting for it, a third
/// in the background.
void a_dead_backend(Cli& cli) {
  cli.config("[breaker]\nthreshold = 2").fails("claude").answers("codex");
  for (int i = 0; i < 4; ++i) cli.run("ask hello").expect(0);
  cli.run("submit hello").expect(0);
  cli.run("result --wait").expect(0);
}

Json group(const Json& stats, const std::string& name) {
  for (const Json& one : stats["groups"])
    if (one["name"] == name) return one;
  FAIL("no group " << name << " in " << stats.dump());
  return {};
}

std::string line_with(const std::string& text, const std::string& part) {
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  const std::size_t begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

/// The text of each match of the first group.
std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), regex); it != std::sregex_iterator(); ++it)
    found.push_back((*it)[1]);
  return found;
}

}  // namespace

TEST_CASE("statistics count calls, trips, and the waits that an open breaker spared in the foreground") {
  Cli cli;
  a_dead_backend(cli);
  Json stats = cli.run("stats --json").expect(0).stderr_is("").json();
  CHECK(stats["schema"] == "delegate.stats/1");
  CHECK(stats["by"] == "backend");
  CHECK(stats["all"]["calls"] == 7);
  const Json claude = group(stats, "claude");
  CHECK(claude["calls"] == 2);
  CHECK(claude["answered"] == 0);
  CHECK(claude["failed"] == 2);
  CHECK(claude["trips"] == 1);
  CHECK(claude["skipped"] == 2);
  CHECK_FALSE(claude.contains("p50_ms"));
  CHECK(group(stats, "codex")["answered"] == 5);
  REQUIRE(stats["savings"].size() == 1);
  const Json saving = stats["savings"][0];
  CHECK(saving["backend"] == "claude");
  CHECK(saving["skipped"] == 2);
  CHECK(saving["saved_ms"] == 2 * saving["wait_ms"].get<int>());
  CHECK(saving["saved_ms"] == stats["saved_ms"]);
  CHECK(saving["wait_ms"] > 0);
}

TEST_CASE("statistics can be read by day, by model, by directory, and outlive the runs") {
  Cli cli;
  a_dead_backend(cli);
  cli.run("runs forget --all").expect(0);
  const Finished text = cli.run("stats").expect(0).stderr_is("");
  CHECK_THAT(text.out, StartsWith("BACKEND  CALLS  OK"));
  CHECK_THAT(line_with(text.out, "claude "), StartsWith("claude   2      0 %"));
  text.stdout_has("Saved: about ").stdout_has("2 calls did not wait for a dead backend\n  = claude 2 × ");
  CHECK(group(cli.run("stats --json --by dir").json(), cli.home("project"))["calls"] == 7);
  CHECK(cli.run("stats --json --by day").json()["groups"].size() <= 2);  // midnight may pass
  const Finished csv = cli.run("stats --csv --by model").expect(0);
  CHECK_THAT(csv.out, StartsWith("model,calls,answered,failed,p50_ms,p95_ms,input_tokens,output_tokens,cost_usd,trips,"
                                 "skipped\r\n,7,5,2,"));
  cli.run("stats --since 2h").expect(0).stdout_has("claude");
}

TEST_CASE("statistics of a time without calls say so") {
  Cli cli;
  cli.answers("codex");
  cli.run("stats").expect(0).stdout_is("").stderr_has("no calls since");
  CHECK(cli.run("stats --json").expect(0).json()["all"]["calls"] == 0);
  cli.run("stats --since never").expect(2).stderr_has("--since: 'never' is neither a duration nor a date");
  cli.run("stats --csv --json").expect(2).stderr_has("choose one form");
  cli.run("stats --by week").expect(2).stderr_has("day");
}

TEST_CASE("the page of statistics is one private file that loads nothing, with a mark for each figure") {
  Cli cli;
  a_dead_backend(cli);
  cli.run({"stats", "--html", cli.file("stats.html")}).expect(0).stdout_is("").stderr_has("stats.html");
  CHECK((std::filesystem::status(cli.file("stats.html")).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  const std::string page = cli.read(cli.file("stats.html"));
  CHECK(all_matches(page, "(src=|href=|url\\(|@import|<script|https?:)").empty());
  CHECK(page.find(cli.home()) == std::string::npos);
  const auto tooltips = all_matches(page, "<title>([^<]*)</title></rect>");
  CHECK(std::count(tooltips.begin(), tooltips.end(), "claude, crashed: 2") == 1);
  CHECK(std::count(tooltips.begin(), tooltips.end(), "codex, answered: 5") == 1);
  const auto trips = all_matches(page, "<title>claude, ([^<]*)</title></circle>");
  REQUIRE(trips.size() == 1);
  CHECK(trips[0].find("1 × crashed") != std::string::npos);
  CHECK(all_matches(page, "(<svg )").size() == all_matches(page, "(</svg>)").size());
  CHECK(cli.run("stats --html -").expect(0).out.size() > page.size() / 2);
}

TEST_CASE("metrics are OpenMetrics on stdout, and a readable file in the format of Prometheus") {
  Cli cli;
  a_dead_backend(cli);
  const std::string text = cli.run("metrics").expect(0).stderr_is("").out;
  for (const char* line :
       {"# TYPE delegate_calls counter\n", "delegate_breaker_state{backend=\"claude\",state=\"open\"} 1\n",
        "delegate_calls_total{backend=\"codex\",model=\"\",outcome=\"answered\"} 5\n",
        "delegate_breaker_trips_total{backend=\"claude\"} 1\n", "delegate_breaker_skips_total{backend=\"claude\"} 2\n",
        "delegate_answer_seconds_bucket{backend=\"codex\",le=\"+Inf\"} 5\n",
        "delegate_answer_seconds_count{backend=\"codex\"} 5\n"})
    CHECK(text.find(line) != std::string::npos);
  CHECK(text.substr(text.size() - 6) == "# EOF\n");
  cli.run({"metrics", "--textfile", cli.file("delegate.prom")}).expect(0).stdout_is("");
  CHECK((std::filesystem::status(cli.file("delegate.prom")).permissions() & std::filesystem::perms::others_read) !=
        std::filesystem::perms::none);
  const std::string file = cli.read(cli.file("delegate.prom"));
  CHECK(file.find("# TYPE delegate_calls_total counter\n") != std::string::npos);
  CHECK(file.find("# EOF") == std::string::npos);
}
