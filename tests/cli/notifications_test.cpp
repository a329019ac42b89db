#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "tests/cli/own_mounts.hpp"
#include "tests/cli/told.hpp"

// Notifications of outages, from outside: every `run` is a process, and so is each announcer.
using namespace delegate::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// The announcing process; 0: there is none.
pid_t announcer_of(const Cli& cli) {
  for (const pid_t pid : cli.processes()) {
    const std::string command = cli.read("/proc/" + std::to_string(pid) + "/cmdline");
    if (command.find(std::string("\0announce", 9)) != std::string::npos) return pid;
  }
  return 0;
}

const std::vector<std::string> kBroken{"--err", "/secret/path: token sk-verysecretword", "--exit", "3"};
constexpr const char* kStrictBreaker = "breaker.threshold = 1";

}  // namespace

TEST_CASE("a trip is announced once by the hook, with cause, substitute and time, and without prompt or answer") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", kBroken, kStrictBreaker).answers("codex");
  cli.run("ask my private words").expect(0);
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["kind"] == "trip");
  CHECK(all[0]["title"] == "gemini: crashed");
  CHECK_THAT(all[0]["message"].get<std::string>(),
             Contains(" to see what is wrong. codex answers meanwhile. Tried again "));
  for (const char* secret : {"secret", "private", "path"}) CHECK(all[0].dump().find(secret) == std::string::npos);
  const Json rows = told.records();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["delivery"] == "delivered");
  CHECK(rows[0]["channel"] == "hook");
}

TEST_CASE("a failed probe belongs to the same outage, whose end is announced once") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", kBroken, "breaker.threshold = 1\nbreaker.cooldown = 0");
  for (int i = 0; i < 3; ++i) cli.run("ask -b gemini hello").expect(1);
  CHECK(told.in_the_end().size() == 1);
  CHECK(told.records()[0]["count"] == 3);
  cli.backend("gemini", {"--say", "fine"}, "breaker.threshold = 1\nbreaker.cooldown = 0");
  cli.run("ask -b gemini hello").expect(0);
  cli.run("ask -b gemini hello").expect(0);
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 2);
  CHECK(all[1]["kind"] == "recovery");
  CHECK(all[1]["title"] == "gemini: works again");
  CHECK(told.records()[1]["acknowledged"] == true);
}

TEST_CASE("an outage after a manual trip is announced like any other, and so is its end") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", kBroken, "breaker.cooldown = 0");
  cli.run("breaker trip gemini --for 1ms").expect(0);
  REQUIRE(eventually([&] { return cli.state_of("gemini") == "half_open"; }));
  CHECK(told.in_the_end().empty());
  cli.run("ask -b gemini hello").expect(1).stderr_has("gemini is skipped from now on");
  cli.run("ask -b gemini hello").expect(1).stderr_lacks("from now on");
  auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["title"] == "gemini: crashed");
  cli.backend("gemini", {"--say", "fine"});
  cli.run("ask -b gemini hello").expect(0).stderr_has("gemini works again");
  all = told.in_the_end();
  REQUIRE(all.size() == 2);
  CHECK(all[1]["title"] == "gemini: works again");
}

TEST_CASE("sixty-four processes that trip one backend announce it once, and its recovery once") {
  Cli cli;
  Told told(cli);
  const std::string policy = "breaker.threshold = 3\nbreaker.cooldown = 0\nmax_parallel = 64";
  cli.backend("gemini", kBroken, policy);
  {
    std::vector<Running> all;
    for (int i = 0; i < 64; ++i) all.push_back(cli.start("ask -b gemini hello"));
    for (Running& one : all) one.finish();
  }
  const auto after_trip = told.in_the_end();
  REQUIRE(after_trip.size() == 1);
  CHECK(cli.status_of("gemini")["breaker"]["trips"] == 1);
  cli.backend("gemini", {"--say", "fine"}, policy);
  {
    std::vector<Running> all;
    for (int i = 0; i < 8; ++i) all.push_back(cli.start("ask -b gemini hello"));
    for (Running& one : all) one.finish();
  }
  const auto in_the_end = told.in_the_end();
  REQUIRE(in_the_end.size() == 2);
  CHECK(in_the_end[1]["kind"] == "recovery");
}

TEST_CASE("outages that begin while one is being announced are announced together") {
  Cli cli;
  Told told(cli, "touch '" + cli.file("begun") + "'; while [ ! -e '" + cli.file("gate") + "' ]; do sleep 0.01; done\n");
  for (const char* name : {"claude", "codex", "gemini"}) cli.backend(name, kBroken, kStrictBreaker);
  cli.run("ask -b claude hello").expect(1);
  REQUIRE(eventually([&] { return std::filesystem::exists(cli.file("begun")); }));
  cli.answers("local").run("ask hello").expect(0);
  cli.write(cli.file("gate"), "");
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 2);
  CHECK(all[0]["title"] == "claude: crashed");
  CHECK(all[1]["title"] == "codex and gemini: unavailable");
  CHECK(told.records().size() == 3);
}

TEST_CASE("an undelivered notification is recorded with the reason of each channel") {
  Cli cli;
  cli.backend("gemini", kBroken, kStrictBreaker).run("ask -b gemini hello").expect(1);
  Json rows;
  REQUIRE(eventually([&] {
    rows = Json::parse(cli.run("notifications --json").expect(0).out)["notifications"];
    return rows[0]["delivery"] == "undelivered";
  }));
  CHECK_THAT(rows[0]["detail"].get<std::string>(), Contains("desktop: ") && Contains("terminal: "));
}

TEST_CASE("the next ask announces a trip whose announcer was killed or never started") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", kBroken, kStrictBreaker).answers("codex");
  cli.run("ask hello").expect(0);
  REQUIRE(told.in_the_end().size() == 1);
  cli.sql("UPDATE notifications SET delivery = 'owed', first_seen = first_seen - 61000");
  cli.run("ask hello").expect(0);
  CHECK(eventually([&] { return told.in_the_end().size() == 2; }));
}

TEST_CASE("a stopped announcer does not repeat what another has announced meanwhile") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", kBroken, kStrictBreaker).backend("claude", kBroken, kStrictBreaker).answers("codex");
  cli.run("ask -b gemini hello");
  pid_t first = 0;
  REQUIRE(eventually([&] { return (first = announcer_of(cli)) != 0 && told.records()[0]["delivery"] == "taken"; }));
  ::kill(first, SIGSTOP);
  cli.sql("UPDATE notifications SET taken_at = taken_at - 91000");
  cli.run("ask -b claude hello");
  REQUIRE(told.in_the_end().size() == 1);
  ::kill(first, SIGCONT);
  CHECK(eventually([&] { return announcer_of(cli) == 0; }));
  CHECK(told.all().size() == 1);
  CHECK(told.all()[0]["backends"].size() == 2);
}

TEST_CASE("an ask that trips several backends announces them together") {
  Cli cli;
  Told told(cli);
  std::vector<std::string> slow{"--delay", "300"};
  slow.insert(slow.end(), kBroken.begin(), kBroken.end());
  cli.backend("gemini", slow, kStrictBreaker)
      .backend("claude", slow, kStrictBreaker)
      .backend("agy", slow, kStrictBreaker)
      .answers("codex");
  cli.run("ask hello").expect(0);
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["title"] == "3 backends: unavailable");
  CHECK_THAT(all[0]["message"].get<std::string>(), Contains("\ncodex answers"));
}

TEST_CASE("a trip of a nested run is announced even if its announcer ended with the outer run") {
  Cli cli;
  const std::string outer = cli.file("outer");
  Told told(cli, {}, "[backends.outer]\nkind = \"command\"\ncommand = [\"" + outer + "\"]\n");
  cli.backend("gemini", kBroken, kStrictBreaker);
  cli.write(outer, "#!/bin/sh\n'" + program() +
                       "' ask -b gemini hello\n"
                       "until '" +
                       program() +
                       "' notifications --json | /bin/grep -q taken; do /bin/sleep 0.01; done\n"
                       "echo done\n");
  std::filesystem::permissions(outer, std::filesystem::perms(0755));
  cli.run("ask -b outer hello").expect(0).stdout_is("done\n");
  const auto all = told.in_the_end();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["title"] == "gemini: crashed");
}

TEST_CASE("an event that [notify] does not enable is not announced, and is recorded as such") {
  Cli cli;
  Told told(cli, "", "on = [\"recovery\"]\n");
  cli.backend("gemini", kBroken, kStrictBreaker).run("ask -b gemini hello").expect(1);
  REQUIRE(eventually([&] { return told.records()[0]["delivery"] != "owed"; }));
  CHECK(told.in_the_end().empty());
  CHECK(told.records()[0]["delivery"] == "unwanted");
}

TEST_CASE("the next channel is tried after a failed hook, which is paused after three failures") {
  Cli cli;
  Told told(cli, "echo no bell here >&2; exit 7\n");
  for (const char* name : {"one", "two", "three", "four"}) {
    cli.backend(name, kBroken, kStrictBreaker);
    cli.run(std::string("ask -b ") + name + " hello").expect(1);
    told.in_the_end();
  }
  const Json rows = told.records();
  REQUIRE(rows.size() == 5);  // four trips, and the guard's
  CHECK_THAT(rows[4]["detail"].get<std::string>(), Contains("hook: exit status 7: no bell here; desktop: "));
  CHECK_THAT(rows[0]["detail"].get<std::string>(),
             Contains("hook: paused after repeated failures (notify_hook: skipped once so far (last: "));
  // rows[1] is the guard's own.
  CHECK_THAT(rows[2]["detail"].get<std::string>(), Contains("(notify_hook: failed 3 times in a row, paused for 5m"));
  const Json guards = Json::parse(cli.run("guard list --json").expect(0).out)["guards"];
  REQUIRE(guards.size() == 1);
  CHECK(guards[0]["name"] == "notify_hook");
  CHECK(guards[0]["state"] == "open");
  CHECK(guards[0]["skipped"] == 1);
  CHECK(Json::parse(cli.run("health --json").out)["open_circuits"][0]["last_error"] == "exit status 7: no bell here");
  cli.run("status").stdout_has("notify_hook");
  cli.run("guard reset notify_hook").expect(0).stdout_is("notify_hook: closed\n");
  cli.run("guard list").stdout_is("no failures: every side job works\n");
}

TEST_CASE("a hook that hangs does not delay the answer, and leaves no process behind") {
  Cli cli;
  Told told(cli, "sleep 600 & sleep 600\n");
  cli.backend("gemini", kBroken, kStrictBreaker).answers("codex").run("ask hello").expect(0);
  CHECK(told.records()[0]["delivery"] != "undelivered");  // the hook has its five seconds before it
  CHECK_THAT(told.in_the_end().size() == 0 ? told.records()[0]["detail"].get<std::string>() : "",
             Contains("hook: did not end within 5s"));
  CHECK(eventually([&] { return cli.processes().empty(); }));
}

TEST_CASE("the process that announces a trip has its own name in the process list") {
  Cli cli;
  const std::string names = cli.file("names");
  Told told(cli, "read -r pid name state parent rest < /proc/$PPID/stat\ncat /proc/$parent/comm > '" + names + "'\n");
  cli.backend("gemini", kBroken, kStrictBreaker).run("ask hello").expect(1);
  CHECK(told.in_the_end().size() == 1);
  CHECK(cli.read(names) == "trip-announcer\n");
}

TEST_CASE("a hook that is interrupted with its announcer has not failed, and the event is not announced again") {
  Cli cli;
  Told told(cli, "touch '" + cli.file("begun") + "'; sleep 600\n", "[guards]\nthreshold = 1\n");
  cli.backend("gemini", kBroken, kStrictBreaker).run("ask -b gemini hello").expect(1);
  REQUIRE(eventually([&] { return std::filesystem::exists(cli.file("begun")); }));
  const pid_t teller = announcer_of(cli);
  REQUIRE(teller != 0);
  ::kill(teller, SIGTERM);
  CHECK(told.in_the_end().empty());
  const Json rows = told.records();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["detail"] == "hook: was interrupted: it may have been shown");
  CHECK(Json::parse(cli.run("guard list --json").expect(0).out)["guards"].empty());
}

TEST_CASE("status shows unacknowledged trips until they are acknowledged or over") {
  Cli cli;
  Told told(cli);
  cli.backend("gemini", kBroken, kStrictBreaker).run("ask -b gemini hello").expect(1);
  told.in_the_end();
  cli.run("status").stdout_has("! gemini: crashed\nnext: `delegate notifications` says what to do\n");
  CHECK(cli.status()["unacknowledged"].size() == 1);
  cli.run("notifications ack 1").expect(0).stdout_is("1 acknowledged\n");
  cli.run("status").stdout_lacks("gemini: crashed");
  cli.run("notifications").expect(0).stdout_has("gemini: crashed").stdout_has("by hook");
}

TEST_CASE("an unknown, a missing and an invalid id are rejected") {
  Cli cli;
  for (const char* words :
       {"notifications ack 7", "notifications ack", "notifications ack -1", "notifications ack x",
        "notifications ack 99999999999999999999", "notifications frob", "guard reset", "notifications ack 1 --all"})
    cli.run(words).expect(2).stdout_is("").stderr_has("hint: ");
  cli.run("guard reset nobody").expect(0).stdout_is("nobody: no failures, nothing to reset\n");
  cli.run("notifications").expect(0).stdout_is("no notifications yet\n");
}

TEST_CASE("notify test names the channel that delivered it, and fails when none did") {
  Cli cli;
  cli.run("notifications test").expect(1).stdout_has("not delivered: desktop: ");
  Told told(cli);
  cli.run("notifications test").expect(0).stdout_has("delivered by hook after ");
  REQUIRE(told.all().size() == 1);
  CHECK(told.all()[0]["kind"] == "test");
  const Finished as_json = cli.run("notifications test --json");
  CHECK(Json::parse(as_json.out)["channel"] == "hook");
  cli.run("status").stdout_lacks("Test: ");
}

TEST_CASE("health succeeds while some backend is available, and fails when none is") {
  Cli cli;
  cli.answers("codex").run("health").expect(0).stdout_has("ready      codex");
  cli.backend("codex", kBroken, kStrictBreaker).run("ask -b codex hello").expect(1);
  cli.config("[backends.ollama]\nenabled = false\n");
  const Finished sick = cli.run("health --json");
  sick.expect(1);
  const Json health = Json::parse(sick.out);
  CHECK(health["schema"] == "delegate.health/1");
  CHECK(health["ok"] == false);
  CHECK(health["open_circuits"].empty());
  CHECK(health["notifications"]["unacknowledged"] == 1);
}

TEST_CASE("delegate-notify is found without /proc, also through a link, but never by a relative path") {
  const Cli cli;
  const auto said =
      in_own_mounts(cli,
                    "mkdir -p project/bin; ln -s $DELEGATE project/bin/delegate\n"
                    "printf '#!/bin/sh\\ntouch trapped\\n' > project/delegate-notify\n"
                    "cp project/delegate-notify project/bin/; chmod +x project/delegate-notify project/bin/*\n"
                    "mount -t tmpfs none /proc; cd project; PATH=.:bin:$PATH\n"
                    "$PWD/bin/delegate notifications test || true\n"
                    "bin/delegate notifications test || true\n"
                    "! [ -e trapped ]\n");
  if (!said) return;
  said->expect(0);
  CHECK_THAT(said->out, StartsWith("not delivered: desktop: cannot reach the session bus: ") &&
                            Contains("not delivered: desktop: delegate-notify is not installed"));
}
