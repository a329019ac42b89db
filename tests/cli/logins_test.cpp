#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// Several logins of one backend: a refused one gives way to the next, each has a breaker of its own, and everything
// that is said names the one it is about.
using namespace delegate::test;

namespace {

constexpr const char* kLogins = R"(
[[backends.agent.logins]]
name = "work"
env = { AGENT_HOME = "~/work" }
[[backends.agent.logins]]
name = "home"
env = { AGENT_HOME = "/srv/home", AGENT_TOKEN = "$HOME_TOKEN" }
)";

/// A fake CLI whose behaviour depends on the login under which it runs.
Cli& agent(Cli& cli, const std::string& work, const std::string& home) {
  const std::string script = "#!/bin/sh\nread -r prompt\ncase \"$AGENT_HOME\" in\n\"$HOME/work\")\n" + work +
                             "\n;;\n/srv/home)\n" + home + "\n;;\n*) echo plain ;;\nesac\n";
  cli.write(cli.file("bin/agent"), script);
  std::filesystem::permissions(cli.file("bin/agent"), std::filesystem::perms::owner_all);
  cli.config(std::string("[backends.agent]\nkind = \"command\"\ncommand = [\"agent\"]\n"
                         "[[backends.agent.failures]]\nmatch = \"please sign in\"\noutcome = \"unauthenticated\"\n"
                         "[[backends.agent.failures]]\nmatch = \"no quota\"\noutcome = \"quota_exhausted\"\n") +
             kLogins);
  cli.router("order = [\"agent\", \"codex\"]").answers("codex").set("HOME_TOKEN", "tok-1234567890");
  return cli;
}

}  // namespace

TEST_CASE("after a rejected login the next login of the same backend is tried before the next backend") {
  const auto [words, outcome] =
      GENERATE(table<std::string, std::string>({{"echo please sign in >&2; exit 1", "unauthenticated"},
                                                {"echo no quota, try again in 2h >&2; exit 1", "quota_exhausted"}}));
  Cli cli;
  agent(cli, words, "echo from home");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["backend"] == "agent@home");
  CHECK(json["answer"] == "from home");
  REQUIRE(json["attempts"].size() == 2);
  CHECK(json["attempts"][0]["backend"] == "agent@work");
  CHECK(json["attempts"][0]["outcome"] == outcome);
  CHECK(cli.state_of("agent@work") == "open");
  CHECK(cli.state_of("agent@home") == "closed");

  // From now on it is not even tried.
  cli.run("ask hello").expect(0).stdout_is("from home\n").stderr_has("agent@work skipped");
}

TEST_CASE("a crash, a kill and a hang never switch the login: the next backend answers") {
  const std::string words = GENERATE("echo broken >&2; exit 3", "kill -9 $$", "sleep 60", "exec 0<&-; exit 0");
  Cli cli;
  agent(cli, words, "echo from home");
  cli.config("[backends.agent]\nfirst_output_timeout = \"300ms\"\nkind = \"command\"\ncommand = [\"agent\"]\n" +
             std::string(kLogins));
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["backend"] == "codex");
  REQUIRE(json["attempts"].size() == 2);
  CHECK(json["attempts"][0]["backend"] == "agent@work");
  CHECK(cli.status_of("agent@home")["breaker"]["failures"] == 0);
}

TEST_CASE("a backend that is requested by name uses all its logins, and no other backend") {
  Cli cli;
  agent(cli, "echo please sign in >&2; exit 1", "echo please sign in >&2; exit 1");
  const Finished failed = cli.run("ask -b agent hello").expect(1).stdout_is("");
  failed.stderr_begins("delegate: agent@work: please sign in\ndelegate: agent@home: please sign in\n");
  cli.run("ask -b agent hello").expect(4).stderr_has("agent@home");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
}

TEST_CASE("one login can be requested by name, and is then the only one used") {
  Cli cli;
  agent(cli, "echo from work", "echo from home");
  cli.run("ask -b agent@home hello").expect(0).stdout_is("from home\n");
  cli.run("breaker trip agent@home").expect(0);
  cli.run("ask -b agent@home hello").expect(4).stderr_has("`delegate breaker reset agent@home`");
  cli.run("breaker reset agent@home").expect(0);
  cli.run("ask -b agent@wrok hello").expect(2).stderr_has("did you mean `agent@work`?");
  agent(cli, "echo from work", "echo please sign in >&2; exit 1");
  cli.run("ask -b agent@home hello").expect(1).stdout_is("");
}

TEST_CASE("a login that is skipped for its backend's failures is not replaced by another login") {
  Cli cli;
  agent(cli, "echo broken >&2; exit 3", "echo from home");
  for (int i = 0; i < 3; ++i) cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  CHECK(cli.state_of("agent@work") == "open");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  cli.run("breaker trip agent@work").expect(0);
  cli.run("ask hello").expect(0).stdout_is("from home\n");
}

TEST_CASE("a login's variables come from its table, from the caller's variable that they name, and from HOME") {
  Cli cli;
  agent(cli, "echo \"$AGENT_HOME\"", "echo \"$AGENT_HOME $AGENT_TOKEN\"");
  cli.run("ask -b agent@work hello").expect(0).stdout_is(cli.home("work") + "\n");
  cli.run("ask -b agent@home hello").expect(0).stdout_is("/srv/home tok-1234567890\n");
  CHECK(cli.files_with("tok-1234567890").empty());
}

TEST_CASE("a login's key is taken out of what its CLI says, whatever the caller's variable is called") {
  Cli cli;
  agent(cli, "echo no", "echo \"bad: $AGENT_TOKEN\" >&2; exit 1");
  cli.config(
      std::string("[backends.agent]\nkind = \"command\"\ncommand = [\"agent\"]\n[[backends.agent.logins]]\n"
                  "name = \"home\"\nenv = { AGENT_HOME = \"/srv/home\", AGENT_TOKEN = \"$HARMLESS\" }\n"));
  cli.set("HARMLESS", "hunter2-and-more");
  const Finished failed = cli.run("ask -b agent hello").expect(1).stderr_has("bad: [redacted]");
  CHECK(failed.err.find("hunter2") == std::string::npos);
  CHECK(cli.files_with("hunter2").empty());
}

TEST_CASE("a login whose variable is not set is skipped, and not reported as a failure") {
  Cli cli;
  agent(cli, "echo please sign in >&2; exit 1", "echo from home");
  cli.unset("HOME_TOKEN");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["backend"] == "codex");
  CHECK(json["skipped"][0]["backend"] == "agent@home");
  CHECK(json["skipped"][0]["reason"] == "login_unset");
  CHECK(json["skipped"][0]["message"] == "HOME_TOKEN is not set, but this login needs it");
  CHECK(cli.state_of("agent@home") == "closed");
}

TEST_CASE("a requested login whose variable is not set is an error that names the variable and a fix") {
  Cli cli;
  agent(cli, "echo from work", "echo from home");
  cli.unset("HOME_TOKEN");
  const Finished failed = cli.run("ask -b agent@home hello").expect(1).stdout_is("");
  failed.stderr_has("agent@home: HOME_TOKEN is not set, but this login needs it");
  failed.stderr_has("hint: set HOME_TOKEN here, or change backends.agent.logins");
  CHECK(failed.err.find("enabled") == std::string::npos);
  cli.run("ping agent@home").expect(1).stdout_has("login not set up").stdout_has("HOME_TOKEN is not set");
  cli.run("backends").expect(0).stdout_has("agent@work").stdout_has("HOME_TOKEN is not set");
}

TEST_CASE("a login's path in the home directory needs HOME to be set") {
  Cli cli;
  agent(cli, "echo from work", "echo from home");
  cli.set("XDG_CONFIG_HOME", cli.home(".config")).set("XDG_STATE_HOME", cli.home(".local/state")).unset("HOME");
  cli.run("ask -b agent@work hello").expect(1).stderr_has("agent@work: HOME is not set, but this login needs it");
}

TEST_CASE("backends lists and checks each login") {
  Cli cli;
  agent(cli, "echo from work", "echo from home");
  Json json = cli.run("backends --json").expect(0).json();
  std::vector<std::string> names;
  for (const Json& row : json["backends"]) names.push_back(row["name"]);
  CHECK(std::count(names.begin(), names.end(), "agent@work") == 1);
  CHECK(std::count(names.begin(), names.end(), "agent@home") == 1);
  CHECK(std::count(names.begin(), names.end(), "agent") == 0);
  cli.run("backends --check").expect(0).stdout_has("agent@home");
}

TEST_CASE("a manually paused login is replaced by the next, and is not reported as broken") {
  Cli cli;
  agent(cli, "echo from work", "echo from home");
  cli.run("breaker trip agent@work --for 10m").expect(0);
  cli.run("ask hello").expect(0).stdout_is("from home\n").stderr_has("agent@work skipped (tripped manually, retry in ");
  Json json = cli.run("ask -b agent@work hello --json").expect(4).json();
  CHECK(json["skipped"][0]["reason"] == "tripped_by_hand");
  CHECK(json["skipped"][0]["retry_in_ms"] > 500'000);
  const Finished alone = cli.run("ask -b agent@work hello").expect(4);
  alone.stderr_has("[delegate:degraded] agent@work skipped: tripped manually, retry in ");
  CHECK(alone.err.find("repeated failures") == std::string::npos);
}

TEST_CASE("a manual trip applies to the login, whatever its earlier failures were") {
  Cli cli;
  agent(cli, "echo broken >&2; exit 3", "echo from home");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  cli.run("breaker trip agent@work --for 10m").expect(0);
  cli.run("ask hello").expect(0).stdout_is("from home\n");
}

TEST_CASE("the probe after a manual trip is judged by its own outcome") {
  Cli cli;
  agent(cli, "echo broken >&2; exit 3", "echo from home");
  cli.run("breaker trip agent@work --for 1ms").expect(0);
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("agent@work skipped (open, retry in");
}

TEST_CASE("the outcome of an overtaken probe does not affect the login that was tried after it") {
  Cli cli;
  cli.write(cli.file("bin/agent"),
            "#!/bin/sh\nread -r prompt\ncase \"$LOGIN\" in third) echo from third; exit 0 ;; esac\n"
            "[ -e \"$HOME/later\" ] || { echo please sign in >&2; exit 1; }\n"
            "case \"$LOGIN\" in\n"
            "first) while [ ! -e \"$HOME/begun\" ]; do sleep 0.01; done; echo broken >&2; exit 3 ;;\n"
            "second) : > \"$HOME/begun\"; while [ ! -e \"$HOME/end\" ]; do sleep 0.01; done ;;\nesac\n");
  std::filesystem::permissions(cli.file("bin/agent"), std::filesystem::perms::owner_all);
  std::string config =
      "[backends.agent]\nkind = \"command\"\ncommand = [\"agent\"]\n"
      "breaker = { cooldown = \"0s\", probe_timeout = \"1s\" }\n"
      "[[backends.agent.failures]]\nmatch = \"please sign in\"\noutcome = \"unauthenticated\"\n";
  for (const char* login : {"first", "second", "third"})
    config += std::string("[[backends.agent.logins]]\nname = \"") + login + "\"\nenv = { LOGIN = \"" + login + "\" }\n";
  cli.config(config);
  cli.run("ask -b agent hello").expect(0).stdout_is("from third\n");
  cli.write(cli.home("later"), "");
  cli.run("ask -b agent hello").expect(0).stdout_is("from third\n");
  cli.write(cli.home("end"), "");
}

TEST_CASE("a login whose slots are all in use is replaced by the next, which has its own slots") {
  Cli cli;
  agent(cli, ": > \"$HOME/begun\"; while [ ! -e \"$HOME/end\" ]; do sleep 0.01; done; echo from work",
        "echo from home");
  cli.config("[backends.agent]\nmax_parallel = 1\nkind = \"command\"\ncommand = [\"agent\"]\n" + std::string(kLogins));
  Running first = cli.start("ask hello");
  REQUIRE(eventually([&] { return std::filesystem::exists(cli.home("begun")); }));
  cli.run("ask hello").expect(0).stdout_is("from home\n").stderr_has("agent@work skipped (no free slot");
  cli.write(cli.home("end"), "");
  first.finish().expect(0).stdout_is("from work\n");
}

TEST_CASE("status, breaker, ping and runs list each login") {
  Cli cli;
  agent(cli, "echo please sign in >&2; exit 1", "echo from home");
  cli.run("ask hello").expect(0);
  cli.run("status").expect(0).stdout_has("agent@work").stdout_has("agent@home");
  cli.run("runs").expect(0).stdout_has("agent@home");
  cli.run("runs -b agent@home").expect(0).stdout_has("agent@home");
  cli.run("runs -b agent").expect(0).stdout_has("agent@home");
  CHECK(cli.run("runs -b agent --json").expect(0).json()["runs"].size() == 1);
  cli.run("runs -b agent --outcome unauthenticated").expect(0).stdout_has("agent@home");
  cli.run("runs --totals -b agent").expect(0).stdout_has("agent@work").stdout_has("agent@home");
  cli.run("runs -b agnet").expect(2).stderr_has("did you mean `agent`?");
  cli.run("ping agent").expect(1).stdout_has("agent@work").stdout_has("agent@home");
  cli.run("breaker reset agent").expect(0).stdout_is("agent@work: closed\nagent@home: closed\n");
  CHECK(cli.state_of("agent@work") == "closed");
  cli.run("breaker trip agent@home").expect(0);
  CHECK(cli.state_of("agent@work") == "closed");
  CHECK(cli.state_of("agent@home") == "forced_open");
}

TEST_CASE("a conversation stays with the login that it began with") {
  Cli cli;
  cli.backend(
      "claude",
      {"--say", R"({"type":"result","is_error":false,"result":"hi","session_id":"s-1","usage":{"output_tokens":1}})",
       "--"},
      "kind = \"claude\"");
  cli.config("[[backends.claude.logins]]\nname = \"work\"\n[[backends.claude.logins]]\nname = \"home\"\n");
  cli.run("ask -b claude@home hello").expect(0);
  CHECK(cli.run("ask --continue -b claude more --json").expect(0).json()["backend"] == "claude@home");
  CHECK(cli.run("ask --session s-1 more --json").expect(0).json()["backend"] == "claude@home");
  CHECK(cli.run("ask --session s-1 -b claude more --json").expect(0).json()["backend"] == "claude@home");
  cli.run("ask --session s-1 -b claude@work more").expect(2).stderr_has("is a session of claude@home");
}

TEST_CASE("a session that began without logins continues with the first login, or with the named one") {
  Cli cli;
  cli.backend(
      "claude",
      {"--say", R"({"type":"result","is_error":false,"result":"hi","session_id":"s-1","usage":{"output_tokens":1}})",
       "--"},
      "kind = \"claude\"");
  cli.run("ask -b claude hello").expect(0);
  cli.config("[[backends.claude.logins]]\nname = \"work\"\n[[backends.claude.logins]]\nname = \"home\"\n");
  const auto [words, login] =
      GENERATE(table<std::string, std::string>({{"--continue", "claude@work"},
                                                {"--continue -b claude", "claude@work"},
                                                {"--continue -b claude@home", "claude@home"},
                                                {"--session s-1", "claude@work"},
                                                {"--session s-1 -b claude", "claude@work"},
                                                {"--session s-1 -b claude@home", "claude@home"}}));
  CAPTURE(words);
  CHECK(cli.run("ask " + words + " more --json").expect(0).json()["backend"] == login);
}

TEST_CASE("a login that passes a key has no hint that the key is withheld") {
  Cli cli;
  cli.backend("codex",
              {"--say", R"({"type":"turn.failed","error":{"message":"401 Unauthorized"}})", "--exit", "1", "--"},
              "kind = \"codex\"\nenv.keep = []\n[[backends.codex.logins]]\nname = \"work\"\n"
              "env = { CODEX_API_KEY = \"$WORK_KEY\" }");
  cli.set("CODEX_API_KEY", "sk-aaaaaaaaaaaaaaaaaaaa").set("WORK_KEY", "sk-bbbbbbbbbbbbbbbbbbbb");
  const Finished failed = cli.run("ask -b codex hello").expect(1).stderr_has("hint: ");
  CHECK(failed.err.find("kept from it") == std::string::npos);
}

TEST_CASE("commands in hints are quoted for the shell") {
  Cli cli;
  cli.backend(
      "codex", {"--say", R"({"type":"turn.failed","error":{"message":"401 Unauthorized"}})", "--exit", "1", "--"},
      "kind = \"codex\"\n[[backends.codex.logins]]\nname = \"work\"\nenv = { CODEX_HOME = \"/srv/my codex; it's\" }");
  cli.run("ask -b codex hello").expect(1).stderr_has(R"(hint: CODEX_HOME='/srv/my codex; it'\''s' codex login)");
}

TEST_CASE("the hint for signing in says where") {
  Cli cli;
  cli.backend(
      "codex", {"--say", R"({"type":"turn.failed","error":{"message":"401 Unauthorized"}})", "--exit", "1", "--"},
      "kind = \"codex\"\n[[backends.codex.logins]]\nname = \"work\"\nenv = { CODEX_HOME = \"/srv/codex-work\" }");
  cli.run("ask -b codex hello").expect(1).stderr_has("hint: CODEX_HOME=/srv/codex-work codex login");
}
