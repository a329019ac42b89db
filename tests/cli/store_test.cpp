#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"
#include "tests/helpers/log_frames.hpp"

// A state that cannot be kept never keeps a question from being answered, and is said once.
using namespace delegate::test;

namespace {

std::size_t rows(const std::string& path, const std::string& table) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  sqlite3_busy_timeout(database, 10'000);  // the log may just be shortened
  REQUIRE(sqlite3_prepare_v2(database, ("SELECT count(*) FROM " + table).c_str(), -1, &statement, nullptr) ==
          SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  const auto count = static_cast<std::size_t>(sqlite3_column_int64(statement, 0));
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return count;
}

void still_answers(Cli& cli, const std::string& why) {
  cli.run("ask hello")
      .expect(0)
      .stdout_is("codex says hi\n")
      .stderr_lines(1)
      .stderr_has("breakers are off")
      .stderr_has(why);
  cli.run("ask -q hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
  Json json = cli.run("ask hello --json").expect(0).json();
  CHECK(json["warnings"].size() == 1);
  Json store = cli.status()["store"];
  CHECK(store["ok"] == false);
  CHECK(store["problem"].get<std::string>().find(why) != std::string::npos);
  cli.run("status").expect(0).stdout_has("unusable").stdout_has(why);
  cli.run("breaker trip codex").expect(70).stdout_is("").stderr_has(why);
}

}  // namespace

TEST_CASE("a call is answered when the state directory is a file") {
  Cli cli;
  cli.answers("codex").write(cli.file("not-a-directory"), "");
  still_answers(cli.set("XDG_STATE_HOME", cli.file("not-a-directory")), "not-a-directory");
}

TEST_CASE("a call is answered when the state directory cannot be created") {
  Cli cli;
  still_answers(cli.answers("codex").set("XDG_STATE_HOME", "/proc/nowhere"), "/proc/nowhere");
}

TEST_CASE("a call is answered when the state file is a directory") {
  Cli cli;
  cli.answers("codex").write(cli.state_file() + "/something", "");
  still_answers(cli, "state.db");
}

TEST_CASE("a call is answered without a home") {
  Cli cli;
  cli.answers("codex").run("config check").expect(0);
  const std::string config = cli.config_file();
  for (const char* name : {"HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"})
    cli.unset(name);
  still_answers(cli.set("DELEGATE_CONFIG", config), "neither XDG_STATE_HOME nor HOME is set");
  cli.unset("DELEGATE_CONFIG").run("status").expect(0).stdout_has("claude");
}

TEST_CASE("a state file of a newer version is left as it is") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0).stderr_is("");
  cli.sql("PRAGMA user_version=99");  // as a later version of the program would leave it
  const std::string before = cli.read(cli.state_file());
  still_answers(cli, "newer delegate");
  CHECK(cli.read(cli.state_file()) == before);
}

TEST_CASE("a damaged state file is moved away once, and a new one is created") {
  Cli cli;
  cli.answers("codex").write(cli.state_file(), std::string(20000, 'x'));
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_lines(1).stderr_has("state.db.damaged-");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
  CHECK(cli.status()["store"]["ok"] == true);
  CHECK(cli.status_of("codex")["last"]["outcome"] == "answered");
  REQUIRE(cli.files_with(std::string(20000, 'x')).size() == 1);
}

TEST_CASE("a call waits while another process locks the state file, and says for which") {
  Cli cli;
  cli.counted("codex", {"--say", "codex says hi"}).run("ask hello").expect(0);
  const std::string by_us = "the state is locked by process " + std::to_string(::getpid());
  sqlite3* holder = nullptr;
  REQUIRE(sqlite3_open(cli.state_file().c_str(), &holder) == SQLITE_OK);
  REQUIRE(sqlite3_exec(holder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  SECTION("and is answered when the lock is gone") {
    Running asked = cli.start("ask -v hello");
    REQUIRE(asked.comes_to_say(by_us));
    sqlite3_close(holder);
    asked.finish().expect(0).stdout_is("codex says hi\n");
  }
  SECTION("and starts nothing if it stays") {
    cli.run("ask hello").expect(4).stdout_is("").stderr_has(by_us);
    CHECK(cli.spawns("codex") == 1);
    sqlite3_close(holder);
  }
}

TEST_CASE("a log that was removed while another process had it open prevents no process from using the state") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  sqlite3* holder = nullptr;
  REQUIRE(sqlite3_open(cli.state_file().c_str(), &holder) == SQLITE_OK);
  REQUIRE(sqlite3_exec(holder, "SELECT count(*) FROM runs", nullptr, nullptr, nullptr) == SQLITE_OK);
  std::filesystem::remove(cli.state_file() + "-wal");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
  cli.run("canary run").expect(0);
  sqlite3_close(holder);
}

TEST_CASE("eight first calls at once create one state, and none reports a problem") {
  Cli cli;
  cli.backend("codex", {"--say", "hi"}, "max_parallel = 8");
  std::vector<Running> all;
  for (int i = 0; i < 8; ++i) all.push_back(cli.start("ask hello"));
  for (Running& one : all) one.finish().expect(0).stdout_is("hi\n").stderr_is("");
  CHECK(rows(cli.state_file(), "runs") == 8);
}

TEST_CASE("an empty state file is initialised") {
  Cli cli;
  cli.answers("codex").write(cli.state_file(), "");
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_is("");
}

TEST_CASE("the state is readable by its owner only") {
  Cli cli;
  cli.answers("codex").run("ask hello").expect(0);
  namespace fs = std::filesystem;
  CHECK(fs::status(cli.state_file()).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(fs::status(fs::path(cli.state_file()).parent_path()).permissions() == fs::perms::owner_all);
}

TEST_CASE("a store in memory ends with its process, and no warning is printed") {
  Cli cli;
  cli.config("[state]\nstore = \"memory\"\n[breaker]\nthreshold = 1").fails("codex");
  cli.run("ask -b codex hello").expect(1);
  cli.run("ask -b codex hello").expect(1);
  CHECK(cli.status()["store"]["kind"] == "memory");
  CHECK_FALSE(std::filesystem::exists(cli.state_file()));
}

TEST_CASE("state.path names another state file") {
  Cli cli;
  cli.config("[state]\npath = \"" + cli.file("elsewhere/state.db") + "\"").answers("codex");
  cli.run("ask hello").expect(0).stderr_is("");
  CHECK(cli.status()["store"]["path"] == cli.file("elsewhere/state.db"));
  CHECK(std::filesystem::exists(cli.file("elsewhere/state.db")));
  cli.config("[state]\npath = \"~/mine.db\"").run("ask hello").expect(0).stderr_is("");
  CHECK(std::filesystem::exists(cli.home("mine.db")));
}

TEST_CASE("users with different homes have separate breakers") {
  Cli mine;
  Cli yours;
  mine.config("[breaker]\nthreshold = 1").fails("codex").run("ask hello").expect(1);
  CHECK(mine.state_of("codex") == "open");
  CHECK(yours.answers("codex").state_of("codex") == "closed");
}

TEST_CASE("every run and every attempt is a row, and the oldest are removed") {
  Cli cli;
  cli.config("[history]\nlimit = 3").fails("codex").answers("gemini");
  for (int i = 0; i < 2; ++i) cli.run("ask hello").expect(0);
  CHECK(rows(cli.state_file(), "runs") == 2);
  CHECK(rows(cli.state_file(), "attempts") == 4);
  CHECK(cli.status_of("codex")["last"]["outcome"] == "exited_nonzero");
  CHECK(cli.status_of("gemini")["last"]["outcome"] == "answered");
  for (int i = 0; i < 3; ++i) cli.run("ask -b gemini hello").expect(0);
  CHECK(rows(cli.state_file(), "runs") == 3);
  CHECK(rows(cli.state_file(), "attempts") == 3);
}

TEST_CASE("status and other read-only commands spawn no backend") {
  Cli cli;
  cli.counted("codex", {"--say", "hi"});
  for (const char* words : {"status", "status --json", "backends", "backends --json", "breaker list", "config check"})
    cli.run(words).expect(0).stderr_is("");
  CHECK(cli.spawns("codex") == 0);
}

TEST_CASE("a state directory that others can write to is not used, and a call says so with what to do") {
  Cli cli;
  cli.answers("codex");
  const std::string directory = cli.home(".local/state/delegate");
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(directory, std::filesystem::perms(0777));
  const std::string why = directory + ": other users can write to it; chmod go-w " + directory;
  cli.run("ask hello").expect(0).stdout_is("codex says hi\n").stderr_has("breakers are off for this call: " + why);
  cli.run("doctor").stdout_has("cannot be used, so no breaker works: " + why);
  CHECK(std::filesystem::is_empty(directory));
}

TEST_CASE("a state file with a table missing is repaired, said once, and the call is answered") {
  Cli cli;
  cli.answers("codex").run("ask -b codex hello").expect(0);
  const std::string table = GENERATE("notifications", "canary", "backend_state", "runs", "leases");
  cli.sql("DROP TABLE " + table);
  const std::string first = GENERATE("ask -b codex hello", "status", "runs", "canary");
  cli.run(first).expect(0).stderr_has("state file repaired: ").stderr_has("table " + table + " was missing");
  cli.run("ask -b codex hello").expect(0).stdout_is("codex says hi\n").stderr_lacks("repaired");
  cli.run("doctor").stderr_lacks("repaired").stdout_lacks("repaired");
}

TEST_CASE("a broken table of notifications keeps no breaker from opening") {
  Cli cli;
  cli.fails("codex").run("ask -b codex hello").expect(1);
  cli.sql("DROP TABLE notifications; CREATE VIEW notifications AS SELECT 1 AS id");
  cli.run("ask -b codex hello").expect(1).stderr_has("damaged state file renamed to ");
  for (int i = 0; i < 2; ++i) cli.run("ask -b codex hello").expect(1).stderr_lacks("damaged");
  CHECK(cli.state_of("codex") == "open");
}

TEST_CASE("calls keep the log of the state short") {
  Cli cli;
  cli.answers("codex");
  bool was_long = false;
  CHECK(eventually([&] {
    cli.run("ask hello").expect(0);
    const int frames = frames_in_log(cli.state_file() + "-wal");
    was_long = was_long || frames > 100;
    return was_long && frames < 60;
  }));
}
