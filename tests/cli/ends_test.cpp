#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// However a call ends, nothing of it is left: no process, no permit, no slot.
using namespace delegate::test;

namespace {

/// Codex is under way, with a child of its own.
Running under_way(Cli& cli, std::vector<std::string> options) {
  cli.counted("codex", std::move(options));
  Running asker = cli.start("ask -b codex hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1 && cli.processes_of("codex").size() == 2; }));
  CHECK(cli.slots_used("codex") == 1);
  return asker;
}

void nothing_is_left(Cli& cli) {
  CHECK(cli.processes().empty());
  CHECK(cli.slots_used("codex") == 0);
  CHECK(cli.state_of("codex") == "closed");
}

}  // namespace

TEST_CASE("an interrupted call leaves no process behind") {
  Cli cli;
  Running asker = under_way(cli, {"--fork-sleeper", "--hang"});
  SECTION("by Ctrl-C") {
    asker.signal_group(SIGINT);
    asker.finish().expect(130).stdout_is("");
  }
  SECTION("by SIGTERM") {
    asker.signal(SIGTERM);
    asker.finish().expect(143).stdout_is("");
  }
  SECTION("by a terminal that was closed") {
    asker.signal(SIGHUP);
    asker.finish().expect(129).stdout_is("");
  }
  nothing_is_left(cli);
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 0);
}

TEST_CASE("an interrupt also ends a child that left the process group and ignores SIGTERM") {
  Cli cli;
  Running asker = under_way(cli, {"--ignore-term", "--daemonise-sleeper", "--hang"});
  asker.signal(SIGINT);
  asker.finish().expect(130);
  nothing_is_left(cli);
}

TEST_CASE("an interrupt is reported as such, and blames no backend") {
  Cli cli;
  cli.config("[backends.claude]\ncommand = [\"/nowhere/claude\"]\n").router("order = [\"claude\", \"codex\"]");
  cli.counted("codex", {"--hang"});
  Running asker = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  asker.signal(SIGINT);
  asker.finish().expect(130).stdout_is("").stderr_is("delegate: cancelled\n");
}

TEST_CASE("an interrupt is reported in JSON") {
  Cli cli;
  cli.counted("codex", {"--hang"}).counted("gemini", {"--say", "no"});
  Running asker = cli.start("ask hello --json");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  asker.signal(SIGINT);
  Json json = asker.finish().expect(130).json();
  CHECK(json["outcome"] == "cancelled");
  CHECK(json["attempts"][0]["outcome"] == "cancelled");
  CHECK(json["attempts"][0]["counted"] == false);
  CHECK(cli.spawns("gemini") == 0);
}

TEST_CASE("a call that times out leaves no process behind") {
  Cli cli;
  cli.backend("codex", {"--fork-sleeper", "--hang"});
  cli.run("ask -b codex --timeout 200ms hello").expect(124).stdout_is("").stderr_has("codex");
  nothing_is_left(cli);
}

TEST_CASE("a short --timeout does not count against the backend, but its own timeout does") {
  Cli cli;
  cli.backend("codex", {"--hang"});
  cli.run("ask -b codex --timeout 200ms hello").expect(124);
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 0);
  cli.backend("codex", {"--hang"}, "timeout = \"200ms\"");
  cli.run("ask -b codex hello").expect(124);
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 1);
}

TEST_CASE("a backend that prints nothing times out, and so does one that stops printing") {
  Cli cli;
  SECTION("from the start") {
    cli.backend("codex", {"--hang"}, "first_output_timeout = \"200ms\"");
    cli.run("ask -b codex hello").expect(1).stdout_is("").stderr_has("printed nothing for");
  }
  SECTION("in the middle") {
    cli.backend("codex", {"--say", "half an answer", "--hang"}, "idle_timeout = \"200ms\"");
    cli.run("ask -b codex hello").expect(1).stdout_is("").stderr_has("fell silent for");
  }
  nothing_is_left(cli);
  CHECK(cli.status_of("codex")["breaker"]["failures"] == 1);
}

TEST_CASE("silence while a tool runs is reported as a stalled tool") {
  const auto [kind, line, doing] = GENERATE(table<std::string, std::string, std::string>(
      {{"claude", R"({"type":"assistant","message":{"content":[{"type":"tool_use","name":"Grep"}]}})", "using Grep"},
       {"codex", R"({"type":"item.started","item":{"type":"command_execution"}})", "running a command"},
       {"gemini", R"({"type":"tool_use","tool_name":"web_fetch"})", "using web_fetch"}}));
  const auto [answer, outcome] =
      GENERATE(table<std::string, std::string>({{"", "stalled_tool"}, {"done", "idle_timed_out"}}));
  const std::string result = kind == "claude"  ? R"({"type":"user","message":{"content":[{"type":"tool_result"}]}})"
                             : kind == "codex" ? R"({"type":"item.completed","item":{"type":"command_execution"}})"
                                               : R"({"type":"tool_result"})";
  Cli cli;
  std::vector<std::string> options{"--say", line};
  if (!answer.empty()) options.insert(options.end(), {"--say", result});
  options.insert(options.end(), {"--hang", "--"});
  cli.backend(kind, options, "kind = \"" + kind + "\"\nidle_timeout = \"300ms\"");
  Json json = cli.run("ask -b " + kind + " hello --json").expect(1).json();
  CHECK(json["outcome"] == outcome);
  const std::string message = json["attempts"][0]["message"];
  CHECK((message.find(" while " + doing) != std::string::npos) == (outcome == "stalled_tool"));
}

TEST_CASE("a process that a backend leaves behind is killed, and does not delay the answer") {
  Cli cli;
  cli.backend("codex", {"--say", "done", "--fork-sleeper"});
  cli.run("ask -b codex hello").expect(0).stdout_is("done\n");
  nothing_is_left(cli);
}

TEST_CASE("a killed process frees its slot") {
  Cli cli;
  Running asker = under_way(cli, {"--fork-sleeper", "--hang"});
  asker.signal(SIGKILL);
  asker.finish().expect(-SIGKILL);
  CHECK(cli.slots_used("codex") == 0);
  CHECK(cli.state_of("codex") == "closed");
}

TEST_CASE("an answer larger than a pipe arrives complete, and a missing final newline is added") {
  Cli cli;
  cli.backend("codex", {"--flood", "3M"});
  const Finished answered = cli.run("ask -b codex hello").expect(0);
  CHECK(answered.out.size() == (3u << 20));
  CHECK(answered.out.back() == '\n');
  cli.backend("codex", {"--flood", "1000"});
  CHECK(cli.run("ask -b codex hello").expect(0).out == std::string(1000, 'x') + "\n");
}

TEST_CASE("a backend that floods stderr can still answer") {
  Cli cli;
  cli.backend("codex", {"--flood-err", "5M", "--say", "done"});
  cli.run("ask -b codex hello").expect(0).stdout_is("done\n").stderr_is("");
}

TEST_CASE("newlines at the end of an answer become one, and those inside it are kept") {
  Cli cli;
  cli.backend("codex", {"--say", "\none\n\ntwo\n\n\n"});
  cli.run("ask -b codex hello").expect(0).stdout_is("\none\n\ntwo\n");
}

TEST_CASE("an output that cannot be written has its own exit code") {
  Cli cli;
  cli.answers("codex");
  SECTION("a full disk") {
    cli.streams({.out_file = "/dev/full"});
    cli.run("ask hello").expect(70).stderr_has("stdout: ").stderr_has("no space left");
    cli.run("ask hello --json").expect(70).stderr_has("no space left");
    cli.run("status").expect(70).stderr_has("no space left");
    cli.run("--version").expect(70).stderr_has("no space left");
  }
  SECTION("no stdout at all") {
    cli.streams({.out_closed = true});
    cli.run("ask hello").expect(70).stderr_has("stdout: ");
  }
}

TEST_CASE("a closed stdout is not an error") {
  Cli cli;
  cli.backend("codex", {"--flood", "1M"}).streams({.reader_is_gone = true});
  cli.run("ask hello").expect(0).stderr_is("");
  cli.run("status").expect(0).stderr_is("");
}

TEST_CASE("an inherited SIGINT that is ignored stays ignored") {
  // As of a background job of a script without job control.
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "hi"});
  cli.streams({.ignored_signal = SIGINT});
  Running asker = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  asker.signal(SIGINT);
  cli.write(cli.file("go"), "");
  asker.finish().expect(0).stdout_is("hi\n");
}

TEST_CASE("an interrupt reaches the processes of a nested delegate") {
  Cli cli;
  std::filesystem::create_symlink(program(), cli.file("bin/delegate"));
  cli.config(R"([backends.agent]
kind = "command"
command = ["delegate", "ask", "-b", "codex"])");
  cli.counted("codex", {"--daemonise-sleeper", "--hang"});
  Running asker = cli.start("ask -b agent hello");
  REQUIRE(eventually([&] { return cli.processes_of("codex").size() == 2; }));
  asker.signal(SIGTERM);
  asker.finish().expect(143).stdout_is("");
  nothing_is_left(cli);
  CHECK(cli.slots_used("agent") == 0);
}
