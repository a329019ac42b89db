#include <catch2/catch.hpp>

#include "tests/cli/claude_windows.hpp"

// Steering by what is left, from the outside: what is kept of a quota, what is billed extra, and which of several
// equals is asked. The figures come from the calls themselves.
using namespace delegate::test;

namespace {

/// A CLI of claude's kind that says with each answer how much of its quota is used.
Cli& reports(Cli& cli, const std::string& name, const ClaudeWindows& used, const std::string& toml = {}) {
  cli.write(cli.file(name + ".output"), claude_output(used));
  return cli.backend(name, {"--play", cli.file(name + ".output")}, "kind = \"claude\"\n" + toml);
}

std::string answered_by(Cli& cli, const std::string& words) {
  return cli.run("ask --json " + words).expect(0).json()["backend"];
}

constexpr const char* kKept = "claude skipped (kept for you: 10 % of the 5 h window left, until ";

}  // namespace

TEST_CASE("auto passes over a backend below its reserve, and a request that names it does not") {
  Cli cli;
  reports(cli, "claude", {.five_hour = 0.9}, "reserve = \"15%\"").answers("codex");
  cli.run("ask hello").expect(0).stdout_is("Hello.\n");  // nothing is known yet
  cli.run("ask -v hello").expect(0).stdout_is("codex says hi\n").stderr_has(kKept);
  const Json skip = cli.run("ask --json hello").expect(0).json()["skipped"].at(0);
  CHECK(skip["backend"] == "claude");
  CHECK(skip["reason"] == "reserved");
  CHECK(skip["retry_in_ms"] > 0);
  cli.run("ask -b claude hello").expect(0).stdout_is("Hello.\n").stderr_lacks("kept for you");
}

TEST_CASE("a reserve of one window leaves the others free") {
  Cli cli;
  const std::string toml = "reserve = { seven_day = \"20%\" }";
  reports(cli, "claude", {.five_hour = 0.95, .seven_day = 0.5}, toml).answers("codex");
  CHECK(answered_by(cli, "hello") == "claude");
  reports(cli, "claude", {.five_hour = 0.95, .seven_day = 0.85}, toml);
  CHECK(answered_by(cli, "hello") == "claude");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("15 % of the week left");
}

TEST_CASE("light tasks leave more to heavy ones") {
  Cli cli;
  reports(cli, "claude", {.five_hour = 0.7}, "reserve_light = \"40%\"").answers("codex");
  CHECK(answered_by(cli, "-b claude hello") == "claude");
  CHECK(answered_by(cli, "-t summarize hello") == "codex");
  CHECK(answered_by(cli, "-t review hello") == "claude");
}

TEST_CASE("with a firm reserve and no other backend the run ends, with the time and the way out") {
  Cli cli;
  reports(cli, "claude", {.five_hour = 0.9}, "reserve = \"15%\"");
  cli.run("ask hello").expect(0);
  cli.run("ask hello")
      .expect(4)
      .stdout_is("")
      .stderr_has(
          "delegate: no backend is available right now: claude: kept for you: 10 % of the 5 h window left, until ")
      .stderr_has("hint: `delegate ask -b claude` asks it all the same; router.reserve_is = \"soft\"");
  Json run = cli.run("ask --json hello").expect(4).json();
  CHECK(run["error"]["outcome"] == "reserved");
  CHECK(run["skipped"][0]["until"].is_string());
}

TEST_CASE("a soft reserve is used after all others have failed") {
  Cli cli;
  cli.router("reserve_is = \"soft\"");
  reports(cli, "claude", {.five_hour = 0.9}, "reserve = \"15%\"").fails("codex");
  cli.run("ask -b claude hello").expect(0);
  cli.run("ask -v hello").expect(0).stdout_is("Hello.\n").stderr_has(kKept).stderr_has("codex failed");
  cli.answers("codex");
  CHECK(answered_by(cli, "hello") == "codex");
}

TEST_CASE("an answer that is billed extra says so, unless that is allowed") {
  Cli cli;
  const ClaudeWindows extra{.five_hour = 1, .is_billed_extra = true};
  reports(cli, "claude", extra);
  cli.run("ask hello").expect(0).stderr_has("claude: billed extra: its 5 h window is used up until ");
  reports(cli, "claude", extra, "overage = \"allow\"");
  cli.run("ask hello").expect(0).stdout_is("Hello.\n").stderr_lacks("billed extra");
}

TEST_CASE("extra billing that is to be avoided counts as a used-up quota, also where the backend is named") {
  Cli cli;
  reports(cli, "claude", {.five_hour = 1, .is_billed_extra = true}, "overage = \"avoid\"").answers("codex");
  cli.run("ask hello").expect(0).stdout_is("Hello.\n").stderr_has("billed extra");  // the call that learns of it
  const Json skip = cli.run("ask --json hello").expect(0).json()["skipped"].at(0);
  CHECK(skip["reason"] == "extra_billing");
  cli.run("ask -b claude hello")
      .expect(4)
      .stderr_has("claude: its 5 h window is used up, and more would be billed extra, until ")
      .stderr_has("backends.claude.overage");
}

TEST_CASE("of equals the one that was used last stays first until another leads by a fifth") {
  Cli cli;
  cli.router("order = [[\"first\", \"second\"]]\nbalance = \"headroom\"");
  reports(cli, "second", {.five_hour = 0.45});
  reports(cli, "first", {.five_hour = 0.5});
  CHECK(answered_by(cli, "-b second hello") == "second");
  CHECK(answered_by(cli, "-b first hello") == "first");
  reports(cli, "first", {.five_hour = 0.6});
  CHECK(answered_by(cli, "hello") == "first");  // 55 % left to 50 % is no lead, and to 40 % it is
  cli.run("ask -v hello").expect(0).stderr_has("second goes first: it has 55 % of its 5 h window left until ");
}

TEST_CASE("an equal without figures keeps its place") {
  Cli cli;
  cli.router("order = [[\"claude\", \"codex\"]]\nbalance = \"headroom\"");
  reports(cli, "claude", {.five_hour = 0.99}).answers("codex");
  CHECK(answered_by(cli, "hello") == "claude");
  CHECK(answered_by(cli, "hello") == "claude");
  cli.router("order = [[\"codex\", \"claude\"]]\nbalance = \"headroom\"");
  reports(cli, "claude", {.five_hour = 0.01});
  CHECK(answered_by(cli, "-b claude hello") == "claude");
  CHECK(answered_by(cli, "hello") == "codex");
}

TEST_CASE("the login of a backend that has most left is asked first") {
  Cli cli;
  cli.router("balance = \"headroom\"");
  const std::string logins =
      "[[backends.claude.logins]]\nname = \"work\"\nenv = { CLAUDE_CONFIG_DIR = \"/srv/work\" }\n"
      "[[backends.claude.logins]]\nname = \"home\"\nenv = { CLAUDE_CONFIG_DIR = \"/srv/home\" }\n";
  reports(cli, "claude", {.five_hour = 0.2}, logins);
  CHECK(answered_by(cli, "-b claude@home hello") == "claude@home");
  reports(cli, "claude", {.five_hour = 0.8}, logins);
  CHECK(answered_by(cli, "-b claude@work hello") == "claude@work");
  CHECK(answered_by(cli, "hello") == "claude@home");
}
