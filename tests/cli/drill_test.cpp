#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <regex>

#include "core/base/text.hpp"
#include "core/os/process.hpp"
#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// The first thing a newcomer sees: it must hold on any machine, show what really happened, and leave nothing behind.
using namespace delegate::test;
namespace fs = std::filesystem;

namespace {

/// A drill's processes carry this mark; their environment is otherwise built from nothing.
class DrillCli : public Cli {
 public:
  DrillCli() : mark_("test-" + fs::path(home()).parent_path().filename().string()) {
    use_place("tmp");
    set("DELEGATE_RUN_ID", mark_);
  }
  /// Where its sandbox is.
  DrillCli& use_place(const std::string& name) {
    place_ = file(name);
    fs::create_directories(place_);
    set("TMPDIR", place_);
    return *this;
  }
  std::size_t processes_left() const { return delegate::processes_tagged("DELEGATE_RUN_ID", mark_).size(); }
  void nothing_is_left() const {
    CHECK(processes_left() == 0);
    CHECK(fs::is_empty(place_));
  }

 private:
  std::string mark_;
  std::string place_;
};

/// Every file and directory below, with its content and the time of its last change.
std::map<std::string, std::string> contents_of(const Cli& cli, const std::string& directory) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    all[entry.path().string()] = std::to_string(entry.last_write_time().time_since_epoch().count()) +
                                 (entry.is_regular_file() ? "\n" + cli.read(entry.path().string()) : std::string());
  return all;
}

/// Times are of no interest.
std::string masked(const std::string& text) {
  return std::regex_replace(text, std::regex("[0-9.]+ (ms|s)(?=\n|\\.\n)"), "T");
}

Json held_steps(const Json& report) {
  for (const Json& step : report["steps"]) {
    INFO(step.dump());
    CHECK(step["held"] == true);
    CHECK(step["expected"] == step["seen"]);
    CHECK(step["took_ms"].is_number());
  }
  return report["steps"];
}

std::vector<std::string> names_of(const Json& steps) {
  std::vector<std::string> names;
  for (const Json& step : steps) names.push_back(step["name"]);
  return names;
}

/// A drill with the user's configuration that holds.
Json my_drill(DrillCli& cli) {
  Json report = cli.run("drill --mine --json").expect(0).stderr_is("").json();
  CHECK(report["schema"] == "delegate.drill/1");
  CHECK(report["held"] == true);
  cli.nothing_is_left();
  return report;
}

}  // namespace

TEST_CASE("the drill succeeds where nothing is installed, shows each step, and leaves no files behind") {
  DrillCli cli;
  cli.set("OLLAMA_HOST", "127.0.0.1:1");
  cli.run("--version").expect(0);
  const auto before = contents_of(cli, cli.home());
  const Finished drill = cli.run("drill").expect(0).stderr_is("");
  CHECK(contents_of(cli, cli.home()) == before);
  cli.nothing_is_left();
  CHECK(masked(drill.out) == R"(gemini fails and recovers; ollama answers meanwhile. Both are fake backends in a
sandbox; processes, HTTP, breaker and state are real. STARTS counts processes of
gemini. The drill does not use your tools; at the end it checks what is
installed.

    WHAT HAPPENS                  STARTS  ANSWERED BY         BREAKER     TOOK
ok  gemini is healthy             1       gemini              closed      T
ok  gemini fails, call 1          1       ollama              closed 1/3  T
ok  call 2                        1       ollama              closed 2/3  T
ok  call 3                        1       ollama              open        T
ok  call 4 skips it               0       ollama              open        T
ok  another shell calls it        0       none (exit 4)       open        T
ok  the cooldown passes           0       -                   half-open   T
ok  it recovers; 8 calls at once  1       1 gemini, 7 ollama  closed      T
ok  the next call                 1       gemini              closed      T
ok  it hangs: cut off after 1 s   1       ollama              closed 1/3  T
ok  it is signed out              1       ollama              open        T

All steps passed in T.
3 failures in a row open the breaker: from then on no call in any shell waits
for gemini. After the cooldown a single probe tries it again.

On this machine:
   claude  not installed: npm install -g @anthropic-ai/claude-code
   codex   not installed: npm install -g @openai/codex
   gemini  not installed: npm install -g @google/gemini-cli
   ollama  no answer at http://127.0.0.1:1: ollama serve

Next:
   npm install -g @anthropic-ai/claude-code  or another one
   delegate ask "what does errno 11 mean"
)");
  for (const std::string& line : drill.out_lines()) CHECK(line.size() <= 80);
}

TEST_CASE("the drill ignores an invalid configuration, a surrounding agent and an unusual directory") {
  DrillCli cli;
  cli.config("[router\n").set("DELEGATE_DEPTH", "99").set("PATH", "").in_directory("/");
  cli.set("DELEGATE_ROUTER_LOCAL", "nobody");
  cli.use_place("it's a \"place\" $HOME;#\\");
  Json report = cli.run("drill --json").expect(0).stderr_is("").json();
  CHECK(report["schema"] == "delegate.drill/1");
  CHECK(report["held"] == true);
  CHECK(report["mine"] == false);
  CHECK(held_steps(report).size() == 11);
  CHECK(report["steps"][4]["seen"] == "0 starts, answered by ollama, breaker open");
  CHECK(report["next"] == Json::array({"delegate config check"}));
  cli.nothing_is_left();
}

TEST_CASE("the drill needs no home, and succeeds when its output is not read") {
  DrillCli cli;
  for (const char* name : {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "PATH"})
    cli.unset(name);
  cli.streams({.reader_is_gone = true}).run("drill").expect(0).stderr_is("");
  cli.nothing_is_left();
}

TEST_CASE("the drill names what is installed without starting it, and suggests a fitting next step") {
  DrillCli cli;
  const std::string program = cli.file("bin/codex");
  cli.write(program, "#!/bin/sh\necho started >> " + cli.home("started") + "\n");
  fs::permissions(program, fs::perms::owner_all);
  Json report = cli.run("drill --json").expect(0).json();
  CHECK(report["installed"][1]["name"] == "codex");
  CHECK(report["installed"][1]["state"] == "installed");
  CHECK(report["installed"][1]["path"] == program);
  CHECK(report["installed"][0]["state"] == "not installed");
  CHECK(report["installed"][3]["state"] == "no answer");
  CHECK(report["next"][0] == "delegate ask \"what does errno 11 mean\"");
  CHECK(report["next"][1] == "delegate config init");
  CHECK(report["next"][2] == "delegate drill --mine");
  CHECK_FALSE(fs::exists(cli.home("started")));
}

TEST_CASE("without an HTTP library the local model cannot answer, and the drill reports its failure") {
  DrillCli cli;
  for (const char* name : {"lib/libcurl.so.4", "lib/libcurl-gnutls.so.4"}) cli.write(cli.file(name), "no library");
  cli.set("LD_LIBRARY_PATH", cli.file("lib"));
  const Finished drill = cli.run("drill").expect(1);
  drill.stdout_has("ok      gemini is healthy ").stdout_has("FAILED  gemini fails, call 1  1       none (exit 1)");
  drill.stdout_has("  expected  1 start, answered by ollama, breaker closed 1/3\n");
  drill.stdout_has("  seen      1 start, answered by none (exit 1), breaker closed 1/3\n").stdout_has("libcurl");
  drill.stdout_has("This step failed.").stdout_lacks("call 2").stdout_lacks("All steps passed");
  cli.nothing_is_left();
}

TEST_CASE("drill --mine plays the user's order with fake backends, and changes none of the user's files") {
  DrillCli cli;
  cli.fails("agy").backend("codex", {"--say", "the real one"}).counted("gemini", {"--say", "the real one"});
  cli.run("ask hello").expect(0);
  const auto before = contents_of(cli, cli.home());
  const Finished drill = cli.run("drill --mine").expect(0).stderr_is("");
  CHECK(contents_of(cli, cli.home()) == before);
  CHECK(cli.spawns("gemini") == 0);
  drill.stdout_has("Your configuration: agy fails and recovers; codex answers meanwhile.");
  drill.stdout_has("the cooldown is 2s here (yours: 1m)");
  drill.stdout_has("ok  agy fails, call 1             1       codex           closed 1/3");
  drill.stdout_has("ok  it recovers; 8 calls at once  1       1 agy, 7 codex  closed");
  cli.nothing_is_left();
}

TEST_CASE("drill --mine without a file plays the built-in configuration") {
  DrillCli cli;
  Json report = my_drill(cli);
  CHECK(report["patient"] == "claude");
  CHECK(held_steps(report).size() == 11);
  CHECK(report["steps"][10]["name"] == "it is signed out");
}

TEST_CASE("drill --mine passes prompt and answer as each command and codex expect them") {
  DrillCli cli;
  cli.config(R"([router]
order = ["agy", "codex"]
local = ""
[backends.agy]
kind = "command"
command = ["agy", "{prompt_file}", "--ask", "ask"]
prompt = "file"
answer = "json:/results/0/te~1xt"
breaker.threshold = 1
[[backends.agy.failures]]
match = "(?i)quota|error"
outcome = "context_too_long"
[backends.codex]
breaker.threshold = 5
model = "o9")");
  Json report = my_drill(cli);
  const std::vector<std::string> names{"agy is healthy",         "agy fails, call 1",   "call 2 skips it",
                                       "another shell calls it", "the cooldown passes", "it recovers; 8 calls at once",
                                       "the next call"};
  CHECK(names_of(held_steps(report)) == names);
  CHECK(report["steps"][1]["seen"] == "1 start, answered by codex, breaker open");
}

TEST_CASE("drill --mine also breaks a server with its own threshold, when it is the only backend") {
  DrillCli cli;
  cli.config(R"([router]
order = ["ollama", "llama"]
local = "ollama"
[backends.ollama]
enabled = false
[backends.llama]
kind = "openai"
url = "http://127.0.0.1:1"
breaker.threshold = 5)");
  Json report = my_drill(cli);
  const std::vector<std::string> names{"llama is healthy",
                                       "llama fails, call 1 to 4",
                                       "call 5",
                                       "call 6 skips it",
                                       "another shell calls it",
                                       "the cooldown passes",
                                       "it recovers; 8 calls at once",
                                       "the next call"};
  CHECK(names_of(held_steps(report)) == names);
  CHECK(report["steps"][1]["seen"] == "4 requests, answered by 4 none (exit 1), breaker closed 4/5");
  CHECK(report["steps"][6]["seen"] == "1 request, answered by 1 llama, 7 none (exit 4), breaker closed");
}

TEST_CASE("drill --mine supports an OpenAI-compatible local model that is first in the order, without fallback") {
  DrillCli cli;
  cli.config(R"([router]
order = ["llama", "gemini"]
local = "llama"
fallback = false
[backends.llama]
kind = "openai"
url = "http://127.0.0.1:1"
model = "tiny")");
  Json report = my_drill(cli);
  CHECK(report["patient"] == "gemini");
  CHECK(report["notes"].size() == 3);
  Json steps = held_steps(report);
  CHECK(steps[1]["seen"] == "1 start, answered by none (exit 1), breaker closed 1/3");
  CHECK(steps[4]["seen"] == "0 starts, answered by llama, breaker open");
}

TEST_CASE("drill --mine reports that a store in memory cannot keep a breaker open") {
  DrillCli cli;
  cli.config("[state]\nstore = \"memory\"");
  const Finished drill = cli.run("drill --mine").expect(1);
  drill.stdout_has("your state.store is \"memory\"").stdout_has("FAILED  claude fails, call 1");
  drill.stdout_has("expected  1 start, answered by codex, breaker closed 1/3");
  drill.stdout_has("seen      1 start, answered by codex, breaker closed\n");
  cli.nothing_is_left();
}

TEST_CASE("drill --mine reports that there is no backend that it could break") {
  DrillCli cli;
  const std::string off = R"([backends.claude]
enabled = false
[backends.codex]
enabled = false
[backends.gemini]
enabled = false
)";
  SECTION("only the local model") {
    cli.config(off).run("drill --mine").expect(0).stdout_has("calls only ollama").stdout_has("router.order");
    Json report = cli.run("drill --mine --json").expect(0).json();
    CHECK(report["steps"].empty());
    CHECK(report["patient"] == "");
    CHECK(report["installed"].size() == 4);
    CHECK(report["notes"].size() == 1);
    cli.streams({.out_closed = true}).run("drill --mine").expect(70).stderr_has("stdout");
  }
  SECTION("no backend at all") {
    cli.config(off + "[backends.ollama]\nenabled = false");
    cli.run("drill --mine").expect(5).stdout_is("").stderr_has("no backend of your router.order is enabled");
    CHECK(cli.run("drill --mine --json").expect(5).json()["error"]["outcome"] == "not_installed");
  }
  cli.nothing_is_left();
}

TEST_CASE("drill --mine reports what is wrong in the configuration") {
  DrillCli cli;
  cli.config("[breaker]\nthreshold = 0\ncooldwon = 3");
  const Finished drill = cli.run("drill --mine").expect(3).stdout_is("");
  drill.stderr_has("breaker.threshold: must be").stderr_has("breaker.cooldwon: unknown key");
  CHECK(cli.run("drill --mine --json").expect(3).json()["error"]["outcome"] == "configuration");
}

TEST_CASE("an interrupted drill leaves no process and no file behind") {
  DrillCli cli;
  cli.streams({.in = Streams::In::terminal});
  Running drill = cli.start("drill");
  SECTION("by Ctrl-C, while eight calls race") {
    REQUIRE(drill.comes_to_say("8 calls at once"));
    drill.signal_group(SIGINT);
    drill.finish().expect(130).stdout_is("");
  }
  SECTION("by SIGTERM, during the cooldown") {
    REQUIRE(drill.comes_to_say("the cooldown passes"));
    drill.signal(SIGTERM);
    drill.finish().expect(143).stdout_is("");
  }
  SECTION("by a terminal that is closed, at the beginning") {
    REQUIRE(drill.comes_to_say("gemini is healthy"));
    drill.signal(SIGHUP);
    drill.finish().expect(129).stdout_is("");
  }
  cli.nothing_is_left();
}

TEST_CASE("a killed drill leaves no process behind") {
  DrillCli cli;
  cli.streams({.in = Streams::In::terminal});
  Running drill = cli.start("drill");
  REQUIRE(drill.comes_to_say("the cooldown passes"));
  CHECK(cli.processes_left() > 1);
  drill.signal(SIGKILL);
  CHECK(drill.finish().exit_code == -SIGKILL);
  CHECK(eventually([&] { return cli.processes_left() == 0; }));
}

TEST_CASE("a fake backend does not run outside of a drill") {
  DrillCli cli;
  const std::string place = cli.file("tmp");
  for (const char* kind : {"gemini", "claude", "codex", "command", "server", "nonsense"})
    cli.run({"stand-in", kind, "--", place}).expect(2).stdout_is("").stderr_has("works only inside a drill");
  cli.run("stand-in gemini").expect(2).stdout_is("");
  cli.write(place + "/mood", "well");
  cli.input("hello").run({"stand-in", "nonsense", "--", place}).expect(2).stdout_is("");
  cli.write(place + "/mood", "merry");
  cli.run({"stand-in", "gemini", "--", place, "-o", "stream-json"}).expect(2).stdout_is("");
}
