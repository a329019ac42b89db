#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/helpers/skip.hpp"

// The configuration from the files to the call.
using namespace delegate::test;

namespace {

constexpr const char* kThreeMistakes = R"([breaker]
threshold = 0
cooldwon = "60s"
[backends.codex]
kind = "command"
command = "codex"
timeout = "soon")";

}  // namespace

TEST_CASE("all mistakes of a configuration are reported at once, with their lines, before anything runs") {
  Cli cli;
  cli.counted("gemini", {"--say", "no"}).config(kThreeMistakes);
  const Finished refused = cli.run("ask hello").expect(3).stdout_is("");
  const std::string file = "delegate: " + cli.config_file();
  refused.stderr_has(file + ":2:13: breaker.threshold: ").stderr_has("hint: to switch a breaker off");
  refused.stderr_has(file + ":3:1: breaker.cooldwon: ").stderr_has("hint: did you mean `cooldown`?");
  refused.stderr_has(file + ":7:11: backends.codex.timeout: ");
  CHECK(cli.spawns("gemini") == 0);
  CHECK_FALSE(std::filesystem::exists(cli.state_file()));
  for (const char* words : {"status", "backends", "ping", "breaker list"})
    cli.run(words).expect(3).stdout_is("").stderr_has("cooldwon");
}

TEST_CASE("config check reports the same mistakes, also as JSON") {
  Cli cli;
  cli.config(kThreeMistakes);
  cli.run("config check").expect(3).stdout_is("").stderr_has(":3:1: breaker.cooldwon: ");
  Json json = cli.run("config check --json").expect(3).json();
  CHECK(json["schema"] == "delegate.config_check/1");
  CHECK(json["ok"] == false);
  CHECK(json["files"] == Json::array({cli.config_file()}));
  REQUIRE(json["problems"].size() == 3);
  CHECK(json["problems"][1]["source"] == cli.config_file());
  CHECK(json["problems"][1]["line"] == 3);
  CHECK(json["problems"][1]["column"] == 1);
  CHECK(json["problems"][1]["key"] == "breaker.cooldwon");
  CHECK(json["problems"][1]["hint"] == "did you mean `cooldown`?");
  CHECK(json["problems"][1]["message"].is_string());
}

TEST_CASE("config check lists the files that were read") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 4").set("DELEGATE_BREAKER_COOLDOWN", "3s").set("DELEGATE_CONFG", "x");
  const std::string project = cli.home("project/delegate.toml");
  cli.write(project, "[router]\nfallback = false");
  const Finished said = cli.run("config check").expect(0);
  said.stdout_is("configuration is valid (" + cli.config_file() + ", " + project + ", DELEGATE_BREAKER_COOLDOWN)\n");
  said.stderr_is(
      "delegate: environment DELEGATE_CONFG: ignored: no such setting\nhint: did you mean `DELEGATE_CONFIG`?\n");
  Json json = cli.run("config check --json").expect(0).json();
  CHECK(json["files"] == Json::array({cli.config_file(), project}));
  CHECK(json["variables"] == Json::array({"DELEGATE_BREAKER_COOLDOWN"}));
  CHECK(json["notices"].size() == 1);
  cli.set("DELEGATE_BREAKER_COOLDOWN", "soon");
  cli.run("config check")
      .expect(3)
      .stdout_is("")
      .stderr_has("delegate: files checked: " + cli.config_file() + ", " + project);
}

TEST_CASE("config check and config show, and no other command, report what is accepted but has no effect") {
  Cli cli;
  cli.config("[state]\nurl = \"redis://127.0.0.1:6379/0\"\n");
  cli.run("config check")
      .expect(0)
      .stdout_has("configuration is valid")
      .stderr_is("delegate: " + cli.config_file() +
                 ":2:7: state.url: has no effect: this build has no shared store\nhint: remove it\n");
  CHECK(cli.run("config check --json").expect(0).json()["notices"].size() == 1);
  cli.run("config show").expect(0).stderr_has("has no effect");
  for (const char* other : {"status", "breaker list"}) cli.run(other).expect(0).stderr_is("");
  CHECK(cli.answers("codex").run("ask hello").expect(0).err.find("no effect") == std::string::npos);
}

TEST_CASE("a configuration without mistakes is valid") {
  Cli cli;
  cli.run("config check").expect(0).stdout_has("configuration is valid (no file").stderr_is("");
  cli.answers("codex").run("config check").expect(0).stdout_has(cli.config_file()).stderr_is("");
  Json json = cli.run("config check --json").expect(0).json();
  CHECK(json["ok"] == true);
  CHECK(json["problems"] == Json::array());
}

TEST_CASE("a file that is no TOML is named with its line") {
  Cli cli;
  cli.config("[breaker]\nthreshold = = 3\n");
  cli.run("ask hello").expect(3).stdout_is("").stderr_begins("delegate: " + cli.config_file() + ":2:");
}

TEST_CASE("--config reads only the named file") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 7").run("status").expect(0);
  cli.write(cli.home("project/delegate.toml"), "[breaker]\nthreshold = 8");
  cli.run("trust").expect(0);
  cli.write(cli.file("mine.toml"), "[breaker]\nthreshold = 9");
  const auto threshold = [&](const std::string& words) {
    return cli.run(words).expect(0).json()["backends"][0]["breaker"]["threshold"].get<int>();
  };
  CHECK(threshold("status --json") == 8);
  CHECK(threshold("status --json --config " + cli.file("mine.toml")) == 9);
  CHECK(threshold("--config " + cli.file("mine.toml") + " status --json") == 9);
  cli.set("DELEGATE_CONFIG", cli.file("mine.toml"));
  CHECK(threshold("status --json") == 9);
}

TEST_CASE("a named file that does not exist is an error") {
  Cli cli;
  cli.answers("codex");
  cli.run("--config /nonexistent/delegate.toml ask hello")
      .expect(3)
      .stdout_is("")
      .stderr_has("/nonexistent/delegate.toml");
  cli.run("--config /nonexistent/delegate.toml config check").expect(3).stdout_is("");
  cli.run({"--config", cli.home(), "ask", "hello"}).expect(3).stdout_is("");
}

TEST_CASE("a project's file may set limits, but not what runs") {
  Cli cli;
  cli.counted("codex", {"--say", "hi"}).run("status").expect(0);
  const std::string project = cli.home("project/delegate.toml");
  SECTION("a time limit is its to choose, a threshold is not") {
    cli.write(project, "[breaker]\nthreshold = 8\n[router]\ntimeout = \"3m\"\n");
    CHECK(cli.status_of("codex")["breaker"]["threshold"] == 3);
    cli.run("config show router.timeout").expect(0).stdout_has("(~/project/delegate.toml:4)  router.timeout = \"3m\"");
  }
  SECTION("a command is not") {
    cli.write(project, "[backends.codex]\ncommand = [\"" FAKE_CLI "\", \"--say\", \"owned\"]");
    cli.run("ask hello").expect(6).stdout_is("").stderr_has(project + ": not trusted, but sets backends.codex.command");
  }
  SECTION("nor is a new backend, a server, a store or a hook") {
    const std::string toml =
        GENERATE(as<std::string>(), "[backends.mine]\nkind = \"command\"\ncommand = \"codex\"",
                 "[backends.ollama]\nurl = \"http://127.0.0.1:1\"", "[state]\npath = \"/tmp/x.db\"",
                 "[notify]\nhook = [\"codex\"]", "[backends.codex]\nenv.keep = [\"OPENAI_API_KEY\"]",
                 "[history]\nkeep_prompts = true", "[router]\nmax_depth = 16");
    cli.write(project, toml);
    cli.run("ask hello").expect(6).stdout_is("").stderr_has(project + ": not trusted, but sets ");
  }
  SECTION("a project above the directory counts, one above its repository does not") {
    cli.write(cli.home("project/sub/x"), "");
    cli.write(project, "[router]\nfallback = false");
    cli.in_directory(cli.home("project/sub"));
    cli.run("config show router.fallback").expect(0).stdout_has("fallback = false");
    cli.write(cli.home("project/sub/.git/HEAD"), "");
    cli.run("config show router.fallback").expect(0).stdout_has("fallback = true");
  }
  SECTION("the directory of -C decides") {
    cli.write(cli.home("other/delegate.toml"), "[router]\nnonsense = 1");
    cli.run("ask -C ../other hello").expect(3).stdout_is("").stderr_has("other/delegate.toml:2:1");
    cli.run("ask hello").expect(0);
  }
  CHECK(cli.spawns("codex") <= 1);
}

TEST_CASE("the environment overrides the files") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 7").answers("codex").set("DELEGATE_BREAKER_THRESHOLD", "2");
  CHECK(cli.status_of("codex")["breaker"]["threshold"] == 2);
  cli.set("DELEGATE_BREAKER_THRESHOLD", "none");
  cli.run("ask hello").expect(3).stdout_is("").stderr_has("environment DELEGATE_BREAKER_THRESHOLD");
}

TEST_CASE("variables of other programs that begin like ours are ignored") {
  Cli cli;
  cli.answers("codex").set("DELEGATE_SOMETHING", "x").set("DELEGATE", "x");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
  cli.set("DELEGATE_BREAKR_THRESHOLD", "1");
  cli.run("ask hello")
      .expect(0)
      .stderr_has("DELEGATE_BREAKR_THRESHOLD: ignored")
      .stderr_has("DELEGATE_BREAKER_THRESHOLD");
  cli.run("ask -q hello").expect(0).stderr_is("");
}

TEST_CASE("a timeout in the configuration has the same effect as one on the command line") {
  Cli cli;
  cli.backend("codex", {"--hang"}).router("timeout = \"200ms\"");
  cli.run("ask hello").expect(124).stdout_is("");
}

TEST_CASE("a configuration that every user can change is refused wherever it is named, and the hint ends that") {
  Cli cli;
  cli.counted("codex", {"--say", "hi"}).run("config check").expect(0);
  const std::string named = cli.file("named.toml");
  cli.write(named, cli.read(cli.config_file()));
  const auto is_refused = [&](const std::string& words, const std::string& file) {
    cli.run(words)
        .expect(3)
        .stdout_is("")
        .stderr_has(file + ": every user of this machine can write to it\n")
        .stderr_has("hint: chmod o-w " + file + "\n");
  };
  REQUIRE(::chmod(cli.config_file().c_str(), 0666) == 0);
  REQUIRE(::chmod(named.c_str(), 0666) == 0);
  is_refused("ask -b codex hello", cli.config_file());
  is_refused("status", cli.config_file());
  is_refused("config check", cli.config_file());
  is_refused("--config " + named + " ask -b codex hello", named);
  cli.run("doctor").stdout_has("every user of this machine can write to it");
  CHECK(cli.spawns("codex") == 0);
  cli.set("DELEGATE_CONFIG", named);
  is_refused("ask -b codex hello", named);
  REQUIRE(::chmod(named.c_str(), 0664) == 0);
  cli.run("ask -b codex hello").expect(0).stdout_is("hi\n").stderr_is("");
}

TEST_CASE("a configuration that a group can change is used, and is named by those who examine it") {
  if (::geteuid() != 0) return delegate_tests::skip_visibly("only root can give a file away");
  Cli cli;
  cli.answers("codex").run("config check").expect(0);
  REQUIRE(::chown(cli.config_file().c_str(), 0, 12345) == 0);
  REQUIRE(::chmod(cli.config_file().c_str(), 0664) == 0);
  cli.run("ask -b codex hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
  cli.run("config check").expect(0).stderr_has("group 12345 can write to it, so others decide what delegate runs");
  cli.run("doctor").stdout_has("group 12345 can write to it");
}

TEST_CASE("doctor names a hook and a command that every user can exchange") {
  Cli cli;
  const std::string hook = cli.file("open/hook");
  cli.write(hook, "#!/bin/sh\n");
  REQUIRE(::chmod(hook.c_str(), 0777) == 0);
  cli.answers("codex").config("[notify]\nhook = [\"" + hook + "\"]\n");
  cli.run("doctor").stdout_has("notify.hook: " + hook + ": every user of this machine can write to it");
}
