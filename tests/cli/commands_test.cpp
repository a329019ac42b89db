#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/fake_ollama.hpp"

// The commands that look at backends and breakers, and those that operate them.
using namespace delegate::test;
using Catch::Matchers::Matches;

namespace {

/// The row of a table that begins with this name.
std::string row(const Finished& finished, const std::string& name) {
  for (const std::string& line : finished.out_lines())
    if (line.find(name + " ") == 0) return line;
  FAIL("no row for " << name << " in {" << finished.out << "}");
  return {};
}

}  // namespace

TEST_CASE("commands that act say as JSON what they have done") {
  Cli cli;
  cli.answers("codex");
  const Json tripped = cli.run("breaker trip codex --json").expect(0).json();
  CHECK(tripped ==
        Json{{"schema", "delegate.breaker/1"}, {"breakers", {{{"backend", "codex"}, {"state", "forced_open"}}}}});
  CHECK(cli.run("breaker disable codex --json").expect(0).json()["breakers"][0]["state"] == "disabled");
  CHECK(cli.run("breaker enable codex --json").expect(0).json()["breakers"][0]["state"] == "closed");
  CHECK(cli.run("breaker reset --all --json").expect(0).json()["breakers"].size() > 1);
  CHECK(cli.run("guard reset --all --json").expect(0).json() ==
        Json{{"schema", "delegate.guard_reset/1"}, {"reset", 0}});
  CHECK(cli.run("notifications ack --all --json").expect(0).json() ==
        Json{{"schema", "delegate.notification_ack/1"}, {"acknowledged", 0}});
  CHECK(cli.run("runs forget --all --json").expect(0).json() == Json{{"schema", "delegate.forget/1"}, {"deleted", 0}});
}

TEST_CASE("status shows one row for each backend and where the state is") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1\n[backends.claude]\nenabled = false").fails("codex");
  cli.run("ask -b codex hello").expect(1);
  const Finished status = cli.run("status").expect(0).stderr_is("");
  CHECK_THAT(status.out_lines().at(0), Matches("BACKEND +BREAKER +DETAIL +SLOTS +LAST"));
  CHECK_THAT(row(status, "codex"),
             Matches("codex +open +probe in [0-9ms ]+ +0/3 +crashed .* ago: exit code 3: codex is broken"));
  CHECK_THAT(row(status, "claude"), Matches("claude +off +0/3"));
  CHECK_THAT(row(status, "gemini"), Matches("gemini +- +not installed +0/3"));
  status.stdout_has("state: sqlite " + cli.state_file() + "\n");
}

TEST_CASE("status ends with the next step while there is one") {
  Cli cli;
  cli.run("status").stdout_has("\n\nnext: `delegate doctor` shows what is installed, and how to install more\n");
  cli.answers("codex").run("status").stdout_has("\n\nnext: `delegate ask \"...\"`\n");
  cli.run("ask hello").expect(0);
  CHECK(cli.run("status").out.find("next: ") == std::string::npos);
  cli.run("breaker trip codex").expect(0);
  cli.run("status").stdout_has("\n\nnext: `delegate ping codex` checks whether it works again\n");
}

TEST_CASE("status names a failed ping as the reason why a breaker counts or is open") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 2").fails("codex");
  const char* failed = " +crashed .* ago: exit code 3: codex is broken";
  cli.run("ping codex").expect(1);
  CHECK_THAT(row(cli.run("status"), "codex"), Matches(std::string("codex +closed +1 of 2 failures +0/3") + failed));
  cli.run("ping codex").expect(1);
  CHECK_THAT(row(cli.run("status"), "codex"), Matches(std::string("codex +open +probe in [0-9ms ]+ +0/3") + failed));
  cli.answers("codex").run("ping codex").expect(0);
  CHECK_THAT(row(cli.run("status"), "codex"), Matches("codex +closed +0 of 2 failures +0/3 +never called"));
  cli.run("ask -b codex hello").expect(0);
  cli.fails("codex").run("ping codex").expect(1);
  CHECK_THAT(row(cli.run("status"), "codex"), Matches(std::string("codex +closed +1 of 2 failures +0/3") + failed));
}

TEST_CASE("backends shows what is installed, and where") {
  Cli cli;
  cli.config("[backends.claude]\nenabled = false").counted("codex", {"--say", "hi"});
  const Finished shown = cli.run("backends").expect(0).stderr_is("");
  CHECK_THAT(row(shown, "codex"), Matches("codex +command +installed +.*/bin/codex"));
  CHECK_THAT(row(shown, "claude"), Matches("claude +claude +disabled +write"));
  CHECK_THAT(row(shown, "gemini"), Matches("gemini +gemini +not installed +write"));
  shown.stdout_has("hint: gemini: ");
  CHECK(cli.spawns("codex") == 0);

  Json json = cli.run("backends --json").expect(0).json();
  CHECK(json["schema"] == "delegate.backends/1");
  for (Json& backend : json["backends"]) {
    CHECK(backend["name"].is_string());
    CHECK(backend["kind"].is_string());
    if (backend["name"] == "codex") CHECK(backend["path"] == cli.file("bin/codex"));
    if (backend["name"] == "gemini") CHECK_FALSE(backend.contains("path"));
  }
}

TEST_CASE("backends --check asks each backend for its version and counts no failure") {
  const delegate_tests::FakeOllama ollama;
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address()).answers("codex");
  cli.write(cli.file("bin/gemini"), "#!/nonexistent/interpreter\n");
  std::filesystem::permissions(cli.file("bin/gemini"), std::filesystem::perms::owner_all);
  const Finished checked = cli.run("backends --check").expect(0).stderr_is("");
  CHECK_THAT(row(checked, "codex"), Matches("codex +command +works +answer +fake_cli 1\\.2\\.3, .*"));
  CHECK_THAT(row(checked, "ollama"), Matches("ollama +ollama +works +.*0\\.23\\.1.*"));
  CHECK_THAT(row(checked, "gemini"), Matches("gemini +gemini +broken .*interpreter.*"));
  CHECK_THAT(row(checked, "claude"), Matches("claude +claude +not installed +write"));
  CHECK(cli.status_of("gemini")["breaker"]["failures"] == 0);
  Json json = cli.run("backends --check --json").expect(0).json();
  for (Json& backend : json["backends"])
    if (backend["name"] == "codex") CHECK(backend["duration_ms"].is_number_integer());
}

TEST_CASE("a ping proves that a backend answers") {
  Cli cli;
  cli.backend("codex", {"--say", "OK"});
  CHECK_THAT(row(cli.run("ping codex").expect(0).stderr_is(""), "codex"), Matches("codex +command +answers .*"));
  Json json = cli.run("ping codex --json").expect(0).json();
  CHECK(json["schema"] == "delegate.ping/1");
  REQUIRE(json["backends"].size() == 1);
  CHECK(json["backends"][0]["state"] == "answers");
  CHECK(json["backends"][0]["duration_ms"].is_number_integer());
}

TEST_CASE("a failed ping says why, counts as a failure and sets the exit code") {
  Cli cli;
  cli.fails("codex").answers("gemini");
  const Finished failed = cli.run("ping codex").expect(1);
  CHECK_THAT(row(failed, "codex"), Matches("codex +command +crashed +exit code 3: codex is broken.*"));
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 1);
  CHECK(cli.run("ping").expect(1).out.find("gemini") != std::string::npos);
  cli.run("ping claude").expect(5).stdout_has("not installed");
  cli.run("ping codx").expect(2).stdout_is("").stderr_has("did you mean `codex`?");
}

TEST_CASE("a ping ignores the cooldown, and closes the breaker when it is answered") {
  Cli cli;
  cli.trip("codex", {"--say", "OK"}, "breaker.cooldown = \"1h\"");
  CHECK(cli.state_of("codex") == "open");
  cli.run("ping codex").expect(0);
  CHECK(cli.spawns("codex") == 1);
  CHECK(cli.state_of("codex") == "closed");
}

TEST_CASE("a ping can be interrupted") {
  Cli cli;
  cli.counted("codex", {"--hang"});
  Running pinging = cli.start("ping codex");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  pinging.signal(SIGINT);
  pinging.finish().expect(130);
  CHECK(cli.processes().empty());
  CHECK(cli.slots_used("codex") == 0);
}

TEST_CASE("a manually tripped breaker stays open until it is reset") {
  Cli cli;
  cli.counted("codex", {"--say", "hi"});
  cli.run("breaker trip codex").expect(0).stdout_has("codex").stderr_is("");
  CHECK(cli.state_of("codex") == "forced_open");
  cli.run("ask -b codex hello")
      .expect(4)
      .stdout_is("")
      .stderr_begins("[delegate:degraded] codex skipped: tripped manually");
  Json json = cli.run("ask -b codex hello --json").expect(4).json();
  CHECK(json["skipped"][0]["reason"] == "tripped_by_hand");
  CHECK_FALSE(json["skipped"][0].contains("retry_in_ms"));
  cli.run("ping codex").expect(1);
  CHECK(cli.state_of("codex") == "forced_open");
  CHECK(cli.spawns("codex") == 0);
  cli.run("breaker reset codex").expect(0).stdout_is("codex: closed\n");
  cli.run("ask -b codex hello").expect(0).stdout_is("hi\n");
}

TEST_CASE("a breaker can be tripped for a while") {
  Cli cli;
  cli.answers("codex");
  cli.run("breaker trip codex --for 10m").expect(0).stdout_has("10m");
  CHECK_THAT(row(cli.run("status"), "codex"), Matches("codex +open +tripped manually until .*[0-9]:[0-9]{2} +0/3.*"));
  Json breaker = cli.status_of("codex")["breaker"];
  CHECK(breaker["state"] == "open");
  CHECK(breaker["retry_in_ms"].get<int>() > 500'000);
  cli.run("breaker trip codex --for 20ms").expect(0);
  REQUIRE(eventually([&] { return cli.state_of("codex") == "half_open"; }));
  cli.run("ask -b codex hello").expect(0).stderr_has("codex works again");
  CHECK(cli.state_of("codex") == "closed");
}

TEST_CASE("a disabled breaker counts nothing and never skips its backend") {
  Cli cli;
  cli.counted("codex", {"--exit", "3"});
  cli.run("breaker disable codex").expect(0).stdout_has("disabled");
  for (int i = 0; i < 5; ++i) cli.run("ask -b codex hello").expect(1);
  CHECK(cli.spawns("codex") == 5);
  CHECK(cli.state_of("codex") == "disabled");
  cli.run("breaker enable codex").expect(0).stdout_is("codex: closed\n");
  CHECK(cli.state_of("codex") == "closed");
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 0);
  cli.run("breaker enable codex").expect(0).stdout_has("was not disabled");
}

TEST_CASE("a reset closes one breaker, or all") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("codex").fails("gemini");
  cli.run("ask hello").expect(1);
  cli.run("breaker reset codex").expect(0).stdout_is("codex: closed\n");
  CHECK(cli.state_of("codex") == "closed");
  CHECK(cli.state_of("gemini") == "open");
  cli.run("breaker reset --all").expect(0).stdout_has("gemini: closed\n");
  CHECK(cli.state_of("gemini") == "closed");
  CHECK_FALSE(cli.status_of("gemini")["breaker"].contains("last_failure"));
}

TEST_CASE("breaker list shows all of them") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("codex");
  cli.run("ask hello").expect(1);
  const Finished shown = cli.run("breaker list").expect(0).stderr_is("");
  CHECK_THAT(row(shown, "codex"), Matches("codex +open +probe in .* 1 +crashed: exit code 3: codex is broken"));
  CHECK_THAT(row(shown, "gemini"), Matches("gemini +- +not installed .*none"));
  CHECK(cli.run("breaker list --json").expect(0).json()["backends"].is_array());
}

TEST_CASE("breaker commands reject invalid arguments") {
  Cli cli;
  cli.answers("codex");
  cli.run("breaker reset").expect(2).stdout_is("").stderr_has("breaker reset: NAME is missing").stderr_has("--all");
  cli.run("breaker reset codex --all").expect(2).stdout_is("").stderr_has("cannot be combined with");
  cli.run("breaker trip").expect(2).stdout_is("");
  cli.run("breaker trip codx").expect(2).stdout_is("").stderr_has("did you mean `codex`?");
  cli.run("breaker trip codex --for soon").expect(2).stdout_is("").stderr_has("soon");
  cli.run("breaker trip codex --for 0s").expect(2).stdout_is("").stderr_has("longer than 0");
  cli.run("breaker trip auto").expect(2).stdout_is("");
  CHECK(cli.state_of("codex") == "closed");
}
