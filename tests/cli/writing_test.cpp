#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/background.hpp"

// ask --write: who may be asked, and what becomes of half a change.
using namespace delegate::test;

namespace {

/// Stands for claude: changes a file, and fails.
Cli& fails_half_way(Cli& cli) {
  cli.write(
      cli.file("events"),
      R"({"type":"assistant","message":{"content":[{"type":"tool_use","id":"t1","name":"Edit","input":{"file_path":")" +
          cli.home("a.cpp") + "\"}}]}}\n" +
          R"({"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"API Error: 529 Overloaded"})" +
          "\n");
  return cli.counted("claude", {"--play", cli.file("events"), "--exit", "1", "--"}, "kind = \"claude\"");
}

constexpr const char* kCanWrite = "can = [\"read_files\", \"write_files\"]";

}  // namespace

TEST_CASE("a request to change files is not answered by one that cannot, and the exit code says so") {
  Cli cli;
  cli.answers("local");
  const Finished refused = cli.run("ask --write hello").expect(5).stdout_is("");
  refused.stderr_begins("delegate: no backend that is installed can change files\nhint: ")
      .stderr_has("local skipped (cannot change files)");
  cli.run("ask --write -b local hello").expect(5).stdout_is("").stderr_begins("delegate: local cannot change files\n");
  const Json json = cli.run("ask --write hello --json").expect(5).json();
  CHECK(json["error"]["outcome"] == "cannot_write");
  CHECK(json["skipped"][0]["reason"] == "cannot_write");
  cli.run("ask hello").expect(0).stdout_is("local says hi\n");
  cli.backend("local", {"--say", "done"}, kCanWrite).run("ask --write hello").expect(0).stdout_is("done\n");
}

TEST_CASE("a state that no other process sees cannot keep others out, and a run that writes says so") {
  Cli cli;
  cli.config("[state]\nstore = \"memory\"\n").backend("agy", {"--say", "done"}, kCanWrite).in_directory(cli.home());
  cli.run("ask --write hello").expect(0).stdout_is("done\n").stderr_has("state.store is \"memory\"").stderr_lines(2);
  cli.run("ask hello").expect(0).stderr_is("");
}

TEST_CASE("what a backend can do is listed") {
  Cli cli;
  cli.backend("agy", {"--say", "done"}, kCanWrite).backend("codex", {"--"}, "kind = \"codex\"").answers("local");
  cli.run("backends").expect(0).stdout_has("BACKEND").stdout_has("CAN");
  const Json json = cli.run("backends --json").expect(0).json();
  const auto can = [&](const std::string& name) {
    for (const Json& backend : json["backends"])
      if (backend["name"] == name) return backend["can"];
    return Json();
  };
  CHECK(can("agy") == Json{"read_files", "write_files", "stream"});
  CHECK(can("codex") == Json{"read_files", "write_files", "run_commands", "resume_sessions", "take_schema"});
  CHECK(can("local") == Json{"stream"});
}

TEST_CASE("half a change is never built upon silently: the run stops, says who changed what, and how to go on") {
  Cli cli;
  fails_half_way(cli).backend("second", {"--echo"}, kCanWrite);
  cli.in_directory(cli.home());
  const Finished stopped = cli.run("ask --write hello").expect(1).stdout_is("");
  stopped.stderr_has("(it may have changed a.cpp)").stderr_has("--continue-writing");
  CHECK(cli.spawns("claude") == 1);

  // In a later run the other one goes on, and hears of it.
  cli.run("ask --write --continue-writing hello")
      .expect(0)
      .stdout_has("claude (service overloaded) began it in these files and did not finish")
      .stdout_has("a.cpp");
  CHECK(cli.spawns("claude") == 1);
  // Now there is nothing left half done; here it goes on in the same run.
  cli.run("ask --write --continue-writing hello").expect(0).stdout_has("claude (service overloaded) began it");
  CHECK(cli.spawns("claude") == 2);

  const Json json = cli.run("ask --write hello --json").expect(1).json();
  CHECK(json["error"]["half_done"] == true);
  CHECK(json["attempts"][0]["written_files"] == Json{"a.cpp"});
  cli.run("ask hello").expect(0).stdout_has("hello");  // one that only reads is asked next as ever
}

TEST_CASE("to go on with a change needs the permission to change something") {
  Cli cli;
  cli.answers("local");
  cli.run("ask --continue-writing hello").expect(2).stderr_begins("delegate: ask: --continue-writing needs --write\n");
}

TEST_CASE("a background run stops half-way, too, and its result says so") {
  Cli cli;
  fails_half_way(cli).backend("second", {"--echo"}, kCanWrite);
  const std::string id = submit(cli, "--write hello");
  cli.run("result --wait " + id).expect(1).stderr_has("it may have changed").stderr_has("--continue-writing");
  const std::string next = submit(cli, "--write --continue-writing hello");
  cli.run("result --wait " + next).expect(0).stdout_has("did not finish");
}

TEST_CASE(
    "two runs do not write in one directory at a time: one in the foreground is refused, a background run waits") {
  Cli cli;
  cli.counted("codex", {"--wait-file", cli.file("go"), "--say", "done"}, std::string(kCanWrite) + "\nmax_parallel = 8");
  Running first = cli.start("ask --write one");
  REQUIRE(eventually([&] { return cli.spawns("codex") == 1; }));
  cli.run("ask --write two").expect(4).stdout_is("").stderr_has("has been writing in").stderr_has("hint: wait until");
  const std::string id = submit(cli, "--write three");
  REQUIRE(eventually([&] { return cli.run("runs " + id).out.find(", which changes files in") != std::string::npos; }));
  CHECK(cli.spawns("codex") == 1);
  let_go(cli);
  first.finish().expect(0).stdout_is("done\n");
  cli.run("result --wait " + id).expect(0).stdout_is("done\n");
}

TEST_CASE("a run that is submitted inside a writing one waits for its end, and the writing one is not kept waiting") {
  Cli cli;
  cli.counted("agy", {"--wait-file", cli.file("go"), "--say", "done"}, kCanWrite + std::string("\nmax_parallel = 3"));
  cli.in_directory(cli.home());
  Running outer = cli.start("ask --write hello");
  REQUIRE(eventually([&] { return cli.spawns("agy") == 1; }));
  const std::string id = cli.run("runs --json").expect(0).json()["runs"][0]["run_id"];
  Running worker = cli.start("worker --stay");
  cli.set("DELEGATE_RUN_ID", id + ".1").set("DELEGATE_DEPTH", "1");
  const auto refused = [&] {
    const Finished done = cli.run("submit --write hello").expect(6).stdout_is("");
    return done.err.find("inside run " + id + ", which writes in ") != std::string::npos;
  };
  REQUIRE(eventually(refused));  // until then the worker has not begun
  const std::string inner = submit(cli, "--write --wait-slot hello");
  const auto waits = [&] {
    const Finished done = cli.run("result --wait " + inner);
    done.expect(124).stderr_has("hint: this command is part of run " + id);
    return done.err.find("waiting for run " + id) != std::string::npos;
  };
  REQUIRE(eventually(waits));  // until then it has not had its turn
  cli.unset("DELEGATE_RUN_ID").unset("DELEGATE_DEPTH");
  let_go(cli);
  outer.finish().expect(0);
  cli.run("result --wait " + inner).expect(0).stdout_is("done\n");
  worker.signal(SIGTERM);
  worker.finish();
}
