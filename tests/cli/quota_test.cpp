#include <regex>

#include "tests/cli/agent.hpp"
#include "tests/cli/claude_windows.hpp"
#include "tests/cli/told.hpp"

// How much of the windows is used, from outside: a CLI reports it, and everything that shows it agrees.
using namespace delegate::test;
using Catch::Contains;

namespace {

bool shows_line(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex("(^|\n)" + pattern + "\n"));
}

constexpr const char* kMoment = "((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\\d\\d:\\d\\d";

void ask_claude(Cli& cli, const ClaudeWindows& used) {
  install_claude(cli, used);
  cli.run("ask -b claude hello").expect(0);
}

}  // namespace

TEST_CASE("what a call has reported is in status, in quota, and in the line for prompts") {
  Cli cli;
  ask_claude(cli, {.five_hour = 0.91, .seven_day = 0.42});
  const std::string status = cli.run("status").expect(0).out;
  INFO(status);
  CHECK(shows_line(status, std::string("QUOTA\nclaude  5 h 91 % used, until ") + kMoment + " · week 42 %"));
  const std::string quota = cli.run("quota").expect(0).out;
  INFO(quota);
  CHECK(shows_line(quota, std::string("claude +5 h +91 % +9 % +") + kMoment + " +" + kMoment + " +[^\n]* ago"));
  CHECK(shows_line(quota, std::string(" +week +42 % +58 % +") + kMoment + " +[^\n]* ago"));
  CHECK(cli.run("quota --short").expect(0).out == "claude 9%\n");
  const Json known = cli.status_of("claude")["quota"];
  CHECK(known == Json::parse(cli.run("quota claude --json").expect(0).out)["backends"][0]["quota"]);
  CHECK(known["windows"][0]["name"] == "five_hour");
  CHECK(known["windows"][0]["used"] == 0.91);
  CHECK(known["windows"][0]["source"] == "call");
}

TEST_CASE("where nothing is known nothing is shown, and quota says why") {
  Cli cli;
  cli.answers("mine");
  install_claude(cli, {});
  CHECK_THAT(cli.run("status").expect(0).out, !Contains("QUOTA"));
  CHECK_FALSE(cli.status_of("claude").contains("quota"));
  CHECK(cli.run("quota --short").expect(0).out.empty());
  const std::string quota = cli.run("quota claude mine").expect(0).out;
  CHECK_THAT(quota, Contains("claude: not heard yet; `delegate quota --refresh` asks it\n"));
  CHECK_THAT(quota, Contains("mine: reports no windows\n"));
}

TEST_CASE("a state that cannot be read costs the prompt nothing, and is an error otherwise") {
  Cli cli;
  cli.write(cli.home(".local/state"), "not a directory");
  CHECK(cli.run("quota --short").expect(0).out.empty());
  CHECK_THAT(cli.run("quota").expect(70).err, Contains("delegate: quota: "));
}

TEST_CASE("only the named backends are shown, and an unknown one is a usage error") {
  Cli cli;
  ask_claude(cli, {.five_hour = 0.91});
  cli.answers("mine");
  CHECK_THAT(cli.run("quota mine").expect(0).out, !Contains("claude"));
  CHECK(cli.run("quota mine --short").expect(0).out.empty());
  CHECK_THAT(cli.run("quota cluade").expect(2).err, Contains("unknown backend 'cluade'") && Contains("claude"));
}

TEST_CASE("a refresh fails for a backend that was named and cannot be asked, and says why") {
  Cli cli;
  cli.answers("codex")
      .run("quota --refresh codex gemini")
      .expect(1)
      .stderr_has("delegate: quota: codex: reports no windows")
      .stderr_has("delegate: quota: gemini: is not installed");
}

TEST_CASE("a refresh calls what cannot be asked otherwise, says so, and fails if one fails") {
  Cli cli;
  install_claude(cli, {.five_hour = 0.3});
  const Finished refreshed = cli.run("quota --refresh claude").expect(0);
  CHECK_THAT(refreshed.err, Contains("delegate: quota: claude was asked with a one-line call"));
  CHECK_THAT(refreshed.out, Contains("30 %"));
  cli.backend("claude", {"--err", "broken", "--exit", "3"}, "kind = \"claude\"");
  const Finished failed = cli.run("quota --refresh claude").expect(1);
  CHECK_THAT(failed.err, Contains("delegate: quota: claude: "));
  CHECK_THAT(failed.out, Contains("30 %"));
}

TEST_CASE("an agent reads in status how much is used") {
  Cli cli;
  with_project(cli);
  ask_claude(cli, {.five_hour = 0.91, .seven_day = 0.42});
  Agent agent(cli);
  const Json status = agent.call("status", Json::object());
  CHECK_THAT(text_of(status),
             Contains("claude: ready; 91 % of its 5 h window used, until ") && Contains("; week 42 %"));
  for (const Json& one : status["structuredContent"]["backends"]) {
    if (one["name"] != "claude") continue;
    CHECK(one["windows"][0]["used_percent"] == 91);
    CHECK_THAT(one["quota"].get<std::string>(), Contains("91 % of its 5 h window used"));
  }
}

TEST_CASE("each share of a window is announced once, whatever the number of calls") {
  Cli cli;
  Told told(cli);
  for (const double used : {0.7, 0.81, 0.85, 0.85, 0.94}) ask_claude(cli, {.five_hour = used});
  auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["kind"] == "quota");
  CHECK_THAT(all[0]["title"].get<std::string>(), Contains("claude: 5 h window "));
  CHECK_THAT(all[0]["message"].get<std::string>(), Contains("At this pace used up ") && Contains("; renews "));
  CHECK(all[0]["backends"][0]["window"] == "five_hour");
  for (const double used : {0.96, 0.97}) ask_claude(cli, {.five_hour = used});
  all = told.in_the_end();
  REQUIRE(all.size() == 2);
  CHECK(all[1]["severity"] == "warning");
  CHECK_THAT(cli.run("notifications").expect(0).out, Contains("claude: 5 h window 9"));
}

TEST_CASE("extra billing is announced when it begins") {
  Cli cli;
  Told told(cli);
  for (int call = 0; call < 2; ++call) ask_claude(cli, {.five_hour = 0.5, .is_billed_extra = true});
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["title"] == "claude: billed extra now");
  CHECK_THAT(all[0]["message"].get<std::string>(), Contains("Calls beyond the 5 h window are charged until "));
  CHECK_THAT(cli.run("status").expect(0).out, Contains("billed extra now"));
}

TEST_CASE("extra billing that is allowed is recorded, and not announced") {
  Cli cli;
  Told told(cli);
  install_claude(cli, {.five_hour = 0.5, .is_billed_extra = true}, "overage = \"allow\"");
  cli.run("ask -b claude hello").expect(0);
  CHECK(told.in_the_end().empty());
  Json record = told.records().at(0);
  CHECK(record["delivery"] == "unwanted");
  CHECK(record["detail"] == "backends.claude.overage allows it");
  CHECK_THAT(cli.run("status").expect(0).out, Contains("billed extra now") && !Contains("! claude"));
}

TEST_CASE("with a login the budget of its backend is shown, and no other") {
  Cli cli;
  cli.config("[backends.codex]\nbudget.day = \"7 calls\"\n");
  install_claude(cli, {}, "budget.day = \"5 calls\"\n[[backends.claude.logins]]\nname = \"work\"\nenv = { A = \"b\" }");
  cli.run("quota claude@work").expect(0).stdout_has("5 calls").stdout_lacks("7 calls");
}
