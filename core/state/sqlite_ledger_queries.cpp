#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/state/codec.hpp"
#include "core/state/ledger_rules.hpp"
#include "core/state/sqlite_ledger.hpp"
#include "core/state/sqlite_usage.hpp"

// Reading: lists, single runs, sessions and totals.
namespace delegate {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

/// What we write is of one line; another hand may have changed the file.
std::string line_at(const Statement& row, int column) { return one_line(row.text(column)); }

Usage usage_at(const Statement& row, int column) {
  return {row.maybe_integer(column), row.maybe_integer(column + 1), row.maybe_real(column + 2)};
}

/// The columns of a run, in the order in which run_at() reads them.
#define RUN_COLUMNS                                                                                      \
  "r.id, r.started_at, r.took, r.requested_backend, r.task_type, r.cwd, r.outcome, r.backend, r.model, " \
  "r.session_id, r.input_tokens, r.output_tokens, r.cost_usd, r.owner_boot_id, r.owner_pid, "            \
  "r.owner_start_time, r.owner_namespace, r.writes, r.summary "
constexpr int kRunColumns = 19;

RunRow run_at(const Statement& row) {
  const auto took = row.maybe_integer(2);
  return {.id = row.text(0),
          .started_at = milliseconds(row.integer(1)),
          .took = took ? std::optional(milliseconds(*took)) : std::nullopt,
          .requested_backend = line_at(row, 3),
          .task_type = line_at(row, 4),
          .cwd = row.text(5),
          .summary = line_at(row, 18),
          .writes = row.integer(17) != 0,
          .outcome = line_at(row, 6),
          .backend = line_at(row, 7),
          .model = line_at(row, 8),
          .session_id = line_at(row, 9),
          .usage = usage_at(row, 10),
          .owner = {row.text(13), row.integer(14), row.integer(15), row.integer(16)}};
}

#define ATTEMPT_COLUMNS                                                                                          \
  "a.run_id, a.number, a.backend, a.model, a.outcome, a.message, a.probe, a.counted, a.started_at, a.took, "     \
  "a.exit_code, a.session_id, a.input_tokens, a.output_tokens, a.cost_usd, a.tripped, a.recovered, a.retry_at, " \
  "a.last_lines, a.may_have_written, a.written_files, a.quota_before, a.quota_after, a.billed_extra "

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) lines.push_back(one_line(line));
  return lines;
}

AttemptRow attempt_at(const Statement& row) {
  const auto exit_code = row.maybe_integer(10);
  const auto retry_at = row.maybe_integer(17);
  return {.run_id = row.text(0),
          .number = static_cast<int>(row.integer(1)),
          .backend = line_at(row, 2),
          .model = line_at(row, 3),
          .outcome = line_at(row, 4),
          .message = row.text(5),
          .last_lines = row.text(18),
          .probe = row.integer(6) != 0,
          .counted = row.integer(7) != 0,
          .tripped = row.integer(15) != 0,
          .recovered = row.integer(16) != 0,
          .retry_at = retry_at ? std::optional(milliseconds(*retry_at)) : std::nullopt,
          .started_at = milliseconds(row.integer(8)),
          .took = milliseconds(row.integer(9)),
          .exit_code = exit_code ? std::optional(static_cast<int>(*exit_code)) : std::nullopt,
          .session_id = line_at(row, 11),
          .usage = usage_at(row, 12),
          .may_have_written = row.integer(19) != 0,
          .written_files = lines_of(row.text(20)),
          .quota_before = decode_windows(row.text(21)),
          .quota_after = decode_windows(row.text(22)),
          .billed_extra = row.integer(23) != 0};
}

template <class Row, class Read>
Result<std::vector<Row>> all(Statement& statement, Read read) {
  std::vector<Row> rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(read(statement));
  }
}

/// Up to `most` runs that fit, in the order of the statement, each once.
template <class Fits>
Result<std::vector<RunRow>> distinct_runs(Statement& statement, int most, const Fits& fits) {
  std::vector<RunRow> rows;
  std::set<std::string> seen;
  while (static_cast<int>(rows.size()) < most) {
    TRY(const bool more, statement.step());
    if (!more) break;
    if (!seen.insert(statement.text(0)).second) continue;
    RunRow row = run_at(statement);
    TRY(const bool is_wanted, fits(row));
    if (is_wanted) rows.push_back(std::move(row));
  }
  return rows;
}

void sort_newest_first(std::vector<RunRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const RunRow& a, const RunRow& b) {
    return a.started_at != b.started_at ? a.started_at > b.started_at : a.id > b.id;
  });
}

/// Both lists merged, each run once.
std::vector<RunRow> newest_of(std::vector<RunRow> rows, const std::vector<RunRow>& more, int most) {
  for (const RunRow& other : more)
    if (std::none_of(rows.begin(), rows.end(), [&](const RunRow& row) { return row.id == other.id; }))
      rows.push_back(other);
  sort_newest_first(rows);
  if (static_cast<int>(rows.size()) > most) rows.resize(static_cast<std::size_t>(std::max(most, 0)));
  return rows;
}

// Runs by their own columns, or by those of their attempts. Each statement walks an index backwards and stops early.
constexpr const char* kAllRuns =
    "SELECT " RUN_COLUMNS "FROM runs r WHERE r.started_at >= ?1 ORDER BY r.started_at DESC, r.number DESC";
constexpr const char* kRunsByOutcome =
    "SELECT " RUN_COLUMNS
    "FROM runs r WHERE r.outcome = ?2 AND r.started_at >= ?1 ORDER BY r.started_at DESC, r.number DESC";
constexpr const char* kRunsByBackend =
    "SELECT " RUN_COLUMNS
    "FROM attempts a INDEXED BY attempts_by_backend CROSS JOIN runs r ON r.id = a.run_id "
    "WHERE a.backend = ?2 AND a.started_at >= ?1 AND r.started_at >= ?1 ORDER BY a.started_at DESC";
constexpr const char* kRunsByAttemptOutcome =
    "SELECT " RUN_COLUMNS
    "FROM attempts a INDEXED BY attempts_by_outcome CROSS JOIN runs r ON r.id = a.run_id "
    "WHERE a.outcome = ?2 AND a.started_at >= ?1 AND r.started_at >= ?1 ORDER BY a.started_at DESC";
constexpr const char* kRunsByBackendAndOutcome =
    "SELECT " RUN_COLUMNS
    "FROM attempts a INDEXED BY attempts_by_backend_and_outcome CROSS JOIN runs r ON r.id = a.run_id "
    "WHERE a.backend = ?2 AND a.outcome = ?3 AND a.started_at >= ?1 AND r.started_at >= ?1 "
    "ORDER BY a.started_at DESC";

struct SessionLookup {
  const char* sql;
  std::vector<std::string_view> values;
};

/// One statement per combination, so that each uses its own index.
SessionLookup lookup_for(const SessionQuery& query) {
  if (!query.session_id.empty())
    return {"SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions WHERE r.session_id <> '' AND r.session_id = ? ORDER BY r.started_at DESC",
            {query.session_id}};
  if (!query.cwd.empty() && !query.backend.empty())
    return {"SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions_by_place_and_backend WHERE r.session_id <> '' AND r.cwd = ? "
            "AND r.backend = ? ORDER BY r.started_at DESC LIMIT 1",
            {query.cwd, query.backend}};
  if (!query.cwd.empty())
    return {"SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions_by_place WHERE r.session_id <> '' AND r.cwd = ? "
            "ORDER BY r.started_at DESC LIMIT 1",
            {query.cwd}};
  if (!query.backend.empty())
    return {"SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions_by_backend WHERE r.session_id <> '' AND r.backend = ? "
            "ORDER BY r.started_at DESC LIMIT 1",
            {query.backend}};
  return {"SELECT " RUN_COLUMNS "FROM runs r WHERE r.session_id <> '' ORDER BY r.started_at DESC LIMIT 1", {}};
}

/// Sums up the attempts of one backend.
class Summing {
 public:
  Summing(const TotalsQuery& query, std::string backend) : query_(query) {
    totals_.backend = std::move(backend);
    totals_.slots.resize(static_cast<std::size_t>(std::max(query.slots, 1)));
  }
  void add(milliseconds started_at, const std::string& outcome, milliseconds took, bool tripped, const Usage& usage) {
    add_to_totals(totals_, query_, started_at, outcome, tripped, usage);
    if (is_answer_named(outcome)) answered_.push_back(took);
  }
  BackendTotals done() {
    set_percentiles(totals_, std::move(answered_));
    return std::move(totals_);
  }

 private:
  const TotalsQuery& query_;
  BackendTotals totals_;
  std::vector<milliseconds> answered_;
};

}  // namespace

Result<std::vector<RunRow>> SqliteLedger::find(const char* sql, const RunQuery& query,
                                               std::initializer_list<std::string_view> words) {
  TRY(sqlite3_stmt * raw, database_.prepare(sql));
  Statement statement(raw);
  statement.bind(query.since.count());
  for (const std::string_view word : words) statement.bind(word);
  return distinct_runs(statement, query.most, [&](const RunRow& row) { return fits(row, query); });
}

Result<bool> SqliteLedger::fits(RunRow row, const RunQuery& query) {
  if (!query.project.empty() && !is_in_directory(row.cwd, query.project)) return false;
  if (query.text.empty() || has_text(row, query.text)) return true;
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT prompt, prompt_size FROM texts WHERE prompt IS NOT NULL AND "
                                            "run_number = (SELECT number FROM runs WHERE id = ?)"));
  Statement statement(raw);
  TRY(const bool is_kept, statement.bind(row.id).step());
  if (is_kept) row.prompt = {statement.text(0), statement.integer(1)};
  return has_text(row, query.text);
}

Result<std::vector<RunRow>> SqliteLedger::runs(const RunQuery& query) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<RunRow>> {
    if (query.backend.empty() && query.outcome.empty()) return find(kAllRuns, query, {});
    if (!query.backend.empty()) return runs_of_backend(query);
    TRY(std::vector<RunRow> rows, find(kRunsByOutcome, query, {query.outcome}));
    TRY(const std::vector<RunRow> others, find(kRunsByAttemptOutcome, query, {query.outcome}));
    return newest_of(std::move(rows), others, query.most);
  });
}

/// Finds the runs of each login by the index; a run that tried several logins is listed once.
Result<std::vector<RunRow>> SqliteLedger::runs_of_backend(const RunQuery& query) {
  TRY(const auto names, backends());
  std::vector<RunRow> rows;
  for (const std::string& name : names) {
    if (!is_of(name, query.backend)) continue;
    TRY(const auto found, query.outcome.empty() ? find(kRunsByBackend, query, {name})
                                                : find(kRunsByBackendAndOutcome, query, {name, query.outcome}));
    rows = newest_of(std::move(rows), found, query.most);
  }
  return rows;
}

Result<RunRow> SqliteLedger::run(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<RunRow> {
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT " RUN_COLUMNS
                          ", t.prompt, t.prompt_size, t.answer, t.answer_size, t.answer_until, r.number FROM runs r "
                          "LEFT JOIN texts t ON t.run_number = r.number "
                          "WHERE r.id >= ?1 AND r.id < ?2 ORDER BY r.id LIMIT 6"));
    Statement statement(raw);
    statement.bind(id).bind(id + "\x7f");  // ids are ASCII
    std::int64_t number = 0;
    TRY(const auto found, all<RunRow>(statement, [&](const Statement& row) {
          RunRow run = run_at(row);
          if (const auto size = row.maybe_integer(kRunColumns + 1)) run.prompt = {row.text(kRunColumns), *size};
          if (const auto size = row.maybe_integer(kRunColumns + 3)) run.answer = {row.text(kRunColumns + 2), *size};
          const auto until = row.maybe_integer(kRunColumns + 4);
          if (run.answer && until) run.answer_until = milliseconds(*until);
          number = row.integer(kRunColumns + 5);
          return run;
        }));
    TRY(RunRow run, unique_match(found, id));
    if (found.size() > 1) {
      TRY(number, number_of(run.id));
    }
    TRY(run.skips, skips_of(number));
    return run;
  });
}

Result<std::int64_t> SqliteLedger::number_of(const std::string& id) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT number FROM runs WHERE id = ?"));
  Statement statement(raw);
  TRY(const bool found, statement.bind(id).step());
  return found ? statement.integer(0) : 0;
}

Result<std::vector<SkipRow>> SqliteLedger::skips_of(std::int64_t number) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT backend, reason, message, retry_in FROM skips "
                                            "WHERE run_number = ? ORDER BY position"));
  Statement statement(raw);
  statement.bind(number);
  return all<SkipRow>(statement, [](const Statement& row) {
    const auto retry_in = row.maybe_integer(3);
    return SkipRow{line_at(row, 0), line_at(row, 1), line_at(row, 2),
                   retry_in ? std::optional(milliseconds(*retry_in)) : std::nullopt, false};
  });
}

Result<std::size_t> SqliteLedger::enough_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::size_t> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT (SELECT max(id) FROM runs WHERE id < ?1), "
                                              "(SELECT min(id) FROM runs WHERE id > ?1)"));
    Statement statement(raw);
    TRY_STATUS(statement.bind(id).step());
    return enough_beside(id, statement.text(0), statement.text(1));
  });
}

Result<std::optional<RunRow>> SqliteLedger::newest_session(const SessionQuery& query) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::optional<RunRow>> {
    const SessionLookup lookup = lookup_for(query);
    TRY(sqlite3_stmt * raw, database_.prepare(lookup.sql));
    Statement statement(raw);
    for (const std::string_view value : lookup.values) statement.bind(value);
    for (;;) {
      TRY(const bool more, statement.step());
      if (!more) return std::optional<RunRow>();
      RunRow row = run_at(statement);
      if (matches(row, query)) return std::optional(std::move(row));
    }
  });
}

Result<std::vector<std::string>> SqliteLedger::backends() {
  // One step in the index for each name, however many rows have it.
  TRY(sqlite3_stmt * raw,
      database_.prepare("WITH RECURSIVE known(name) AS (SELECT min(backend) FROM attempts UNION ALL "
                        "SELECT (SELECT min(backend) FROM attempts WHERE backend > name) FROM known "
                        "WHERE name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL"));
  Statement statement(raw);
  return all<std::string>(statement, [](const Statement& row) { return row.text(0); });
}

Result<std::vector<BackendTotals>> SqliteLedger::totals(const TotalsQuery& query) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<BackendTotals>> {
    TRY(const auto names, backends());
    std::vector<BackendTotals> out;
    for (const std::string& name : names) {
      TRY(sqlite3_stmt * raw,
          database_.prepare("SELECT started_at, outcome, took, tripped, input_tokens, output_tokens, cost_usd "
                            "FROM attempts INDEXED BY attempts_by_backend "
                            "WHERE backend = ? AND started_at >= ? AND started_at < ?"));
      Statement statement(raw);
      statement.bind(name).bind(query.since.count()).bind(query.until.count());
      Summing sum(query, one_line(name));
      for (;;) {
        TRY(const bool more, statement.step());
        if (!more) break;
        sum.add(milliseconds(statement.integer(0)), line_at(statement, 1), milliseconds(statement.integer(2)),
                statement.integer(3) != 0, usage_at(statement, 4));
      }
      if (BackendTotals totals = sum.done(); !totals.outcomes.empty()) out.push_back(std::move(totals));
    }
    return out;
  });
}

Result<std::optional<RunRow>> SqliteLedger::last_change(const std::string& cwd, const std::string& but_run) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::optional<RunRow>> {
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT " RUN_COLUMNS "FROM runs r WHERE r.writes = 1 AND r.cwd = ? AND r.id <> ? AND "
                          "(r.took IS NULL OR r.outcome IN ('answered', 'answered_empty') OR EXISTS "
                          "(SELECT 1 FROM attempts a WHERE a.run_id = r.id AND a.may_have_written <> 0)) "
                          "ORDER BY r.started_at DESC, r.number DESC LIMIT 1"));
    Statement statement(raw);
    statement.bind(cwd).bind(but_run);
    TRY(const bool found, statement.step());
    return found ? std::optional(run_at(statement)) : std::nullopt;
  });
}

Result<std::vector<AttemptRow>> SqliteLedger::attempts(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<AttemptRow>> {
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT " ATTEMPT_COLUMNS "FROM attempts a WHERE a.run_id = ? ORDER BY a.number"));
    Statement statement(raw);
    statement.bind(run_id);
    return all<AttemptRow>(statement, attempt_at);
  });
}

Result<std::vector<AttemptRow>> SqliteLedger::last_attempts() {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<AttemptRow>> {
    TRY(const auto names, backends());
    std::vector<AttemptRow> out;
    for (const std::string& name : names) {
      TRY(sqlite3_stmt * raw,
          database_.prepare("SELECT " ATTEMPT_COLUMNS
                            "FROM attempts a WHERE a.backend = ? ORDER BY a.started_at DESC LIMIT 1"));
      Statement statement(raw);
      statement.bind(name);
      TRY(auto rows, all<AttemptRow>(statement, attempt_at));
      for (AttemptRow& row : rows) out.push_back(std::move(row));
    }
    return out;
  });
}

Result<std::vector<UsageRow>> SqliteLedger::usage(const UsageQuery& query) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&] { return sqlite::load_usage(database_, query); });
}

Status SqliteLedger::read_budgets(const BudgetChange& look) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(const Transaction moment, Transaction::begin_reading(database_));
    TRY(BudgetBook book, sqlite::load_budgets(database_));
    sqlite::SqliteUsageSums sums(database_);
    return look(book, sums);
  });
}

}  // namespace delegate
