#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

// `delegate runs`: what was asked, which backend answered, and how the others failed.
using namespace delegate::test;
using Catch::Matchers::Matches;

namespace {

using Words = std::vector<std::string>;
using Keys = std::vector<std::string>;

const Streams kScreen{.in = Streams::In::terminal, .out_is_terminal = true};

Keys keys_of(const Json& object) {
  Keys names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

/// Ids as `runs` lists them.
Words ids(Cli& cli, const std::string& filters = {}) {
  Words found;
  const Json listed = cli.run("runs --json " + filters).expect(0).json();
  for (const Json& run : listed["runs"]) found.push_back(run["run_id"]);
  return found;
}

/// Asks, and says under which id that is remembered.
std::string asked(Cli& cli, const std::string& words, int code = 0) {
  return cli.run("ask --json " + words).expect(code).json()["run_id"];
}

std::string history_row(const Finished& finished, const std::string& name) {
  for (const std::string& line : finished.out_lines())
    if (line.find(name + " ") == 0) return line;
  FAIL("no history_row for " << name << " in {" << finished.out << "}");
  return {};
}

/// Two backends and three runs of theirs, oldest first: codex answers for claude, claude fails alone, codex answers.
Words three_runs(Cli& cli) {
  cli.config("[breaker]\nthreshold = 9").fails("claude").backend("codex", {"--say", "hi"}, "model = \"big\"");
  return {asked(cli, "hello"), asked(cli, "-b claude hello", 1), asked(cli, "-b codex hello")};
}

/// A codex that says what it used.
std::vector<std::string> codex_that_counts() {
  return {"--say", R"({"type":"item.completed","item":{"type":"agent_message","text":"noted"}})", "--say",
          R"({"type":"turn.completed","usage":{"input_tokens":1234567,"output_tokens":89}})", "--"};
}

}  // namespace

TEST_CASE("runs are listed newest first, each with every backend that was tried") {
  Cli cli;
  const Words all = three_runs(cli);
  const Words lines = cli.run("runs").expect(0).stderr_is("").out_lines();
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0], Matches("RUN +AGO +OUTCOME +TOOK +BACKENDS +WHERE +PROMPT"));
  const auto row_of = [](const std::string& id, const std::string& outcome, const std::string& backends) {
    const std::string times = " +[0-9.]+ m?s +";
    return Matches(id.substr(0, 4) + "[0-9a-z]*" + times + outcome + times + backends + " +project +hello");
  };
  CHECK_THAT(lines[1], row_of(all[2], "answered", "codex/big"));
  CHECK_THAT(lines[2], row_of(all[1], "crashed", "claude"));
  CHECK_THAT(lines[3], row_of(all[0], "answered", "claude > codex/big"));
}

TEST_CASE("runs are selected by backend, outcome and number") {
  Cli cli;
  const Words all = three_runs(cli);
  CHECK(ids(cli) == Words{all[2], all[1], all[0]});
  CHECK(ids(cli, "-b codex") == Words{all[2], all[0]});
  CHECK(ids(cli, "--backend claude") == Words{all[1], all[0]});
  CHECK(ids(cli, "--outcome answered") == Words{all[2], all[0]});
  CHECK(ids(cli, "-n 1") == Words{all[2]});
  CHECK(ids(cli, "-b claude -n 1") == Words{all[1]});
  SECTION("an attempt that ended so is enough, and with a backend it is that backend's") {
    CHECK(ids(cli, "--outcome exited_nonzero") == Words{all[1], all[0]});
    CHECK(ids(cli, "-b claude --outcome exited_nonzero") == Words{all[1], all[0]});
    CHECK(ids(cli, "-b codex --outcome exited_nonzero").empty());
    CHECK(ids(cli, "-b claude --outcome answered").empty());
  }
  SECTION("nothing that fits is said on stderr, and is no failure") {
    cli.run("runs --outcome timed_out").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
    cli.run("runs -b gemini").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  }
}

TEST_CASE("only the newest twenty runs are listed unless more are wanted") {
  Cli cli;
  cli.config("[backends.claude]\nenabled = false");
  for (int i = 0; i < 21; ++i) cli.run("ask -b claude hello").expect(5);
  CHECK(ids(cli).size() == 20);
  CHECK(ids(cli, "--limit 1000").size() == 21);
}

TEST_CASE("--since takes a duration, a date or a time") {
  Cli cli;
  const Words all = three_runs(cli);
  for (const char* since : {"1h", "30d", "1h30m", "3600", "2000-01-01", "2000-01-01T00:00:00Z"})
    CHECK(ids(cli, std::string("--since ") + since).size() == 3);
  for (const char* since : {"0s", "2100-01-01", "2100-01-01T00:00:00+02:00"})
    CHECK(ids(cli, std::string("--since ") + since).empty());
  const std::string second = cli.run("runs --json " + all[1]).expect(0).json()["started_at"];
  CHECK(ids(cli, "--since " + second) == Words{all[2], all[1]});
}

TEST_CASE("an invalid filter is rejected with a suggestion") {
  struct Row {
    Words words;
    std::string what;
    std::string hint;
  };
  const Row history_row = GENERATE(values<Row>({
      {{"-b", "codx"}, "runs: --backend: unknown backend 'codx' (available: claude, ", "did you mean `codex`?"},
      {{"-b", "auto"}, "runs: --backend: unknown backend 'auto'", "see `delegate backends`"},
      {{"-b", "zzzzzzzzz"}, "runs: --backend: unknown backend 'zzzzzzzzz'", "see `delegate backends`"},
      {{"-b", "codx", "--totals"}, "runs: --backend: unknown backend 'codx'", "did you mean `codex`?"},
      {{"-b", ""}, "runs: --backend: must not be empty", "leave it out, or give it a value"},
      {{"--outcome", "answerd"}, "runs: --outcome: unknown outcome 'answerd'", "did you mean `answered`?"},
      {{"--outcome", "zzzzzzzzz"}, "runs: --outcome: unknown outcome 'zzzzzzzzz'", "one of answered, answered_empty, "},
      {{"--outcome", "ANSWERED"}, "runs: --outcome: unknown outcome 'ANSWERED'", ""},
      {{"--outcome", ""}, "runs: --outcome: must not be empty", "leave it out, or give it a value"},
      {{"--since", ""}, "runs: --since: must not be empty", "leave it out, or give it a value"},
      {{"-n", "0"}, "runs: --limit: '0' is not a number from 1 to 1000000", ""},
      {{"-n", "-1"}, "runs: --limit: '-1' is not a number", ""},
      {{"-n", "many"}, "runs: --limit: 'many' is not a number", ""},
      {{""}, "runs: ID: must not be empty", ""},
      {{"one", "two"}, "runs: unexpected argument 'two'", ""},
  }));
  Cli cli;
  Words words{"runs"};
  words.insert(words.end(), history_row.words.begin(), history_row.words.end());
  cli.run(words)
      .expect(2)
      .stdout_is("")
      .stderr_lines(2)
      .stderr_begins("delegate: " + history_row.what)
      .stderr_has("\nhint: " + history_row.hint);
}

TEST_CASE("an invalid filter is reported as JSON with --json") {
  Cli cli;
  Json json = cli.run("runs --outcome answerd --json").expect(2).json();
  CHECK(json["schema"] == "delegate.error/1");
  CHECK(json["error"]["outcome"] == "usage");
  CHECK(json["error"]["message"] == "runs: --outcome: unknown outcome 'answerd'");
  CHECK(json["error"]["hint"] == "did you mean `answered`?");
}

TEST_CASE("runs of a backend that is no longer configured can be selected") {
  Cli cli;
  cli.install("elder").config(
      "[backends.elder]\nkind = \"command\"\ncommand = [\"elder\", \"--read-stdin\", \"--say\", \"hi\"]\n");
  const std::string id = asked(cli, "-b elder hello");
  cli.config("[history]\nlimit = 100");
  CHECK(ids(cli, "-b elder") == Words{id});
  CHECK(cli.run("runs --totals --json -b elder").expect(0).json()["backends"].size() == 1);
  cli.run("runs -b eldr").expect(2).stderr_has("unknown backend 'eldr'").stderr_has("did you mean `elder`?");
}

TEST_CASE("a history without runs is empty, not a failure") {
  Cli cli;
  cli.run("runs").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  cli.run("runs --totals").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  CHECK(cli.run("runs --json").expect(0).stderr_is("").json()["runs"] == Json::array());
  CHECK(cli.run("runs --totals --json").expect(0).stderr_is("").json()["backends"] == Json::array());
  cli.run("runs 1").expect(2).stdout_is("").stderr_has("no run with id '1' in the history");
}

TEST_CASE("a run is running while its process is there, and killed when that is gone") {
  Cli cli;
  cli.counted("codex", {"--hang"});
  Running asking = cli.start("ask hello");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  REQUIRE(ids(cli).size() == 1);
  const std::string id = ids(cli).at(0);
  CHECK_THAT(history_row(cli.run("runs").expect(0), id.substr(0, 4)), Matches(".* running +- +- +project +hello"));
  cli.run("runs " + id).expect(0).stdout_has("outcome    running\n").stdout_has("\nno attempt has finished yet\n");

  asking.signal(SIGKILL);
  asking.finish().expect(-SIGKILL);
  CHECK_THAT(history_row(cli.run("runs").expect(0), id.substr(0, 4)), Matches(".* killed +- +- +project +hello"));
  cli.run("runs " + id).expect(0).stdout_has("outcome    killed\n").stdout_has("\nno attempt has finished\n");
  Json json = cli.run("runs --json " + id).expect(0).json();
  CHECK(json["outcome"] == "killed");
  for (const char* unknown : {"duration_ms", "backend", "model", "usage"}) CHECK_FALSE(json.contains(unknown));
}

TEST_CASE("one run is shown in full, with each attempt and its message") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1").fails("claude").backend("codex", {"--say", "hi"}, "model = \"big\"");
  const Finished shown = cli.run("runs " + asked(cli, "-t review hello")).expect(0).stderr_is("");
  CHECK_THAT(history_row(shown, "when"), Matches("when +\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z, .* ago"));
  CHECK(history_row(shown, "where") == "where        " + cli.home("project"));
  CHECK(history_row(shown, "asked for") == "asked for    auto, review");
  CHECK_THAT(history_row(shown, "outcome"), Matches("outcome +answered after [0-9.]+ m?s"));
  CHECK(history_row(shown, "answered by") == "answered by  codex/big");
  CHECK_THAT(history_row(shown, "1."),
             Matches("1\\. +claude +crashed \\(exit code 3\\) +.* counted, opened the breaker"));
  CHECK_THAT(history_row(shown, "2."), Matches("2\\. +codex/big +answered +[0-9.]+ m?s"));
  shown.stdout_has("\n    exit code 3: claude is broken\n2.");

  const std::string second = asked(cli, "hello");
  cli.run("runs " + second).expect(0).stdout_has("\nskipped: claude (breaker open, retry in ");
  const std::string third = asked(cli, "-b claude hello", 4);
  cli.run("runs " + third).expect(0).stdout_has("\nno backend was called\nskipped: claude (breaker open");
}

TEST_CASE("a run is found by the beginning of its id") {
  Cli cli;
  const std::string first = asked(cli.answers("codex"), "hello");
  CHECK(cli.run("runs --json " + first.substr(0, 1)).expect(0).json()["run_id"] == first);
  const std::string second = asked(cli, "hello");
  CHECK(cli.run("runs --json " + second).expect(0).json()["run_id"] == second);
  SECTION("unless several begin so") {
    const std::string twin = first.substr(0, 8) + "00000000";
    cli.sql("UPDATE runs SET id = '" + twin + "' WHERE id = '" + second + "'");
    cli.run("runs " + first.substr(0, 8))
        .expect(2)
        .stdout_is("")
        .stderr_lines(2)
        .stderr_has("several runs begin with '")
        .stderr_has(first)
        .stderr_has(twin)
        .stderr_has("hint: give more of the id");
  }
  SECTION("or none does, whatever stands there") {
    for (const std::string& id : Words{"zzz", first + "0", "%", "_", "'", "*", "\x1b[31m", std::string(5000, '1')})
      cli.run(Words{"runs", id})
          .expect(2)
          .stdout_is("")
          .stderr_lines(2)
          .stderr_begins("delegate: runs: no run with id '")
          .stderr_has("' in the history\nhint: `delegate runs` lists them\n")
          .stderr_lacks("\x1b");
  }
}

TEST_CASE("filters cannot be combined with an id") {
  Cli cli;
  const std::string id = asked(cli.answers("codex"), "hello");
  for (const char* filter : {"-b codex", "--outcome answered", "--since 1h", "-n 3", "--totals"})
    cli.run("runs " + id + " " + filter)
        .expect(2)
        .stdout_is("")
        .stderr_has("cannot be combined with")
        .stderr_has("hint: ");
}

TEST_CASE("prompt and answer are shown when they were kept") {
  Cli cli;
  cli.config("[history]\nkeep_prompts = true\nkeep_answers = true").answers("codex");
  const std::string id = asked(cli, "what is errno 11");
  cli.run("runs " + id)
      .expect(0)
      .stdout_has("\n--- prompt ---\nwhat is errno 11\n")
      .stdout_has("\n--- answer ---\ncodex says hi\n")
      .stdout_lacks("not kept");
  Json json = cli.run("runs --json " + id).expect(0).json();
  CHECK(json["prompt"] == Json{{"text", "what is errno 11"}, {"bytes", 16}, {"whole", true}});
  CHECK(json["answer"]["text"] == "codex says hi");
  cli.run("runs").expect(0).stdout_has("what is errno 11");
  SECTION("also later, when nothing is kept any more") {
    cli.config("[history]\nkeep_prompts = false").run("runs " + id).expect(0).stdout_has("what is errno 11\n");
  }
}

TEST_CASE("the head and the tail of a long answer are kept, and the gap is marked") {
  Cli cli;
  cli.config("[history]\nkeep_answers = true")
      .backend("codex", {"--say", "head", "--flood", "400000", "--say", "tail"});
  const std::string id = asked(cli, "hello");
  Json answer = cli.run("runs --json " + id).expect(0).json()["answer"];
  CHECK(answer["whole"] == false);
  CHECK(answer["bytes"].get<int>() > 400'000);
  cli.run("runs " + id)
      .expect(0)
      .stdout_has(" bytes, of which the middle was not kept) ---\nhead\n")
      .stdout_has("tail\n");
}

TEST_CASE("a missing prompt or answer is shown with the setting that would keep it") {
  Cli cli;
  cli.config("[history]\nlast_answers = 0");
  cli.answers("codex").fails("gemini");
  const std::string id = asked(cli, "-b codex hello");
  cli.run("runs " + id)
      .expect(0)
      .stdout_has("\nprompt: not kept; history.keep_prompts = true keeps them from now on\n")
      .stdout_has("\nanswer: not kept; history.keep_answers = true keeps them from now on\n");
  for (const char* absent : {"prompt", "answer"}) CHECK_FALSE(cli.run("runs --json " + id).json().contains(absent));
  CHECK(cli.files_with("codex says hi").empty());
  SECTION("a run without an answer misses none") {
    cli.run("runs " + asked(cli, "-b gemini hello", 1))
        .expect(0)
        .stdout_has("prompt: not kept")
        .stdout_lacks("answer:");
  }
}

TEST_CASE("a terminal gets no control sequences of a model, and a file gets the text unchanged") {
  Cli cli;
  cli.config("[history]\nkeep_prompts = true\nkeep_answers = true").backend("codex", {"--say", "an\x1b[31mswer\a"});
  const std::string id = asked(cli, "que\x1b]0;stion");
  cli.run("runs " + id).expect(0).stdout_has("\nque\x1b]0;stion\n").stdout_has("\nan\x1b[31mswer\a\n");
  cli.streams(kScreen);
  const Finished shown = cli.run("runs " + id).expect(0);
  shown.stderr_has("\r\nque^[]0;stion\r\n")
      .stderr_has("\r\nan^[[31mswer^G\r\n")
      .stderr_lacks("\x1b")
      .stderr_lacks("\a");
}

TEST_CASE("a failure's message sends no control sequences to a terminal") {
  Cli cli;
  cli.backend("codex", {"--err", "it \x1b[31mbroke\a", "--exit", "3"});
  const std::string id = asked(cli, "hello", 1);
  cli.streams(kScreen);
  cli.run("runs " + id).expect(0).stderr_has("broke").stderr_lacks("\x1b").stderr_lacks("\a");
}

TEST_CASE("what steers the direction of text is shown on a terminal, and stays in a file") {
  Cli cli;
  const std::string answer = "rm \u202Etxt.exe\u2028shalom \u200F.";
  cli.config("[history]\nkeep_answers = true").backend("codex", {"--say", answer});
  const std::string id = asked(cli, "hello");
  cli.run("runs " + id).expect(0).stdout_has(answer + "\n");
  cli.run("ask -b codex hello").expect(0).stdout_is(answer + "\n");
  cli.backend("gemini", {"--err", "it \u202Ebroke\u2069", "--exit", "3"});
  cli.run("ask -b gemini hello").expect(1).stderr_has("it <U+202E>broke<U+2069>").stderr_lacks("\u202E");
  cli.run("status").expect(0).stdout_has("<U+202E>broke").stdout_lacks("\u202E");
  cli.run("runs --json").expect(0).stdout_has("<U+202E>broke").stdout_lacks("\u202E");
  cli.streams(kScreen);
  for (const std::string& words : {std::string("ask -b codex hello"), "runs " + id})
    cli.run(words)
        .expect(0)
        .stderr_has("rm <U+202E>txt.exe<U+2028>shalom \u200F.")
        .stderr_lacks("\u202E")
        .stderr_lacks("\u2028");
}

TEST_CASE("the list fits the terminal") {
  Cli cli;
  const Words all = three_runs(cli);
  cli.streams({.in = Streams::In::terminal, .out_is_terminal = true, .columns = 70});
  const Words lines = cli.run("--color never runs").expect(0).stderr_has(all[0].substr(0, 4)).err_lines();
  for (const std::string& line : lines) {
    INFO(line);
    CHECK(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80 && c != '\r'; }) <= 70);
  }
}

TEST_CASE("listed runs have the documented keys_of as JSON, and unknown values are absent") {
  Cli cli;
  const Words all = three_runs(cli);
  Json json = cli.run("runs --json").expect(0).stderr_is("").json();
  CHECK(keys_of(json) == Keys{"schema", "runs"});
  CHECK(json["schema"] == "delegate.runs/1");
  REQUIRE(json["runs"].size() == 3);
  CHECK(keys_of(json["runs"][0]) == Keys{"run_id", "started_at", "outcome", "requested_backend", "task_type", "cwd",
                                         "summary", "backend", "model", "duration_ms", "attempts"});
  Json failed = json["runs"][1];
  CHECK(keys_of(failed) == Keys{"run_id", "started_at", "outcome", "requested_backend", "task_type", "cwd", "summary",
                                "duration_ms", "attempts"});
  CHECK(failed["outcome"] == "exited_nonzero");
  CHECK(failed["requested_backend"] == "claude");
  CHECK(keys_of(failed["attempts"][0]) == Keys{"backend", "outcome", "counted", "probe", "tripped", "recovered",
                                               "started_at", "duration_ms", "message", "exit_code"});
  CHECK(failed["attempts"][0]["exit_code"] == 3);
  Json fallback = json["runs"][2];
  CHECK(fallback["requested_backend"] == "auto");
  CHECK(fallback["attempts"][0]["backend"] == "claude");
  CHECK(fallback["attempts"][1]["backend"] == "codex");
  CHECK(fallback["attempts"][1]["model"] == "big");
}

TEST_CASE("one run has the skipped backends and the usage as JSON") {
  Cli cli;
  cli.config("[breaker]\nthreshold = 1\n[history]\nkeep_prompts = true").fails("claude");
  cli.backend("codex", codex_that_counts(), "kind = \"codex\"");
  cli.run("ask -b claude hello").expect(1);
  Json json = cli.run("runs --json " + asked(cli, "hello")).expect(0).stderr_is("").json();
  CHECK(keys_of(json) == Keys{"schema", "run_id", "started_at", "outcome", "requested_backend", "task_type", "cwd",
                              "summary", "backend", "duration_ms", "usage", "attempts", "skipped", "prompt", "answer"});
  CHECK(json["schema"] == "delegate.run/1");
  CHECK(json["usage"] == Json{{"input_tokens", 1234567}, {"output_tokens", 89}});
  REQUIRE(json["skipped"].size() == 1);
  CHECK(keys_of(json["skipped"][0]) == Keys{"backend", "reason", "retry_in_ms", "message"});
  CHECK(json["skipped"][0]["reason"] == "breaker_open");
  cli.run("runs " + json["run_id"].get<std::string>()).stdout_has("usage        1,234,567 tokens in, 89 out\n");
}

TEST_CASE("a state in memory keeps no runs") {
  Cli cli;
  cli.config("[state]\nstore = \"memory\"").answers("codex");
  const std::string id = asked(cli, "hello");
  cli.run("runs").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  cli.run("runs --totals").expect(0).stdout_is("").stderr_is("delegate: no runs to show\n");
  cli.run("runs " + id).expect(2).stdout_is("").stderr_has("no run with id '");
}

TEST_CASE("runs reports why there is no history when the state cannot be used") {
  Cli cli;
  cli.answers("codex").set("XDG_STATE_HOME", "/proc/nowhere");
  for (const char* words : {"runs", "runs --totals", "runs 1", "runs -b codex"})
    cli.run(words).expect(70).stdout_is("").stderr_begins("delegate: runs: no history: ").stderr_has("/proc/nowhere");
  Json json = cli.run("runs --json").expect(70).json();
  CHECK(json["schema"] == "delegate.error/1");
  CHECK(json["error"]["outcome"] == "internal");
}

TEST_CASE("listing runs asks no backend and changes nothing") {
  Cli cli;
  cli.counted("codex", {"--say", "hi"}).run("ask hello").expect(0);
  const Words before = ids(cli);
  for (const char* words : {"runs", "runs --json", "runs --totals", "runs last"}) cli.run(words).expect(0);
  CHECK(ids(cli) == before);
  CHECK(cli.spawns("codex") == 1);
}

TEST_CASE("a failure that was not recognised says so, and its last lines are kept with the run") {
  Cli cli;
  cli.backend("codex", {"--err", "the frobnicator broke", "--err", "in part 7", "--exit", "3"});
  const Finished failed = cli.run("ask -b codex hello").expect(1);
  failed.stderr_has("was not recognised").stderr_has("delegate runs ").stderr_has("please report");
  const std::string id = ids(cli)[0];
  failed.stderr_has(id);
  cli.run("runs " + id)
      .expect(0)
      .stdout_has("    | the frobnicator broke\n    | in part 7\n    | delegate ")
      .stdout_has(", codex, exit code 3\n    not recognised: to report it, send the lines ");
  CHECK(cli.run("runs --json " + id).expect(0).json()["attempts"][0]["last_lines"] ==
        "the frobnicator broke\nin part 7");
  cli.backend("codex", {"--err", "Error: 401 Unauthorized", "--exit", "3"});
  CHECK(cli.run("ask -b codex hello").expect(1).err.find("not recognised") == std::string::npos);
  CHECK(cli.run("runs " + ids(cli)[0]).expect(0).out.find("    | ") == std::string::npos);
}

TEST_CASE("what another hand has written into the history does not reach the terminal") {
  Cli cli;
  cli.fails("codex").run("ask -b codex hello").expect(1);
  const std::string id = cli.run("runs --json").expect(0).json()["runs"][0]["run_id"];
  cli.sql("UPDATE runs SET outcome = char(27) || '[2J', task_type = char(27) || ']0;x', requested_backend = char(27)");
  cli.sql("UPDATE attempts SET outcome = char(27) || '[2J', model = char(27), backend = char(27) || 'c'");
  for (const std::string command : {"runs", "runs --totals", "runs "}) {
    const Finished shown = cli.run(command == "runs " ? command + id : command).expect(0);
    CHECK(shown.out.find('\x1b') == std::string::npos);
  }
}
