#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <ctime>
#include <filesystem>

#include "tests/cli/told.hpp"

// What of [notify] decides whether, when and where an outage is announced, from outside.
using namespace delegate::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::string kPolicy = "breaker.threshold = 1\nbreaker.cooldown = 0";

void fail_once(Cli& cli, const std::string& name) {
  cli.backend(name, {"--exit", "3"}, kPolicy).run("ask -b " + name + " hello").expect(1);
}
void answer_once(Cli& cli, const std::string& name) {
  cli.backend(name, {"--say", "fine"}, kPolicy).run("ask -b " + name + " hello").expect(0);
}

/// Two hours that begin `from_now` hours after the present one.
std::string hours(int from_now) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  const auto hour = [&](int shift) { return std::to_string((parts.tm_hour + from_now + shift) % 24) + ":00"; };
  return "quiet_hours = \"" + hour(0) + "-" + hour(2) + "\"\n";
}

}  // namespace

TEST_CASE("a backend that flaps is announced as unstable, and what follows is recorded as damped") {
  Cli cli;
  Told told(cli, "", "damping.trips = 2\n");
  for (int i = 0; i < 3; ++i) {
    fail_once(cli, "gemini");
    told.in_the_end();
    answer_once(cli, "gemini");
    told.in_the_end();
  }
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 3);
  CHECK(all[0]["title"] == "gemini: crashed");
  CHECK(all[1]["title"] == "gemini: works again");
  CHECK(all[2]["title"] == "gemini: unstable");
  CHECK(all[2]["backends"][0]["unstable"] == true);
  CHECK_THAT(all[2]["message"].get<std::string>(), StartsWith("2 outages in ") && Contains("See delegate status."));
  const Json rows = told.records();
  REQUIRE(rows.size() == 6);
  CHECK(rows[0]["delivery"] == "damped");  // the last recovery
  CHECK(rows[1]["delivery"] == "damped");
  CHECK(rows[1]["kind"] == "trip");
  CHECK(rows[1]["detail"] == "gemini is unstable: outage 3 within 30 m");
  CHECK(rows[2]["delivery"] == "damped");  // the recovery of the one that was announced as unstable
  CHECK(rows[3]["title"] == "gemini: unstable");
  cli.run("notifications").expect(0).stdout_has("damped: gemini is unstable: outage 3 within 30 m");
}

TEST_CASE("in the quiet hours outages are held, and afterwards the next ask announces in one what goes on") {
  Cli cli;
  cli.set("TZ", "UTC");
  {
    Told told(cli, "", hours(0));
    for (const char* name : {"gemini", "claude", "codex"}) fail_once(cli, name);
    REQUIRE(eventually([&] {
      const Json rows = told.records();
      return std::all_of(rows.begin(), rows.end(), [](const Json& row) { return row["delivery"] == "held"; });
    }));
    answer_once(cli, "codex");
    CHECK(told.in_the_end().empty());
    CHECK(told.records()[0]["delivery"] == "unwanted");  // the recovery
    CHECK(told.records()[1]["detail"] == "over before it could be announced");
    cli.run("notifications").expect(0).stdout_has("held: quiet hours");
  }
  Told told(cli, "", hours(12));
  cli.run("ask -b codex hello").expect(0);
  REQUIRE(eventually([&] { return !told.all().empty(); }));
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["title"] == "gemini and claude: unavailable");
}

TEST_CASE("muted causes and backends are recorded as such") {
  Cli cli;
  Told told(cli, "", "mute_outcomes = [\"exited_nonzero\"]\n");
  fail_once(cli, "gemini");
  CHECK(told.in_the_end().empty());
  CHECK(told.records()[0]["delivery"] == "unwanted");
  CHECK(told.records()[0]["detail"] == "muted by notify.mute_outcomes");
}

TEST_CASE("an outage that is over before it could be announced is not announced, nor its end") {
  Cli cli;
  Told told(cli);
  fail_once(cli, "gemini");
  pid_t announcer = 0;
  REQUIRE(eventually([&] {
    announcer = 0;
    for (const pid_t pid : cli.processes())
      if (cli.read("/proc/" + std::to_string(pid) + "/comm") == "trip-announcer\n") announcer = pid;
    return announcer != 0 && told.records()[0]["delivery"] == "taken";
  }));
  ::kill(announcer, SIGSTOP);
  answer_once(cli, "gemini");
  ::kill(announcer, SIGCONT);
  CHECK(told.in_the_end().empty());
  CHECK(told.records()[0]["detail"] == "its outage was not announced");
  CHECK(told.records()[1]["detail"] == "over before it could be announced");
}

TEST_CASE("a hook has the time that it is given, and with hook_and_desktop the next channel is tried as well") {
  Cli cli;
  Told told(cli, "sleep 600\n", "hook_timeout = \"100ms\"\nhook_and_desktop = true\n");
  fail_once(cli, "gemini");
  told.in_the_end();
  CHECK_THAT(told.records()[0]["detail"].get<std::string>(),
             Contains("hook: did not end within 100ms") && Contains("; desktop: "));
}

TEST_CASE("a test notification has the shape of a trip") {
  Cli cli;
  Told told(cli);
  cli.answers("codex");
  cli.run("notifications test").expect(0).stdout_has("delivered by hook after ");
  REQUIRE(told.all().size() == 1);
  const Json one = told.all()[0];
  CHECK(one["kind"] == "test");
  CHECK(one["title"] == "Test: codex: signed out");
  CHECK_THAT(one["message"].get<std::string>(), Contains("Tried again with the first question after "));
}
