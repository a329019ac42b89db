#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/os/file.hpp"
#include "core/state/sqlite.hpp"
#include "core/state/sqlite_database.hpp"
#include "core/state/sqlite_schema.hpp"
#include "tests/conformance/damage.hpp"
#include "tests/conformance/stores.hpp"

// A state file outlives the version that wrote it.
using namespace delegate;

namespace {

std::string sql(const Path& path, const std::string& text) { return query_file(path, text); }

/// A file as delegate 0.1.0 left it.
Path file_of_version_1(const TempDirectory& directory) {
  const Path path = directory.path() / "state.db";
  const auto dump = read_file(Path(SOURCE_DIRECTORY) / "tests/fixtures/state/v1.sql");
  REQUIRE(dump);
  sql(path, *dump);
  ::chmod(path.c_str(), 0600);
  return path;
}

std::unique_ptr<StateStore> open(const Path& path, const Clock& clock) {
  auto store = open_sqlite_store(path, clock);
  INFO((store ? std::string() : store.error().what));
  REQUIRE(store);
  return *std::move(store);
}

}  // namespace

TEST_CASE("a file of the first version is taken over with all that is in it") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = file_of_version_1(directory);
  const auto store = open(path, clock);
  CHECK(store->notice().empty());
  CHECK(store->read()->backends.at("codex").breaker.trips == 17);
  const auto runs = store->ledger().runs({});
  REQUIRE(runs->size() == 3);
  CHECK(runs->at(2).id == "01kejaaaa0000001");
  CHECK(runs->at(2).session_id == "s-1");
  CHECK(runs->at(2).usage.cost_usd == Approx(0.25));
  CHECK(runs->at(1).outcome == "exited_nonzero");
  CHECK(runs->at(0).outcome.empty());
  CHECK(store->ledger().run("01kejaaaa0000001")->prompt == kept("what was asked"));
  CHECK_FALSE(store->ledger().run("01kejaaaa0000002")->prompt);
  CHECK(store->ledger().run("01kejaaaa0000003")->prompt == kept("caf\u00e9"));
  const auto attempts = store->ledger().attempts("01kejaaaa0000002");
  REQUIRE(attempts->size() == 1);
  CHECK(attempts->at(0).message == "broken");
  CHECK(attempts->at(0).exit_code == 3);
  CHECK_FALSE(attempts->at(0).tripped);
  CHECK_FALSE(attempts->at(0).retry_at);
  CHECK(store->ledger().newest_session({.cwd = "/home/me"}).value()->session_id == "s-1");
  SECTION("and is written to like any other") {
    REQUIRE(store->ledger().begin_run({.id = "new", .started_at = 1'795'000'200'000ms}));
    CHECK(store->ledger().runs({.most = 1})->at(0).id == "new");
  }
}

TEST_CASE("a long prompt of the first version keeps its head and its tail") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = file_of_version_1(directory);
  const std::string longest(KeptText::kMost, 'x');
  const std::string too_long = "begin" + longest + "end";
  sql(path, "UPDATE runs SET prompt = '" + too_long + "' WHERE number = 1");
  sql(path, "UPDATE runs SET prompt = '" + longest + "' WHERE number = 2");
  const auto store = open(path, clock);
  const bool is_cut = store->ledger().run("01kejaaaa0000001")->prompt == kept(too_long);
  const bool is_whole = store->ledger().run("01kejaaaa0000002")->prompt == kept(longest);
  CHECK(is_cut);
  CHECK(is_whole);
}

TEST_CASE("an old file and a new one have the same schema afterwards") {
  const TempDirectory old_place;
  const TempDirectory new_place;
  const TestClock clock;
  const Path old_file = file_of_version_1(old_place);
  const Path new_file = new_place.path() / "state.db";
  open(old_file, clock);
  open(new_file, clock);
  const char* kNames = "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema ORDER BY name)";
  CHECK(sql(old_file, kNames) == sql(new_file, kNames));
  CHECK(sql(old_file, "PRAGMA user_version") == std::to_string(sqlite::migrations().size()));
  CHECK(sql(new_file, "PRAGMA user_version") == std::to_string(sqlite::migrations().size()));
  CHECK(sql(old_file, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("an addition leaves the version as it is, so that an older program goes on with the file") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = directory.path() / "state.db";
  open(path, clock);
  // As a program without additions left it: it sees the same version, and writes rows without the new columns.
  sql(path,
      "DROP INDEX writing_runs; ALTER TABLE runs DROP COLUMN writes; ALTER TABLE runs DROP COLUMN summary; "
      "DROP INDEX answers_by_end; ALTER TABLE texts DROP COLUMN answer_until; "
      "ALTER TABLE attempts DROP COLUMN may_have_written; ALTER TABLE attempts DROP COLUMN written_files; "
      "ALTER TABLE attempts DROP COLUMN quota_before; ALTER TABLE attempts DROP COLUMN quota_after; "
      "ALTER TABLE attempts DROP COLUMN billed_extra; "
      "ALTER TABLE attempts DROP COLUMN last_lines; DROP TABLE job_requests; DROP TABLE leases; DROP TABLE canary; "
      "DROP TABLE writers; DROP TABLE waiting_writers; "
      "DROP TABLE usage_hours; DROP TABLE budget_periods; DROP TABLE reservations; "
      "DROP INDEX "
      "jobs_in_line; "
      "DROP INDEX jobs_running; DROP INDEX jobs_owned; DROP INDEX jobs_yielded; DROP INDEX jobs_killed_unstarted; "
      "ALTER TABLE jobs DROP COLUMN line; "
      "ALTER TABLE jobs DROP COLUMN turn; ALTER TABLE jobs DROP COLUMN begun; ALTER TABLE jobs DROP COLUMN own; ALTER "
      "TABLE jobs DROP COLUMN turn_at; "
      "ALTER TABLE jobs DROP COLUMN needs; PRAGMA application_id=0");
  const std::string insert =
      "INSERT INTO attempts (run_id, number, backend, model, outcome, message, probe, counted, started_at, took, "
      "session_id, tripped, recovered) VALUES ('r', 1, 'codex', '', 'answered', '', 0, 0, 0, 0, '', 0, 0)";
  sql(path, insert);
  {
    const auto upgraded = open(path, clock);
    CHECK(upgraded->has_begun_to_keep_summaries());
    CHECK(upgraded->ledger().attempts("r")->at(0).last_lines.empty());
  }
  CHECK_FALSE(open(path, clock)->has_begun_to_keep_summaries());
  CHECK(open(path, clock)->writers()->writing.empty());
  CHECK(sql(path, "PRAGMA user_version") == std::to_string(sqlite::migrations().size()));
  sql(path, "DELETE FROM attempts; " + insert);
  CHECK(open(path, clock)->ledger().attempts("r")->size() == 1);
  SECTION("and so does this one with additions of a newer program") {
    sql(path, "PRAGMA application_id=" + std::to_string(0x64656CFF));
    CHECK(open(path, clock)->ledger().attempts("r")->size() == 1);
    CHECK(sql(path, "PRAGMA application_id") == std::to_string(0x64656CFF));
  }
}

TEST_CASE("eight processes that open an old file at the same time upgrade it once") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = file_of_version_1(directory);
  std::vector<std::string> troubles(8);
  std::vector<std::thread> threads;
  for (std::string& trouble : troubles)
    threads.emplace_back([&] {
      auto store = open_sqlite_store(path, clock);
      if (!store) trouble = store.error().what;
      else if ((*store)->ledger().runs({})->size() != 3) trouble = "runs are missing";
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(troubles == std::vector<std::string>(8));
}

TEST_CASE("an upgrade that is cut off leaves the old file as it was") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = file_of_version_1(directory);
  std::vector<const char*> steps(sqlite::migrations().begin(), sqlite::migrations().end());
  steps[4] = "ALTER TABLE notifications ADD COLUMN ended_at INTEGER; SELECT no_such_function()";
  CHECK_FALSE(sqlite::Database::open({.path = path, .migrations = steps}));
  CHECK(sql(path, "PRAGMA user_version") == "1");
  CHECK(sql(path, "SELECT prompt FROM runs WHERE number = 1") == "what was asked");
  CHECK(open(path, clock)->ledger().run("01kejaaaa0000001")->prompt == kept("what was asked"));
}

TEST_CASE("a store notices that its file could not be opened again") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = directory.path() / "state.db";
  const auto store = open(path, clock);
  REQUIRE(can_be_opened_again(*store));
  SECTION("a newer version has upgraded it") { sql(path, "PRAGMA user_version=99"); }
  SECTION("others can write to its directory") {
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  }
  CHECK_FALSE(can_be_opened_again(*store));
}

TEST_CASE("a version that makes no sense is refused like a newer one") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = file_of_version_1(directory);
  sql(path, "PRAGMA user_version=-7");
  const auto store = open_sqlite_store(path, clock);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Code::invalid_argument);
}

TEST_CASE("what is stored is for its owner alone: the file, its log and its index") {
  const TempDirectory directory;
  const TestClock clock;
  const Path path = directory.path() / "state.db";
  const auto store = open(path, clock);
  REQUIRE(store->ledger().begin_run({.id = "r", .prompt = kept("a secret")}));
  for (const char* companion : {"", "-wal", "-shm"}) {
    struct stat facts {};
    INFO(companion);
    REQUIRE(::stat((path.string() + companion).c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
  }
}
