#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <functional>

#include "core/base/text.hpp"
#include "tests/cli/own_mounts.hpp"
#include "tests/cli/surface.hpp"
#include "tests/cli/without_root_powers.hpp"

// One walk over what can go wrong before a backend is asked: what is said, how it ends, and that stdout stays empty.
using namespace delegate::test;

namespace {

using Words = std::vector<std::string>;
using World = std::function<void(Cli&)>;

constexpr const char* kDuration = "write it like 250ms, 60s, 5m, 1h30m; a bare number is seconds";
constexpr const char* kNoHome = "no place for the state: neither XDG_STATE_HOME nor HOME is set";

/// The command line, the exit code, the error without its prefix, the hint, and the world when it is not the usual one.
struct Row {
  Words words;
  int code = 2;
  std::string what;
  std::string hint;
  World world = {};
};

bool takes_json(const Row& row) {
  return row.words[0] != "breaker" && row.words[0] != "help" && row.words[0] != "completion";
}

std::string with_paths_masked(const Cli& cli, std::string text) {
  const std::string root = cli.file("");
  for (std::size_t at; (at = text.find(root)) != std::string::npos;) text.replace(at, root.size(), "/sandbox/");
  return text;
}

void no_home(Cli& cli) {
  for (const char* variable : {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}) cli.unset(variable);
}

World given(std::string input) {
  return [=](Cli& cli) { cli.input(input); };
}

World with(std::string variable, std::string value) {
  return [=](Cli& cli) { cli.set(variable, value); };
}

/// A directory where a file should be.
World directory_at(std::string name) {
  return [=](Cli& cli) { cli.write(cli.home(name) + "/inside", ""); };
}

void check(const Row& row) {
  Cli cli;
  cli.counted("codex", {"--say", "an answer"});
  if (row.world) row.world(cli);
  const Finished said = cli.run(row.words);
  INFO(delegate::join(row.words, " ") << "\n" << said.err);
  CHECK(said.exit_code == row.code);
  CHECK(said.out.empty());
  CHECK(with_paths_masked(cli, said.err) ==
        "delegate: " + row.what + "\n" + (row.hint.empty() ? "" : "hint: " + row.hint + "\n"));
  CHECK_FALSE(delegate::trim(said.err).ends_with('.'));
  CHECK(cli.spawns("codex") == 0);
  if (!takes_json(row)) return;
  Words words = row.words;
  const bool is_group = words[0] == "config" || words[0] == "breaker";
  words.insert(words.begin() + (is_group ? 2 : 1), "--json");
  const Finished as_json = cli.run(words);
  CHECK(as_json.exit_code == row.code);
  CHECK(as_json.err == said.err);
  Json error = as_json.json()["error"];
  CHECK(with_paths_masked(cli, error["message"]) == row.what);
  CHECK(with_paths_masked(cli, error.value("hint", "")) == row.hint);
}

}  // namespace

TEST_CASE("a mistyped argument is named with a suggestion") {
  const Row row = GENERATE(values<Row>({
      {{"aks", "hello"}, 2, "unknown command 'aks'", "did you mean `ask`?"},
      {{"a\nb\x1b[31m"}, 2, "unknown command 'a b [31m'", "did you mean `delegate ask \"a b [31m\"`?"},
      {{"ask", "--fiel", "x", "hello"}, 2, "ask: --fiel: unknown option", "did you mean `--file`?"},
      {{"ask", "-b", "codx", "hello"},
       2,
       "ask: --backend: unknown backend 'codx' (available: auto, claude, codex, gemini, ollama)",
       "did you mean `codex`?"},
      {{"ask", "-b", "a\nb", "hello"},
       2,
       "ask: --backend: unknown backend 'a b' (available: auto, claude, codex, gemini, ollama)",
       "see `delegate backends`"},
      {{"ping", "auto"},
       2,
       "ping: unknown backend 'auto' (available: claude, codex, gemini, ollama)",
       "see `delegate backends`"},
      {{"breaker", "trip", "codx"},
       2,
       "breaker trip: unknown backend 'codx' (available: claude, codex, gemini, ollama)",
       "did you mean `codex`?"},
      {{"breaker", "reset"}, 2, "breaker reset: NAME is missing", "name a backend, or use --all"},
      {{"breaker", "trip", "codex", "--for", "soon"}, 2, "breaker trip: --for: 'soon' is not a duration", kDuration},
      {{"breaker", "trip", "codex", "--for", "0"},
       2,
       "breaker trip: --for: must be longer than 0",
       "a number with a unit: 90s, 5m; without --for it is until `delegate breaker reset`"},
      {{"ask", "--timeout", "soon", "hello"}, 2, "ask: --timeout: 'soon' is not a duration", kDuration},
      {{"ask", "--timeout", "0", "hello"}, 2, "ask: --timeout: must be longer than 0", "a number with a unit: 90s, 5m"},
      {{"ask", "-b", "codex", "-m", "-x", "hello"},
       2,
       "ask: --model: '-x' looks like a flag",
       "it must not begin with a dash"},
      {{"runs", "zzz"}, 2, "runs: no run with id 'zzz' in the history", "`delegate runs` lists them"},
      {{"runs", "--since", "soon"},
       2,
       "runs: --since: 'soon' is neither a duration nor a date",
       "a duration before now (2h, 7d, 1w), today, yesterday, a date (2026-11-30) or a time (2026-11-30T08:00:00Z)"},
      {{"ask", "--session", "s-9", "hello"},
       2,
       "ask: --session: 's-9' is not in the history",
       "name the backend that it belongs to with --backend"},
      {{"ask", "--continue", "hello"},
       2,
       "ask: --continue: there is no session in this directory",
       "`delegate runs` lists the runs and their directories"},
      {{"config", "show", "breaker.cooldwn"},
       2,
       "config show: no key, section or backend 'breaker.cooldwn'",
       "did you mean `breaker.cooldown`?"},
      {{"trust", "nowhere"},
       2,
       "trust: /sandbox/home/project/nowhere: not a directory",
       "name the directory that contains the file"},
  }));
  check(row);
}

TEST_CASE("an invalid prompt is rejected with its source") {
  const std::string bytes("a\0b", 3);
  const Row row = GENERATE_COPY(values<Row>({
      {{"ask", ""}, 2, "ask: the prompt is empty", "give it as an argument, or on stdin"},
      {{"ask", " \n\t"}, 2, "ask: the prompt is empty", "give it as an argument, or on stdin"},
      {{"ask"}, 2, "ask: no prompt", "give it as an argument, or on stdin"},
      {{"ask"}, 2, "ask: the prompt is empty", "give it as an argument, or on stdin", given("\n\n")},
      {{"ask"}, 2, "ask: stdin: is binary (a zero byte at offset 1)", "only text can be sent to a model", given(bytes)},
      {{"ask", "hello"},
       2,
       "ask: stdin: is a directory",
       "attach the files in it, each with -f",
       [](Cli& cli) { cli.streams({.in_file = cli.home()}); }},
      {{"ask", "-f", "nowhere", "hello"}, 2, "ask: --file: nowhere: no such file or directory", ""},
      {{"ask", "-f", "a\nb\x1b[31m", "hello"}, 2, "ask: --file: a b [31m: no such file or directory", ""},
      {{"ask", "-f", ".", "hello"}, 2, "ask: --file: .: is a directory", "name the files in it, each with -f"},
      {{"ask", "-f", "../bytes", "hello"},
       2,
       "ask: --file: ../bytes: is binary (a zero byte at offset 1)",
       "only text can be sent to a model",
       [=](Cli& cli) { cli.write(cli.home("bytes"), bytes); }},
      {{"ask", "-C", "nowhere", "hello"},
       2,
       "ask: --cwd: /sandbox/home/project/nowhere: no such file or directory",
       ""},
      {{"ask", "-C", "../file", "hello"},
       2,
       "ask: --cwd: /sandbox/home/file: is not a directory",
       "",
       [](Cli& cli) { cli.write(cli.home("file"), ""); }},
  }));
  check(row);
}

TEST_CASE("an invalid configuration is reported with its file and line") {
  const std::string file = "/sandbox/home/.config/delegate/delegate.toml";
  const Row row = GENERATE_COPY(values<Row>({
      {{"status", "--config", "/nonexistent/x"},
       3,
       "--config: read /nonexistent/x: no such file or directory",
       "`delegate config init` writes one"},
      {{"status"},
       3,
       "DELEGATE_CONFIG: read /nonexistent/x: no such file or directory",
       "`delegate config init` writes one",
       with("DELEGATE_CONFIG", "/nonexistent/x")},
      {{"status", "--config", "/"}, 3, "--config: read /: is a directory", ""},
      {{"status"},
       3,
       "environment DELEGATE_ROUTER_TIMEOUT: router.timeout: \"soon\" is not a duration",
       kDuration,
       with("DELEGATE_ROUTER_TIMEOUT", "soon")},
      {{"status"},
       3,
       "environment DELEGATE_ROUTER_TIMOUT: no such setting",
       "did you mean `DELEGATE_ROUTER_TIMEOUT`?",
       with("DELEGATE_ROUTER_TIMOUT", "1m")},
      {{"status"},
       3,
       file + ":1:6: error while parsing key-value pair: expected '=', saw 'i'",
       "",
       [](Cli& cli) { cli.config("this is no TOML"); }},
      {{"status"},
       3,
       file + ":1:1: encountered invalid utf-8 sequence",
       "",
       [](Cli& cli) { cli.config("\x9d\xff\x80"); }},
      {{"ask", "hello"},
       3,
       file + ":2:1: breaker.cooldwn: unknown key",
       "did you mean `cooldown`?",
       [](Cli& cli) { cli.config("[breaker]\ncooldwn = 1"); }},
      {{"config", "init"},
       3,
       "config init: " + file + ": already exists",
       "--force overwrites it, --print shows what would be written"},
      {{"ask", "hello"},
       6,
       "/sandbox/home/project/delegate.toml: not trusted, but sets state.store (line 2)",
       "read it, then `delegate trust /sandbox/home/project`; or put it into ~/.config/delegate/delegate.toml",
       [](Cli& cli) { cli.write(cli.home("project/delegate.toml"), "[state]\nstore = \"memory\""); }},
  }));
  check(row);
}

TEST_CASE("a missing home or state directory is reported") {
  const Row row = GENERATE(values<Row>({
      {{"config", "init"},
       3,
       "config init: no place for the file: neither XDG_CONFIG_HOME nor HOME is set",
       "name one with --config FILE, or use --print",
       no_home},
      {{"runs"}, 70, std::string("runs: no history: ") + kNoHome, "", no_home},
      {{"ask", "--continue", "hello"},
       70,
       std::string("ask: --continue: there is no history: ") + kNoHome,
       "ask without --continue, or see `delegate status`",
       no_home},
      {{"breaker", "reset", "codex"}, 70, std::string("breaker reset: ") + kNoHome, "", no_home},
      {{"runs"},
       70,
       "runs: no history: /sandbox/home/.local/state/delegate/state.db: cannot be opened: is a directory",
       "",
       directory_at(".local/state/delegate/state.db")},
      {{"breaker", "reset", "codex"},
       70,
       "breaker reset: create directory /sandbox/home/.local/state/delegate: not a directory",
       "",
       [](Cli& cli) { cli.write(cli.home(".local/state/delegate"), "a file"); }},
      {{"trust", "--list"},
       3,
       "/sandbox/home/.local/state/delegate/trusted.json: damaged: it is not a JSON object; no project's file is "
       "trusted",
       "remove it, then trust your projects' files again",
       [](Cli& cli) { cli.write(cli.home(".local/state/delegate/trusted.json"), "{"); }},
  }));
  check(row);
}

TEST_CASE("an environment that forbids a delegation is reported") {
  const Row row = GENERATE(values<Row>({
      {{"ask", "hello"},
       6,
       "DELEGATE_DEPTH: 'x' is not a number",
       "delegate sets it for the agents that it starts: unset it",
       with("DELEGATE_DEPTH", "x")},
      {{"ask", "hello"},
       6,
       "DELEGATE_DEPTH: '-1' is not a number",
       "delegate sets it for the agents that it starts: unset it",
       with("DELEGATE_DEPTH", "-1")},
      {{"ask", "hello"},
       6,
       "delegations are nested 2 deep, the limit is 2",
       "an agent may be delegating to itself; raise router.max_depth if the nesting is intended",
       with("DELEGATE_DEPTH", "2")},
  }));
  check(row);
}

TEST_CASE("a state that cannot be used prevents no answer, and is reported in one line") {
  Cli cli;
  cli.answers("codex");
  SECTION("the file is a directory") { directory_at(".local/state/delegate/state.db")(cli); }
  SECTION("its directory is a file") { cli.write(cli.home(".local/state/delegate"), "a file"); }
  SECTION("there is no home") { no_home(cli), cli.set("XDG_CONFIG_HOME", cli.home(".config")); }
  cli.run("ask hello")
      .expect(0)
      .stdout_is("codex says hi\n")
      .stderr_lines(1)
      .stderr_begins("delegate: breakers are off for this call: ");
  cli.run("status").expect(0).stdout_has("unusable: ").stderr_is("");
}

TEST_CASE("every command reports an unwritable output in the same words") {
  Cli cli;
  cli.answers("codex");
  const std::string words = GENERATE("ask hello", "ask --stream hello", "ask --json hello", "status", "runs --json",
                                     "backends", "config show", "config path", "--help", "completion bash");
  cli.streams({.out_file = "/dev/full"})
      .run(words)
      .expect(70)
      .stderr_is("delegate: stdout: write: no space left on device\n");
  cli.streams({.out_closed = true}).run(words).expect(70).stderr_is("delegate: stdout: write: bad file descriptor\n");
}

TEST_CASE("error messages stay short for arguments of any length") {
  Cli cli;
  cli.answers("codex");
  const std::string longest(100'000, 'x');
  const Words words = GENERATE_COPY(values<Words>({{longest},
                                                   {"ask", "--" + longest},
                                                   {"ask", "-b", longest, "x"},
                                                   {"ask", "-f", longest, "x"},
                                                   {"ask", "-C", longest, "x"},
                                                   {"ask", "--timeout", longest, "x"},
                                                   {"ask", "--session", longest, "x"},
                                                   {"ask", "-b", "codex", "-m", "-" + longest, "x"},
                                                   {"breaker", "trip", longest},
                                                   {"breaker", "trip", "codex", "--for", longest},
                                                   {"runs", longest},
                                                   {"config", "show", longest},
                                                   {"help", longest}}));
  const Finished said = cli.run(words).expect(2).stdout_is("").stderr_begins("delegate: ");
  for (const std::string& line : said.err_lines()) CHECK(line.size() < 1'000);
}

TEST_CASE("a deleted working directory is reported, and another one can be named") {
  Cli cli;
  const auto in_gone = [&](const std::string& command) {
    return run_program(cli, {"/bin/sh", "-c", "mkdir gone && cd gone && rmdir ../gone && " + command});
  };
  in_gone("delegate ask hello")
      .expect(2)
      .stdout_is("")
      .stderr_is("delegate: ask: the working directory does not exist any more\nhint: name one with -C DIR\n");
  in_gone("delegate trust")
      .expect(2)
      .stdout_is("")
      .stderr_is(
          "delegate: trust: the working directory no longer exists\n"
          "hint: name the directory of the project: `delegate trust DIR`\n");
  in_gone("delegate status").expect(0).stderr_is("");
}

TEST_CASE("a read-only home is reported by the commands that write to it") {
  Cli cli;
  const std::string mount = "mount -t tmpfs -o ro none " + cli.home() + "; ";
  if (const auto said = in_own_mounts(cli, mount + "$DELEGATE config init"))
    said->expect(70).stdout_is("").stderr_is("delegate: config init: create directory " + cli.home(".config") +
                                             ": read-only file system\n");
  if (const auto said = in_own_mounts(cli, mount + "$DELEGATE breaker reset codex"))
    said->expect(70).stdout_is("").stderr_is("delegate: breaker reset: create directory " + cli.home(".local") +
                                             ": read-only file system\n");
}

TEST_CASE("an unreadable configuration file is named") {
  Cli cli;
  cli.answers("codex").started_by(without_root_powers());
  cli.run("status").expect(0);
  REQUIRE(::chmod(cli.config_file().c_str(), 0) == 0);
  cli.run("ask hello")
      .expect(3)
      .stdout_is("")
      .stderr_is("delegate: read " + cli.config_file() + ": permission denied\n");
}
