#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

// What is said about a command line, and how much is said on the way.
using namespace delegate::test;
using Catch::Matchers::Matches;

TEST_CASE("help and version go to stdout and need no configuration") {
  Cli cli;
  cli.config("this is no TOML").unset("HOME").unset("PATH");
  for (const char* words : {"--help", "-h", "ask --help", "status --help", "backends --help", "ping --help",
                            "breaker --help", "breaker trip --help", "config check --help"}) {
    const Finished help = cli.run(words).expect(0).stderr_is("").stdout_has("Usage: delegate");
    CHECK(help.out.size() > 100);
  }
  CHECK_THAT(cli.run("--version").expect(0).stderr_is("").out, Matches("delegate \\d+\\.\\d+\\.\\d+\n"));
  cli.run("--help").stdout_has("Exit codes:");
}

TEST_CASE("an invalid command line is a usage error with one line and a hint") {
  Cli cli;
  cli.counted("codex", {"--say", "no"});
  const std::string words =
      GENERATE(as<std::string>(), "aks hello", "ask --no-such-flag hello", "ask -b", "ask -b codx hello",
               "ask -t poem hello", "ask -m big hello", "ask --session 1 hello", "ask --timeout soon hello",
               "ask --timeout 0s hello", "ask --timeout -5s hello", "status extra", "breaker", "breaker trop codex",
               "config", "ping a b", "--color blue status", "ask -b codex -m --flag hello");
  const Finished refused = cli.run(words).expect(2).stdout_is("").stderr_begins("delegate: ").stderr_has("\nhint: ");
  CHECK(refused.err_lines().size() == 2);
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("a mistake in a command line is named in our words, with a hint") {
  struct Row {
    std::vector<std::string> words;
    std::string what;
    std::string hint;
  };
  const Row row = GENERATE(values<Row>({
      {{"ask", "--jsno", "x"}, "ask: --jsno: unknown option", "did you mean `--json`?"},
      {{"ask", "-json", "x"}, "ask: -json: unknown option", "did you mean `--json`?"},
      {{"ask", "--bakend=codex", "x"}, "ask: --bakend=codex: unknown option", "did you mean `--backend`?"},
      {{"ask", "-x"},
       "ask: -x: unknown option",
       "see `delegate ask --help`; put `--` before a prompt that begins with a dash"},
      {{"ask", "-v means what"},
       "ask: -v means what: unknown option",
       "see `delegate ask --help`; put `--` before a prompt that begins with a dash"},
      {{"status", "--type", "x"}, "status: --type: unknown option", "see `delegate status --help`"},
      {{"--nonsense"}, "--nonsense: unknown option", "see `delegate --help`"},
      {{"--nonsense", "status"}, "status: --nonsense: unknown option", "see `delegate status --help`"},
      {{"--check", "backends"}, "--check: must come after the command", "write `delegate backends --check`"},
      {{"breaker", "--all", "reset"}, "--all: must come after the command", "write `delegate breaker reset --all`"},
      {{"-b", "codex", "ask", "hello"}, "-b: must come after the command", "write `delegate ask -b NAME`"},
      {{"--timeout=5s", "ask", "hello"},
       "--timeout: must come after the command",
       "write `delegate ask --timeout DUR`"},
      {{"aks", "hello"}, "unknown command 'aks'", "did you mean `ask`?"},
      {{"hello"}, "unknown command 'hello'", "see `delegate --help`"},
      {{"review this"}, "unknown command 'review this'", "did you mean `delegate ask \"review this\"`?"},
      {{"what", "is", "this"}, "unknown command 'what'", "did you mean `delegate ask \"what is this\"`?"},
      {{"why $1"}, "unknown command 'why $1'", "did you mean `delegate ask \"...\"`?"},
      {{"logs"}, "unknown command 'logs'", "`delegate runs` lists past runs"},
      {{"version"}, "unknown command 'version'", "`delegate --version`"},
      {{"-V"}, "-V: unknown option", "`delegate --version`"},
      {{"config", "list"}, "config: unknown command 'list'", "did you mean `delegate config show`?"},
      {{"config", "shwo"}, "config: unknown command 'shwo'", "did you mean `show`?"},
      {{"config"}, "config: no command given", "one of show, check, path, init"},
      {{"--color", "never"}, "no command given", "see `delegate --help`"},
      {{"--", "ask"}, "no command given", "see `delegate --help`"},
      {{"ask", "hello", "-b"}, "ask: -b: needs a value", "-b NAME: Backend to use, or auto (default)"},
      {{"ask", "hello", "-qb"}, "ask: -b: needs a value", "-b NAME: Backend to use, or auto (default)"},
      {{"ask", "-b", "--quiet", "hello"},
       "ask: --backend: needs a value",
       "--backend NAME: Backend to use, or auto (default)"},
      {{"status", "--config"},
       "status: --config: needs a value",
       "--config FILE: Use this configuration file and no other"},
      {{"status", "--watch=yes"}, "status: --watch: takes no value", "see `delegate status --help`"},
      {{"ask", "-t", "reveiw", "x"},
       "ask: --type: 'reveiw' is not one of summarize, explain, docstring, review, ask, test, diagnose, improve",
       "did you mean `review`?"},
      {{"ask", "--tier", "gigantic", "x"},
       "ask: --tier: 'gigantic' is not one of small, medium, large, default",
       "see `delegate ask --help`"},
      {{"--color", "alway", "status"},
       "status: --color: 'alway' is not one of auto, always, never",
       "did you mean `always`?"},
      {{"completion", "fihs"}, "completion: SHELL: 'fihs' is not one of bash, zsh, fish", "did you mean `fish`?"},
      {{"completion"}, "completion: SHELL is missing", "usage: delegate completion SHELL"},
      {{"breaker", "trip"}, "breaker trip: NAME is missing", "usage: delegate breaker trip [OPTION...] NAME"},
      {{"ping", "a", "b"}, "ping: unexpected argument 'b'", "see `delegate ping --help`"},
      {{"ping", "--", "a", "b"}, "ping: unexpected argument 'b'", "see `delegate ping --help`"},
      {{"ping", ""}, "ping: NAME: must not be empty", "leave it out, or give it a value"},
      {{"status", "--config="}, "status: --config: must not be empty", "leave it out, or give it a value"},
      {{"ask", "--timeout=", "hello"}, "ask: --timeout: must not be empty", "leave it out, or give it a value"},
      {{"runs", "-n", "0"}, "runs: --limit: '0' is not a number from 1 to 1000000", "see `delegate runs --help`"},
      {{"runs", "-n", "-1"}, "runs: --limit: '-1' is not a number from 1 to 1000000", "see `delegate runs --help`"},
      {{"runs", "-n5x"}, "runs: --limit: '5x' is not a number from 1 to 1000000", "see `delegate runs --help`"},
      {{"runs", "-n", "99999999999999999999"},
       "runs: --limit: '99999999999999999999' is not a number from 1 to 1000000",
       "see `delegate runs --help`"},
      {{"runs", "--limit", "1e3"},
       "runs: --limit: '1e3' is not a number from 1 to 1000000",
       "see `delegate runs --help`"},
  }));
  Cli cli;
  cli.answers("codex");
  cli.run(row.words).expect(2).stdout_is("").stderr_is("delegate: " + row.what + "\nhint: " + row.hint + "\n");
}

TEST_CASE("options that cannot be combined are rejected, and both are named") {
  struct Row {
    std::string words;
    std::string both;
  };
  const Row row = GENERATE(values<Row>({
      {"ask --session 1 --continue hello", "ask: --session cannot be combined with --continue"},
      {"ask --continue --session 1 hello", "ask: --session cannot be combined with --continue"},
      {"runs --backend codex 0123", "runs: ID cannot be combined with --backend"},
      {"runs 0123 --outcome answered", "runs: ID cannot be combined with --outcome"},
      {"runs 0123 --since 2h", "runs: ID cannot be combined with --since"},
      {"runs 0123 -n 3", "runs: ID cannot be combined with --limit"},
      {"runs 0123 --totals", "runs: ID cannot be combined with --totals"},
      {"runs --totals --outcome answered", "runs: --totals cannot be combined with --outcome"},
      {"runs --totals -n 3", "runs: --totals cannot be combined with --limit"},
      {"breaker reset codex --all", "breaker reset: NAME cannot be combined with --all"},
      {"trust --list --forget", "trust: --list cannot be combined with --forget"},
      {"trust --list somewhere", "trust: --list cannot be combined with DIR"},
  }));
  Cli cli;
  cli.answers("codex");
  cli.run(row.words).expect(2).stdout_is("").stderr_has("delegate: " + row.both + "\nhint: ");
  const Finished stream =
      cli.run("ask --stream --json hello").expect(2).stderr_has("--stream cannot be combined with --json");
  CHECK(stream.json()["error"]["outcome"] == "usage");
}

TEST_CASE("the last of two contradicting options wins") {
  Cli cli;
  cli.fails("codex").answers("gemini");
  cli.run("ask -b codex -b gemini hello").expect(0).stdout_is("gemini says hi\n");
  cli.run("ask --fallback --no-fallback hello").expect(1).stdout_is("");
  cli.run("ask --no-fallback --fallback hello").expect(0).stdout_is("gemini says hi\n");
  cli.run("ask -q -v -b gemini hello").expect(0).stderr_has("asking gemini");
  cli.run("ask -v -q -b gemini hello").expect(0).stderr_is("");
  cli.run("ask -q -q --json --json -b gemini hello").expect(0).stderr_is("");
  cli.run("status --color always --color never").expect(0).stdout_lacks("\x1b");
}

TEST_CASE("a usage error is a JSON object with --json, wherever that option is") {
  Cli cli;
  cli.answers("codex");
  for (const char* words :
       {"ask --jsno --json hello", "--json ask hello --tier huge", "aks --json", "ask hello --json -b"}) {
    const Finished refused = cli.run(words).expect(2).stderr_begins("delegate: ").stderr_lines(2);
    CHECK(refused.json()["error"]["outcome"] == "usage");
    CHECK(refused.err.find(refused.json()["error"]["message"].get<std::string>()) != std::string::npos);
  }
  cli.run("ask --tier huge -- --json").expect(2).stdout_is("");
}

TEST_CASE("words reach the prompt as they were typed") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  const std::vector<std::string> words = GENERATE(values<std::vector<std::string>>({{"[a, b]"},
                                                                                    {"[a, b]", "and", "[c]"},
                                                                                    {"what", "is", "++", "in", "C"},
                                                                                    {"++"},
                                                                                    {"status"},
                                                                                    {"ask", "breaker", "trip"},
                                                                                    {"what is -1 + 2"},
                                                                                    {"is", "-1", "a", "number"},
                                                                                    {"a=b", "{c}", "%d"},
                                                                                    {"---"},
                                                                                    {"a\x1e",
                                                                                     "\x1e"
                                                                                     "b",
                                                                                     "\x1e"}}));
  std::string prompt;
  for (const std::string& word : words) prompt += (prompt.empty() ? "" : " ") + word;
  std::vector<std::string> line{"ask"};
  line.insert(line.end(), words.begin(), words.end());
  cli.run(line).expect(0).stdout_is(prompt + "\n");
  line.insert(line.begin() + 1, "--");
  cli.run(line).expect(0).stdout_is(prompt + "\n");
  line.insert(line.begin() + 1, {"-b", "codex"});
  cli.run(line).expect(0).stdout_is(prompt + "\n");
}

TEST_CASE("everything after -- is the prompt, whatever it looks like") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.run("ask -- --json -b nobody --").expect(0).stdout_is("--json -b nobody --\n");
  cli.run("ask one -- -two").expect(0).stdout_is("one -two\n");
  cli.run("ping -- codex").expect(0).stdout_has("codex");
  cli.run("ping -- -codex").expect(2).stdout_is("").stderr_has("unknown backend '-codex'");
}

TEST_CASE("values reach their option as they were typed") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  for (const char* system : {"[a, b]", "-v means what", "--no such", "a=b", "]"}) {
    cli.run({"ask", "-s", system, "hello"}).expect(0).stdout_is(std::string(system) + "\n\nhello\n");
    cli.run({"ask", "--system=" + std::string(system), "hello"})
        .expect(0)
        .stdout_is(std::string(system) + "\n\nhello\n");
    cli.run({"ask", "-s" + std::string(system), "hello"}).expect(0).stdout_is(std::string(system) + "\n\nhello\n");
  }
  for (const char* none : {"--system=", "-s"}) {
    std::vector<std::string> line{"ask", none};
    if (line[1] == "-s") line.emplace_back();
    line.emplace_back("hello");
    cli.run(line).expect(0).stdout_is("hello\n");
  }
}

TEST_CASE("-f takes one file and leaves the prompt alone") {
  Cli cli;
  cli.backend("codex", {"--echo"});
  cli.write(cli.home("project/a.c"), "int a;\n");
  cli.write(cli.home("project/[b].c"), "int b;\n");
  cli.run("ask -f a.c explain").expect(0).stdout_has("explain").stdout_has("int a;");
  cli.run("ask -f a.c -f [b].c explain it")
      .expect(0)
      .stdout_has("explain it")
      .stdout_has("int a;")
      .stdout_has("int b;");
}

TEST_CASE("a similar name is suggested") {
  Cli cli;
  cli.answers("codex");
  cli.run("aks hello").expect(2).stderr_has("did you mean `ask`?");
  cli.run("breaker trop codex").expect(2).stderr_has("did you mean `trip`?");
  cli.run("ask -b codx hello").expect(2).stderr_has("unknown backend 'codx'").stderr_has("did you mean `codex`?");
  cli.run("ask -t poem hello").expect(2).stderr_has("summarize, explain");
}

TEST_CASE("an option with an empty value is a usage error") {
  Cli cli;
  cli.answers("codex");
  for (const char* option : {"-b", "-t", "-C", "--timeout"})
    cli.run({"ask", option, "", "hello"}).expect(2).stdout_is("").stderr_has("hint: ");
  cli.run({"ask", "-b", "codex", "-m", "", "hello"}).expect(2).stdout_is("");
}

TEST_CASE("without -v and without trouble stderr is silent") {
  Cli cli;
  cli.answers("codex");
  cli.run("ask hello").expect(0).stderr_is("");
  cli.run("ask hello --json").expect(0).stderr_is("");
}

TEST_CASE("-v says who is asked and how it went") {
  Cli cli;
  cli.fails("codex").answers("gemini").answers("claude").uninstall("claude");
  cli.router("order = [\"claude\", \"codex\", \"gemini\"]");
  const Finished said = cli.run("ask -v hello").expect(0).stdout_is("gemini says hi\n");
  said.stderr_has("delegate: claude skipped (not installed)\n");
  said.stderr_has("delegate: asking codex").stderr_has("delegate: codex failed after ");
  said.stderr_has("delegate: asking gemini").stderr_has("delegate: gemini answered after ");
}

TEST_CASE("-v distinguishes a probe from an ordinary call") {
  Cli cli;
  cli.trip("codex", {"--say", "hi"}, "breaker.cooldown = \"0s\"");
  cli.run("ask -v -b codex hello").expect(0).stderr_has("asking codex (probe");
}

TEST_CASE("-q leaves only errors") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("codex").answers("gemini");
  cli.run("ask -q hello").expect(0).stdout_is("gemini says hi\n").stderr_is("");
  cli.run("ask -q hello").expect(0).stdout_is("gemini says hi\n").stderr_is("");
  cli.run("ask -q -b codex hello").expect(4).stdout_is("").stderr_begins("[delegate:degraded] codex skipped");
}

TEST_CASE("there is no colour and no progress line without a terminal, unless colour is requested") {
  Cli cli;
  cli.fails("codex").answers("gemini");
  cli.run("ask hello").expect(0).stderr_lacks("\x1b").stdout_lacks("\x1b");
  cli.run("status").expect(0).stdout_lacks("\x1b");
  cli.run("--color always status").expect(0).stdout_has("\x1b[");
  cli.run("--color never status").expect(0).stdout_lacks("\x1b");
}

TEST_CASE("options may stand before and after the words") {
  Cli cli;
  cli.backend("codex", {"--echo"}).answers("gemini");
  cli.run("ask one -b codex two").expect(0).stdout_is("one two\n");
  cli.run("ask one two --backend=codex").expect(0).stdout_is("one two\n");
}
