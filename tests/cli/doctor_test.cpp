#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>

#include "tests/cli/own_mounts.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/fake_ollama.hpp"

// `doctor`: whatever keeps delegate from answering is named, with what to do about it.
using namespace delegate::test;
using delegate_tests::FakeOllama;
namespace fs = std::filesystem;

namespace {

constexpr const char* kNoOllama = "[backends.ollama]\nenabled = false\n";

/// A healthy host: one backend that answers, and this delegate on the PATH.
class Well : public Cli {
 public:
  Well() {
    fs::create_symlink(program(), file("bin/delegate"));
    config(kNoOllama).answers("agy");
  }
};

/// The finding about this that says so; fails without one.
Json finding(Cli& cli, int code, const std::string& severity, const std::string& about, const std::string& words) {
  const Json report = cli.run("doctor --json").expect(code).json();
  INFO(report.dump(1));
  CHECK(report["schema"] == "delegate.doctor/1");
  for (const Json& one : report["findings"])
    if (one["severity"] == severity && one["about"] == about &&
        one["what"].get<std::string>().find(words) != std::string::npos)
      return one;
  FAIL("nothing says so of " << about);
  return {};
}

Json problem(Cli& cli, const std::string& about, const std::string& words) {
  return finding(cli, 1, "problem", about, words);
}
Json warning(Cli& cli, const std::string& about, const std::string& words) {
  return finding(cli, 0, "warning", about, words);
}
Json note(Cli& cli, const std::string& about, const std::string& words) {
  return finding(cli, 0, "note", about, words);
}
std::string fix_of(const Json& one) { return one.value("fix", ""); }
bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void script(const Cli& cli, const std::string& name, const std::string& text) {
  const std::string path = cli.file("bin/" + name);
  cli.write(path, "#!/bin/sh\n" + text);
  REQUIRE(::chmod(path.c_str(), 0700) == 0);
}

}  // namespace

TEST_CASE("doctor prints the version, and names a Google sign-in that is not served any more, with its successor") {
  Well cli;
  const std::string version = cli.run("--version").expect(0).out_lines().front().substr(sizeof("delegate"));
  CHECK_THAT(cli.run("doctor").expect(0).out, Catch::Matchers::Contains("\ndelegate " + version + ". No problems"));
  script(cli, "gemini", "echo 1.0\n");
  cli.write(cli.home(".gemini/oauth_creds.json"), "{}");
  CHECK(mentions(fix_of(warning(cli, "gemini", "signed in with a Google account")), "Antigravity"));
  cli.set("GEMINI_API_KEY", "made-up-key").run("doctor").stdout_lacks("Google account");
}

TEST_CASE("doctor finds no problems on a healthy host, and only asks CLIs for their version") {
  Well cli;
  cli.counted("agy", {"--say", "hi"});
  const Finished healthy = cli.run("doctor").expect(0).stderr_is("").stdout_has("No problems found. ");
  healthy.stdout_has("ok    configuration  ~/.config").stdout_lacks("warning").stdout_lacks("\nproblem");
  CHECK(cli.spawns("agy") == 0);
  const Json report = cli.run("doctor --json").expect(0).json();
  CHECK(report["problems"] == 0);
  CHECK(report["warnings"] == 0);
  CHECK(cli.run("runs").expect(0).out.empty());
}

TEST_CASE("no installed backend is one problem, and each missing one is a note with the install command") {
  Cli cli;
  cli.config(kNoOllama);
  const Finished empty = cli.run("doctor").expect(1).stderr_is("");
  empty.stdout_has("claude         is not installed").stdout_has("-> npm install -g @openai/codex");
  empty.stdout_has("1 problem. ");
  problem(cli, "router", "can answer now");
}

TEST_CASE("doctor reports an invalid, unreadable or untrusted configuration, and still checks the rest") {
  Well cli;
  const std::string file = cli.home("broken.toml");
  cli.write(file, "[breaker]\nthreshold = 0\ncooldwon = 1\n");
  cli.set("DELEGATE_CONFIG", file);
  CHECK(mentions(fix_of(problem(cli, "configuration", "breaker.cooldwon: unknown key")), "cooldown"));
  problem(cli, "configuration", "must be from 1 to 1000");
  finding(cli, 1, "note", "configuration", "checked once the configuration is valid");
  std::string many = "[breaker]\n";
  for (char c = 'a'; c <= 'j'; ++c) many += std::string(1, c) + " = 1\n";
  cli.write(file, many);
  CHECK(fix_of(problem(cli, "configuration", "5 more errors")) == "delegate config check");
  cli.write(file, "this is no TOML \033[31m");
  problem(cli, "configuration", "broken.toml:1");
  cli.run("doctor").expect(1).stdout_lacks("\033");
  cli.set("DELEGATE_CONFIG", cli.home("nowhere.toml"));
  problem(cli, "configuration", "nowhere.toml");
  cli.unset("DELEGATE_CONFIG");
  cli.write(cli.home("project/delegate.toml"), "[backends.agy]\ncommand = [\"other\"]\n");
  CHECK(mentions(fix_of(problem(cli, "configuration", "not trusted")), "delegate trust"));
  fs::permissions(cli.home("project/delegate.toml"), fs::perms(0666));
  warning(cli, "configuration", "ignored: ");
}

TEST_CASE("doctor reports a state that cannot be used, is readable by others or is kept in memory") {
  Well cli;
  cli.run("status").expect(0);
  fs::permissions(cli.state_file(), fs::perms(0644));
  CHECK(fix_of(warning(cli, "state", "mode 0644")) == "chmod 600 " + cli.state_file());
  fs::permissions(cli.state_file(), fs::perms(0600));
  cli.config(std::string("[state]\nstore = \"memory\"\n") + kNoOllama);
  warning(cli, "state", "kept in memory");
  cli.write(cli.home("a-file"), "");
  cli.config("[state]\npath = \"" + cli.home("a-file/state.db") + "\"\n" + kNoOllama);
  CHECK(mentions(fix_of(problem(cli, "state", "cannot be used")), "state.path"));
  cli.config(kNoOllama).unset("HOME").unset("XDG_STATE_HOME").set("DELEGATE_CONFIG", cli.config_file());
  CHECK(mentions(fix_of(problem(cli, "state", "no place for the state")), "XDG_STATE_HOME"));
  finding(cli, 1, "warning", "HOME", "is not set");
}

TEST_CASE("doctor reports a damaged state once, with the path it was moved to") {
  Well cli;
  cli.write(cli.state_file(), std::string(20000, 'x'));
  warning(cli, "state", "state.db.damaged-");
  CHECK(cli.run("doctor --json").expect(0).json()["warnings"] == 0);
}

TEST_CASE("a command that is missing, not executable or does not start is a problem of its backend") {
  Well cli;
  cli.config(kNoOllama + std::string("[backends.gone]\nkind = \"command\"\ncommand = [\"/nowhere/gone\"]\n"
                                     "[backends.lost]\nkind = \"command\"\ncommand = [\"lost\"]\n"
                                     "[backends.flat]\nkind = \"command\"\ncommand = [\"flat\"]\n"));
  cli.write(cli.file("bin/flat"), "#!/bin/sh\n");
  script(cli, "codex", "echo 'no such library' >&2; exit 127\n");
  CHECK(mentions(fix_of(problem(cli, "gone", "does not exist")), "backends.gone.command"));
  problem(cli, "lost", "not found on PATH");
  CHECK(fix_of(problem(cli, "flat", "is not executable")) == "chmod +x " + cli.file("bin/flat"));
  problem(cli, "codex", "no such library");
}

TEST_CASE("doctor does not start the user's own commands: they may take any argument for a prompt") {
  Well cli;
  cli.config(kNoOllama + std::string("[backends.own]\nkind = \"command\"\ncommand = [\"own\"]\n"));
  script(cli, "own", "echo asked > '" + cli.file("asked") + "'; exit 1\n");
  finding(cli, 0, "ok", "own", "not started");
  CHECK_FALSE(fs::exists(cli.file("asked")));
}

TEST_CASE("a key that a backend prints is not shown, whatever its variable is called") {
  Well cli;
  cli.config(kNoOllama + std::string("[backends.codex]\nenv.keep = [\"FOO\"]\n")).set("FOO", "hunter2hunter2hunter2x");
  script(cli, "codex", "echo \"bad key $FOO\" >&2; exit 1\n");
  cli.run("doctor").expect(1).stdout_has("bad key").stdout_lacks("hunter2");
}

TEST_CASE("a CLI that hangs delays doctor only for a moment") {
  Well cli;
  script(cli, "claude", "while :; do :; done\n");
  const Json slow = warning(cli, "claude", "did not print its version in time");
  CHECK(fix_of(slow) == "delegate backends --check waits longer for it");
  CHECK(eventually([&] { return cli.processes().empty(); }));
}

TEST_CASE("doctor reports a second executable further down the PATH") {
  Well cli;
  script(cli, "claude", "echo 2.1.0\n");
  cli.write(cli.file("other/claude"), "#!/bin/sh\n");
  fs::permissions(cli.file("other/claude"), fs::perms(0700));
  cli.set("PATH", cli.file("bin") + ":" + cli.file("other"));
  note(cli, "claude", cli.file("other/claude") + " is another one");
  finding(cli, 0, "ok", "claude", cli.file("bin/claude") + ", 2.1.0");
}

TEST_CASE("a login is detected by its file or its variable, whose values are never shown") {
  Well cli;
  for (const char* name : {"claude", "codex", "gemini"}) script(cli, name, "echo 1.0\n");
  const auto has_login = [&](const std::string& name) {
    const Json report = cli.run("doctor --json").expect(0).stdout_lacks("hunter2").json();
    for (const Json& one : report["findings"])
      if (one["about"] == name && one["severity"] == "warning") return false;
    return true;
  };
  for (const auto& [name, place] : std::map<std::string, std::string>{{"claude", ".claude/.credentials.json"},
                                                                      {"codex", ".codex/auth.json"},
                                                                      {"gemini", ".gemini/oauth_creds.json"}}) {
    INFO(name);
    CHECK_FALSE(fix_of(warning(cli, name, cli.home(place) + " does not exist")).empty());
    cli.write(cli.home(place), "hunter2");
    cli.set("GOOGLE_CLOUD_PROJECT", "of-an-organisation");
    CHECK(has_login(name));
    fs::remove(cli.home(place));
    cli.unset("GOOGLE_CLOUD_PROJECT");
  }
  cli.set("GEMINI_API_KEY", "hunter2").set("ANTHROPIC_API_KEY", "hunter2").set("CODEX_HOME", cli.home("elsewhere"));
  CHECK(has_login("gemini"));
  CHECK_FALSE(has_login("claude"));  // a key that is kept from it is no login
  CHECK_FALSE(has_login("codex"));
  cli.write(cli.home("elsewhere/auth.json"), "hunter2");
  CHECK(has_login("codex"));
}

TEST_CASE("doctor names the variable of a login that is not set") {
  Well cli;
  script(cli, "claude", "echo 1.0\n");
  cli.config(kNoOllama +
             std::string("[[backends.claude.logins]]\nname = \"work\"\nenv = { CLAUDE_CONFIG_DIR = \"$WORK\" }\n"));
  CHECK(mentions(fix_of(warning(cli, "claude@work", "WORK is not set")), "set WORK here"));
}

TEST_CASE("doctor shows which local model would be used, or why there is none") {
  FakeOllama ollama;
  Cli cli;
  cli.set("OLLAMA_HOST", ollama.address()).set("PATH", cli.file("bin"));
  finding(cli, 0, "ok", "ollama", "asks tiny:1b, which is loaded when it is needed; its window: up to 131072 tokens");
  CHECK(ollama.chats().empty());
  CHECK(ollama.loads().empty());
  cli.config("[backends.ollama]\nmodel = \"huge:900b\"\n");
  CHECK(mentions(fix_of(problem(cli, "ollama", "model 'huge:900b' is not installed")), "ollama pull"));
  cli.config("\n");
  ollama.become(FakeOllama::Mode::has_no_model);
  problem(cli, "ollama", "no local model is installed");
}

TEST_CASE("an unreachable local server is a problem only when the configuration names it") {
  Well cli;
  cli.config("\n");
  CHECK(mentions(fix_of(problem(cli, "ollama", "127.0.0.1")), "ollama serve"));
  cli.config("[backends.llama]\nkind = \"openai\"\nurl = \"https://127.0.0.1:1/v1\"\n" + std::string(kNoOllama));
  finding(cli, 0, "ok", "llama", "not contacted, because it is a remote service");
}

TEST_CASE("an open breaker is a problem with its cause and a fix, and a manually opened one is a warning") {
  Well cli;
  cli.trip("agy", {"--say", "hi"});
  const Json open = problem(cli, "agy", "agy is broken");
  CHECK(mentions(open["what"].get<std::string>(), "; the next call after that tries it again (last: "));
  CHECK(mentions(fix_of(open), "`delegate breaker reset agy` tries it again now"));
  problem(cli, "router", "can answer now");
  cli.answers("other").run("breaker reset agy").expect(0);
  cli.run("breaker trip agy --for 2h").expect(0);
  CHECK(fix_of(warning(cli, "agy", "is skipped for 2 h")) == "delegate breaker reset agy");
  cli.run("breaker trip agy").expect(0);
  warning(cli, "agy", "until it is reset");
  cli.run("breaker reset agy").expect(0);
  cli.run("breaker disable agy").expect(0);
  note(cli, "agy", "its breaker is disabled");
  cli.run("breaker enable agy").expect(0);
  cli.fails("agy").run("ask -b agy hello").expect(1);
  note(cli, "agy", "has failed once; it is skipped after 3 failures in a row");
}

TEST_CASE("doctor shows which processes hold the slots in use") {
  Well cli;
  cli.counted("agy", {"--wait-file", cli.file("go"), "--say", "hi"}, "max_parallel = 1").answers("other");
  Running holder = cli.start("ask -b agy hello");
  REQUIRE(eventually([&] { return cli.spawns("agy") == 1; }));
  const Json full = warning(cli, "agy", "1 of 1 slots in use: process ");
  CHECK(mentions(full["what"].get<std::string>(), "process " + std::to_string(holder.pid()) + " for "));
  CHECK(mentions(fix_of(full), "backends.agy.max_parallel"));
  cli.write(cli.file("go"), "");
  holder.finish().expect(0);
}

TEST_CASE("doctor reports queued, working and killed background runs") {
  Well cli;
  cli.config(std::string("[background]\nmax_parallel = 1\n") + kNoOllama);
  cli.counted("agy", {"--wait-file", cli.file("go"), "--say", "hi"});
  const std::string first = cli.run("submit one").expect(0).out_lines().front();
  REQUIRE(eventually([&] { return cli.spawns("agy") == 1; }));
  cli.run("submit two").expect(0);
  note(cli, "background", "1 of 1 slots running, 1 queued");
  cli.kill_processes();
  CHECK(fix_of(warning(cli, "background", "runs are queued, and nothing starts them")) == "delegate worker");
  warning(cli, "background", "killed before they ended: " + first);
}

TEST_CASE("doctor shows what each editor starts, and how to fix it") {
  Well cli;
  cli.install("cursor");
  CHECK(fix_of(note(cli, "Cursor", "does not have delegate as a tool")) == "delegate setup cursor");
  cli.run("setup cursor").expect(0);
  finding(cli, 0, "ok", "Cursor", "has delegate as a tool");
  const auto registered = [&](const std::string& entry) {
    cli.write(cli.home(".cursor/mcp.json"), R"({"mcpServers": {"delegate": )" + entry + "}}");
  };
  registered(R"({"command": "/nowhere/delegate"})");
  CHECK(fix_of(problem(cli, "Cursor", "/nowhere/delegate, which does not exist")) == "delegate setup cursor");
  cli.install("delegate-next");
  registered("{\"command\": \"" + cli.file("bin/delegate-next") + "\"}");
  warning(cli, "Cursor", "is not this program");
  registered(R"({"command": "npx"})");
  warning(cli, "Cursor", "another server with the name");
  cli.write(cli.home(".cursor/mcp.json"), "{");
  warning(cli, "Cursor", "cannot be read: line 1, column 2");
}

TEST_CASE("doctor reports an editor entry that is outdated or lacks variables") {
  Well cli;
  cli.write(cli.home(".codex/config.toml"),
            "[mcp_servers.delegate]\ncommand = \"" + cli.file("bin/delegate") + "\"\nargs = [\"mcp\"]\n");
  CHECK(fix_of(warning(cli, "Codex CLI", "out of date (env_vars, tool_timeout_sec)")) == "delegate setup codex");
  cli.run("setup codex").expect(0);
  finding(cli, 0, "ok", "Codex CLI", "has delegate as a tool");
  cli.set("XDG_STATE_HOME", cli.home("state"));
  warning(cli, "Codex CLI", "does not pass on XDG_STATE_HOME");
  cli.run("setup codex").expect(0);
  finding(cli, 0, "ok", "Codex CLI", "has delegate as a tool");
  cli.write(cli.home(".codex/config.toml"),
            "[mcp_servers.delegate]\ncommand = \"" + cli.file("bin/delegate") +
                "\"\nargs = [\"mcp\"]\nenv_vars = [\"XDG_STATE_HOME\"]\ntool_timeout_sec = 3600\n");
  warning(cli, "Codex CLI", "out of date (env_vars)");  // the variable is there
}

TEST_CASE("doctor warns of a backend that is only on this shell's PATH when an editor starts delegate") {
  Well cli;
  cli.run("setup cursor").expect(0);
  CHECK(mentions(fix_of(note(cli, "PATH", "not find agy")), "backends.agy.command"));
}

TEST_CASE("doctor reports a nesting depth, an odd PATH and another delegate on the PATH") {
  Well cli;
  cli.set("DELEGATE_DEPTH", "1");
  note(cli, "DELEGATE_DEPTH", "is 1");
  cli.set("DELEGATE_DEPTH", "2");
  problem(cli, "DELEGATE_DEPTH", "the limit is 2");
  cli.set("DELEGATE_DEPTH", "-7 x");
  problem(cli, "DELEGATE_DEPTH", "is not a number");
  cli.unset("DELEGATE_DEPTH").set("PATH", ".:" + cli.file("bin"));
  note(cli, "PATH", "relative directory");
  cli.set("PATH", "");
  problem(cli, "PATH", "is not set");
  cli.set("PATH", cli.file("bin"));
  fs::remove(cli.file("bin/delegate"));
  note(cli, "delegate", "not found on PATH");
  script(cli, "delegate", "echo 'delegate 0.0.9'\n");
  warning(cli, "delegate", "(delegate 0.0.9)");
}

TEST_CASE("doctor reports a state on a temporary or a full file system") {
  const Cli cli;
  const auto said = in_own_mounts(cli,
                                  "mkdir -p .local/state; mount -t tmpfs -o size=4m none .local/state\n"
                                  "$DELEGATE doctor || true\n");
  if (!said) return;
  said->stdout_has("note     state          is on tmpfs").stdout_has("KiB free on its file system");
}

TEST_CASE("doctor reports that the clock was ahead when a backend was last called") {
  Well cli;
  cli.run("ask hello").expect(0);
  cli.sql("UPDATE attempts SET started_at = started_at + 86400000");
  warning(cli, "clock", "was ahead when agy was last called");
}

TEST_CASE("doctor reports a terminal that cannot redraw a line, and prints the same as for any other") {
  Well cli;
  cli.set("TERM", "dumb").streams({.in = Streams::In::terminal});
  cli.run("doctor").expect(0).stdout_has("TERM is dumb");
}

TEST_CASE("doctor accepts no argument but --json") {
  Cli cli;
  cli.run("doctor agy").expect(2);
  cli.run("doctor --quick").expect(2);
}
