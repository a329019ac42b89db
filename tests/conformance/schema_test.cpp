#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "core/run/writers.hpp"
#include "core/state/canary_records.hpp"
#include "core/state/sqlite.hpp"
#include "core/state/sqlite_database.hpp"
#include "core/state/sqlite_schema.hpp"
#include "core/state/survey.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/damage.hpp"
#include "tests/conformance/queue.hpp"
#include "tests/conformance/stores.hpp"

// A file whose tables are not those of its version: what is missing is created again if that loses nothing, any other
// one is renamed like a damaged file, and either is said once. No call fails because of it.

using namespace delegate;
using namespace delegate::test;

namespace {

/// The first of all that the program does with a store that fails; empty: none.
std::string failing_part(StateStore& store) {
  std::string failed;
  const auto expect = [&](const auto& result, const char* what) {
    if (!result && failed.empty()) failed = std::string(what) + ": " + result.error().what;
  };
  const auto open_breaker = [](Breaker& breaker, const HostTime& now) {
    const auto nobody = [](const ProcessId&) { return false; };
    const Ticket ticket = try_acquire(breaker, now, {kAnn, "t", 1h}, nobody).ticket;
    settle(breaker, {}, now, ticket, {.verdict = Verdict::failure, .trip = Trip::immediate, .outcome = "timed_out"});
  };
  const auto is_open = [](const Breaker& breaker) { return breaker.state == BreakerState::open; };
  expect(store.update("codex", [](BackendState& state, const HostTime&) { state = {}; }), "closing");
  expect(store.update("codex", [&](BackendState& state, const HostTime& now) { open_breaker(state.breaker, now); }),
         "opening");
  expect(store.update_guard("canary", [](GuardState& state, const HostTime&) { state = {}; }), "closing a guard");
  expect(
      store.update_guard("canary", [&](GuardState& state, const HostTime& now) { open_breaker(state.breaker, now); }),
      "opening a guard");
  const auto states = store.read();
  expect(states, "reading");
  if (states && (!is_open(states->backends.at("codex").breaker) || !is_open(states->guards.at("canary").breaker)))
    failed += " the breaker is not open";
  const auto notifications = store.notifications();
  expect(notifications, "notifications");
  if (notifications && notifications->size() < 2) failed += " no notification";

  Ledger& ledger = store.ledger();
  static int runs = 0;
  const std::string id = "run" + std::to_string(++runs);
  RunRow run{.id = id, .started_at = milliseconds(runs), .prompt = kept("asked")};
  expect(ledger.begin_run(run), "begin_run");
  expect(ledger.add_attempt({.run_id = id, .number = 1, .backend = "codex", .started_at = milliseconds(runs)}),
         "add_attempt");
  run.outcome = "answered";
  run.answer = kept("said");
  run.skips = {{"claude", "breaker_open", "", {}}};
  expect(ledger.finish_run(run, 1000), "finish_run");
  const auto found = ledger.run(id);
  expect(found, "run");
  if (found && (found->answer != kept("said") || found->prompt != kept("asked") || found->skips.size() != 1))
    failed += " the run is not whole";
  expect(ledger.runs({}), "runs");
  expect(ledger.runs({.outcome = "answered"}), "runs by outcome");
  expect(ledger.newest_session({.backend = "codex"}), "sessions");
  expect(ledger.totals({.until = 1h}), "totals");
  expect(ledger.attempts(id), "attempts");
  expect(ledger.last_attempts(), "last attempts");
  expect(ledger.usage({}), "usage");
  const auto reserve = [&](BudgetBook& book, UsageSums&) -> Status {
    book.periods[BudgetPeriod::day].end = 2h;
    book.reservations.push_back({.token = id, .backend = "codex"});
    return {};
  };
  expect(ledger.change_budgets(reserve), "change_budgets");

  Jobs& jobs = *store.jobs();
  const auto nobody = [](const ProcessId&) { return false; };
  expect(jobs.lead(kLeader, 10s, nobody), "lead");
  expect(jobs.add({.id = id, .line = kCodex}, {"request", "start"}, {.parallel = 100, .queued = 100}), "add");
  const auto row = jobs.find(id);
  expect(row, "find");
  if (row) expect(jobs.give_turn(*row, kLeader, 100), "give_turn");
  expect(jobs.take(id, 1, kAnn), "take");
  expect(jobs.start(id, kAnn), "start");
  expect(jobs.finish({.id = id, .ended_at = 1s}, kAnn, 0s), "finish");
  expect(jobs.heads(), "heads");
  expect(jobs.recover([](const JobRow&) { return false; }, 1h), "recover");

  expect(store.canary()->lead(kLeader, 10s, nobody), "lead the canary");
  expect(store.canary()->change(
             kLeader, [](CanaryRecordsById& all, NotificationRows&, const HostTime&) { all["S-01"].id = "S-01"; }),
         "canary");
  expect(store.canary()->records(), "records");
  const auto add_writer = [&](WritersState& state, const HostTime& now) {
    state.writing.push_back({"/a", id, {.token = id, .owner = kAnn, .span = {now, 1h}, .tag = id}});
  };
  expect(store.change_writers(add_writer), "change writers");
  const auto writers = store.writers();
  expect(writers, "writers");
  if (writers && std::none_of(writers->writing.begin(), writers->writing.end(),
                              [&](const auto& writer) { return writer.run_id == id; }))
    failed += " the writer is missing";
  Breakers breakers(&store, {}, kAnn);
  Writers desk(&store, breakers);
  const WriterRequest wanted{.directory = "/b/" + id, .run_id = id, .lease = 1h, .place = id};
  if (desk.line_up(wanted)) failed += " the writer has no turn";
  const auto waiting = store.writers();
  if (waiting && (waiting->waiting.size() != 1 || waiting->waiting[0].row.run_id != id)) failed += " nor a place";
  if (!std::holds_alternative<WriterLease>(desk.acquire(wanted))) failed += " the writer was refused";
  const Survey survey = store.survey(SurveyDepth::everything);
  for (const Error* error = first_error_in(survey, [](const Error&) { return true; }); error != nullptr;
       error = nullptr)
    failed += " survey: " + error->what;
  expect(survey.writable, "write");
  return failed;
}

struct FilledSite {
  TempDirectory directory;
  TestClock clock;
  Path file = directory / "state.db";

  FilledSite() {
    const auto store = open();
    CHECK(failing_part(*store) == "");
    CHECK(put(*store, "claude", elaborate_state(BreakerState::disabled)));
  }
  std::unique_ptr<StateStore> open() { return open_in(directory.path(), clock); }
  std::string number(const std::string& sql) { return query_file(file, sql); }

  /// What was stored is still there.
  bool kept_breakers(StateStore& store) {
    return state_of(store, "claude") == elaborate_state(BreakerState::disabled) &&
           set_aside_files(directory.path()).empty();
  }
  void expect_whole() {
    CAPTURE(number("PRAGMA user_version"));
    const TempDirectory elsewhere;
    REQUIRE(open_in(elsewhere.path(), clock));
    const char* kNames =
        "SELECT group_concat(type || name, ' ') FROM (SELECT * FROM sqlite_schema WHERE type IN ('table', 'index') "
        "ORDER BY name)";
    CHECK(number(kNames) == query_file(elsewhere / "state.db", kNames));
    CHECK(number("PRAGMA user_version") == std::to_string(sqlite::migrations().size()));
    CHECK(number("PRAGMA application_id") == std::to_string(0x64656C00 + sqlite::additions().size()));
    CHECK(number("PRAGMA integrity_check") == "ok");
  }
};

std::vector<std::string> names_of(const std::string& type) {
  const TempDirectory directory;
  const TestClock clock;
  REQUIRE(open_in(directory.path(), clock));
  std::vector<std::string> names;
  std::string name;
  const Path file = directory / "state.db";
  for (;;) {
    name = query_file(file, "SELECT min(name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND type = '" + type +
                                "' AND name > '" + name + "'");
    if (name == "NULL") return names;
    names.push_back(name);
  }
}

/// Both at the next start and in a program that has the file open.
enum class Seen { when_opened, while_open };

void expect_healed(FilledSite& site, Seen seen, const std::string& sql, const std::string& said) {
  auto store = seen == Seen::while_open ? site.open() : nullptr;
  if (store) CHECK(failing_part(*store) == "");
  tamper(site.file, sql);
  if (!store) store = site.open();
  REQUIRE(store);
  CHECK(failing_part(*store) == "");
  if (seen == Seen::when_opened) CHECK(store->notice().find(said) != std::string::npos);
  CHECK(site.open()->notice().empty());
  site.expect_whole();
}

}  // namespace

TEST_CASE("the number of tables and indexes that a file is opened with is that of a new one") {
  FilledSite site;
  CHECK(site.number("SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'index')") ==
        std::to_string(sqlite::kSchemaParts));
}

TEST_CASE("a missing table is created again, and everything else stays") {
  const auto seen = GENERATE(Seen::when_opened, Seen::while_open);
  for (const std::string& table : names_of("table")) {
    CAPTURE(table, seen);
    FilledSite site;
    expect_healed(site, seen, "DROP TABLE " + table, "table " + table + " was missing");
    if (table != "backend_state") CHECK(site.kept_breakers(*site.open()));
    CHECK(set_aside_files(site.directory.path()).empty());
  }
}

TEST_CASE("a missing or a different index is created again") {
  FilledSite site;
  for (const std::string& index : names_of("index")) {
    CAPTURE(index);
    expect_healed(site, Seen::when_opened, "DROP INDEX " + index, "index " + index + " was missing");
  }
  expect_healed(site, Seen::when_opened,
                "DROP INDEX jobs_ended; DROP INDEX runs_by_start; CREATE INDEX jobs_ended ON "
                "jobs (doing)",
                "index jobs_ended was a different one");
  CHECK(site.kept_breakers(*site.open()));
}

TEST_CASE("a missing column that may be empty is added, and everything else stays") {
  const auto seen = GENERATE(Seen::when_opened, Seen::while_open);
  const std::string column = GENERATE("attempts.last_lines", "attempts.exit_code", "notifications.ended_at",
                                      "jobs.needs", "jobs.result", "runs.cost_usd");
  CAPTURE(column, seen);
  FilledSite site;
  const std::string table = column.substr(0, column.find('.'));
  auto store = site.open();
  if (seen == Seen::when_opened) store.reset();
  if (table == "attempts") tamper(site.file, "DROP INDEX attempts_by_backend");
  tamper(site.file, "ALTER TABLE " + table + " DROP COLUMN " + column.substr(column.find('.') + 1));
  if (!store) store = site.open();
  REQUIRE(store);
  CHECK(failing_part(*store) == "");
  CHECK(store->notice().find("column " + column + " was missing") != std::string::npos);
  CHECK(site.kept_breakers(*store));
  CHECK(site.open()->notice().empty());
  site.expect_whole();
}

TEST_CASE("a table that cannot be repaired without losing something is set aside with its file") {
  const auto seen = GENERATE(Seen::when_opened, Seen::while_open);
  const std::string sql =
      GENERATE("DROP TABLE backend_state; CREATE TABLE backend_state (something)",
               "ALTER TABLE backend_state RENAME TO b; CREATE TABLE backend_state AS SELECT * FROM b; DROP TABLE b",
               "ALTER TABLE backend_state RENAME TO b; CREATE VIEW backend_state AS SELECT * FROM b",
               "DROP TABLE notifications; CREATE TABLE notifications (id INTEGER PRIMARY KEY, kind TEXT) STRICT",
               "DROP TABLE notifications; CREATE VIEW notifications AS SELECT 1 AS id",
               "DROP TABLE notifications; "
               "CREATE VIRTUAL TABLE notifications USING fts5(id)",
               "ALTER TABLE runs RENAME COLUMN outcome TO end", "ALTER TABLE skips DROP COLUMN reason",
               "ALTER TABLE jobs RENAME TO jobs_2; CREATE TABLE jobs AS SELECT * FROM jobs_2; DROP TABLE jobs_2",
               "DROP INDEX jobs_ended; DROP INDEX jobs_under_way; CREATE TABLE jobs_ended (x)",
               "ALTER TABLE backend_state ADD COLUMN more TEXT NOT NULL DEFAULT ''; PRAGMA writable_schema=ON; UPDATE "
               "sqlite_schema SET sql = replace(sql, ' DEFAULT ''''', '') WHERE name = 'backend_state'");
  CAPTURE(sql, seen);
  FilledSite site;
  auto store = site.open();
  if (seen == Seen::when_opened) store.reset();
  tamper(site.file, sql);
  if (!store) store = site.open();
  REQUIRE(store);
  const std::string failed = failing_part(*store);
  if (failed.find("no run with id") == std::string::npos) CHECK(failed == "");  // it may stay in the old file
  const auto next = site.open();  // what only makes queries slow is noticed here
  REQUIRE(set_aside_files(site.directory.path()).size() == 1);
  const std::string aside = set_aside_files(site.directory.path())[0].string();
  CHECK((store->notice() + next->notice()).find(aside) != std::string::npos);
  CHECK(failing_part(*store) == "");
  CHECK(failing_part(*next) == "");
  CHECK(site.open()->notice().empty());
  CHECK(set_aside_files(site.directory.path()).size() == 1);
  site.expect_whole();
}

TEST_CASE("triggers, checks and foreign indexes in the file change nothing") {
  const auto seen = GENERATE(Seen::when_opened, Seen::while_open);
  const std::string sql =
      GENERATE("CREATE TRIGGER t BEFORE INSERT ON backend_state BEGIN SELECT RAISE(IGNORE); END",
               "CREATE TRIGGER t BEFORE INSERT ON notifications BEGIN SELECT RAISE(FAIL, 'no'); END",
               "CREATE TRIGGER t AFTER UPDATE ON backend_state BEGIN DELETE FROM backend_state; END",
               "ALTER TABLE runs ADD COLUMN own TEXT CHECK (number < 2)", "CREATE VIEW v AS SELECT * FROM runs",
               "CREATE UNIQUE INDEX u ON attempts (backend)", "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
  CAPTURE(sql, seen);
  FilledSite site;
  auto store = site.open();
  if (seen == Seen::when_opened) store.reset();
  tamper(site.file, sql);
  if (!store) store = site.open();
  CHECK(failing_part(*store) == "");
  CHECK(site.kept_breakers(*store));
}

TEST_CASE("a wrong version in the header of a file with the tables of another one is put right") {
  FilledSite site;
  const std::string header =
      GENERATE("user_version=0", "user_version=1", "user_version=4", "application_id=0", "application_id=1684368385",
               "application_id=7", "user_version=2; PRAGMA application_id=0");
  CAPTURE(header);
  tamper(site.file, "PRAGMA " + header);
  const auto store = site.open();
  REQUIRE(store);
  CHECK(store->notice().find("version in its header") != std::string::npos);
  CHECK(failing_part(*store) == "");
  CHECK(site.kept_breakers(*store));
  CHECK(site.open()->notice().empty());
  site.expect_whole();
}

TEST_CASE("a header that names more additions than the file has does not hide that they are missing") {
  FilledSite site;
  tamper(site.file,
         GENERATE("DROP TABLE waiting_writers", "DROP TABLE waiting_writers; DROP TABLE writers; DROP TABLE canary",
                  "DROP TABLE waiting_writers; DROP TABLE writers; DROP TABLE canary; DROP INDEX "
                  "jobs_killed_unstarted; ALTER TABLE jobs DROP COLUMN own"));
  const auto store = site.open();
  CHECK_FALSE(store->notice().empty());
  CHECK(failing_part(*store) == "");
  CHECK(site.kept_breakers(*store));
  site.expect_whole();
}

TEST_CASE("a file without any table is filled, whatever its header says") {
  const TempDirectory directory;
  const TestClock clock;
  const std::string version = GENERATE("0", "1", "5");
  tamper(directory / "state.db", "CREATE TABLE t (x); DROP TABLE t; PRAGMA user_version=" + version);
  const auto store = open_in(directory.path(), clock);
  REQUIRE(store);
  CHECK(failing_part(*store) == "");
  CHECK(store->notice().empty() == (version == "0"));
}

TEST_CASE("a database of another program is refused and left untouched") {
  const TempDirectory directory;
  const TestClock clock;
  const Path file = directory / "state.db";
  const std::string tables = GENERATE("CREATE TABLE addresses (name, street); INSERT INTO addresses VALUES (1, 2); ",
                                      "CREATE TABLE jobs (id, payload); CREATE TABLE runs (id INTEGER PRIMARY KEY); ");
  tamper(file, tables + "PRAGMA user_version=" + GENERATE("0", "3", "5"));
  const std::string before = read_file(file).value();
  const auto store = open_sqlite_store(file, clock);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Code::invalid_argument);
  CHECK(store.error().what.find("another program") != std::string::npos);
  CHECK_FALSE(store.error().hint.empty());
  CHECK(read_file(file).value() == before);
}

TEST_CASE("eight processes that find a table missing create it once, and none fails") {
  FilledSite site;
  tamper(site.file, "DROP TABLE notifications");
  Children children;
  for (int i = 0; i < 8; ++i)
    children.add([&] {
      const auto store = site.open();
      if (!store) return 1;
      return store->notifications() && put(*store, "b" + std::to_string(::getpid()), {}) ? 0 : 2;
    });
  CHECK(children.finish() == std::vector<int>(8, 0));
  CHECK(site.kept_breakers(*site.open()));
  site.expect_whole();
}

namespace {

struct Field {
  std::string table;
  std::string column;
  std::string type;
};

std::vector<Field> all_fields(const Path& file) {
  std::vector<Field> fields;
  const std::string list = query_file(
      file,
      "SELECT group_concat(t.name || '|' || c.name || '|' || c.type, ';') FROM pragma_table_list t JOIN "
      "pragma_table_xinfo(t.name) c WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%'");
  for (const std::string_view one : split(list, ';')) {
    const auto parts = split(one, '|');
    fields.push_back({std::string(parts[0]), std::string(parts[1]), std::string(parts[2])});
  }
  return fields;
}

std::vector<std::string> wrong_values(const std::string& type) {
  if (type == "INTEGER") return {"-9223372036854775808", "9223372036854775807", "4611686018427387904"};
  if (type == "REAL") return {"1e999", "-1e308"};
  return {"CAST(x'ff00fe' AS TEXT)",
          "''",
          "'{'",
          "'[1, {}]'",
          "printf('%.300000c', 'x')",
          R"('{"breaker":{"state":"open","generation":9223372036854775807,"breaks_in_a_row":-2147483648,)"
          R"("bursts_in_a_row":2147483647,"trips":-9223372036854775808,"pause":{"since":{"boot_id":"boot-1",)"
          R"("boot_ms":-9223372036854775808,"wall_ms":9223372036854775807},"length_ms":9223372036854775807}},)"
          R"("failures":9223372036854775807,"skipped":-1}')"};
}

}  // namespace

TEST_CASE("values that the program never writes are no error of a call") {
  FilledSite site;
  settle_file(site.file);
  const std::string sound = read_file(site.file).value();
  for (const Field& field : all_fields(site.file))
    for (const std::string& value : wrong_values(field.type)) {
      CAPTURE(field.table, field.column, value);
      for (const auto& entry : std::filesystem::directory_iterator(site.directory.path()))
        std::filesystem::remove(entry.path());
      write_whole(site.file, sound);
      query_file(site.file, "UPDATE OR IGNORE " + field.table + " SET " + field.column + " = " + value);
      const auto store = site.open();
      REQUIRE(store);
      const std::string failed = failing_part(*store);
      CHECK(failed == "");
      CHECK(store->notice().empty());
      CHECK(set_aside_files(site.directory.path()).empty());
    }
}
