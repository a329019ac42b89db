#include "core/state/sqlite_ledger.hpp"

#include <algorithm>
#include <set>

#include "core/state/ledger_rules.hpp"

namespace delegate {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

std::optional<std::int64_t> count(const std::optional<milliseconds>& duration) {
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}
std::optional<std::int64_t> widen(const std::optional<int>& number) {
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

Usage usage_at(const Statement& row, int column) {
  return {row.maybe_integer(column), row.maybe_integer(column + 1), row.maybe_real(column + 2)};
}

/// The columns of a run as `run_at` reads them.
#define RUN_COLUMNS                                                                                      \
  "r.id, r.started_at, r.took, r.requested_backend, r.task_type, r.cwd, r.outcome, r.backend, r.model, " \
  "r.session_id, r.input_tokens, r.output_tokens, r.cost_usd, r.owner_boot_id, r.owner_pid, "            \
  "r.owner_start_time, r.owner_namespace "
constexpr int kRunColumns = 17;

RunRow run_at(const Statement& row) {
  const auto took = row.maybe_integer(2);
  return {.id = row.text(0),
          .started_at = milliseconds(row.integer(1)),
          .took = took ? std::optional(milliseconds(*took)) : std::nullopt,
          .requested_backend = row.text(3),
          .task_type = row.text(4),
          .cwd = row.text(5),
          .outcome = row.text(6),
          .backend = row.text(7),
          .model = row.text(8),
          .session_id = row.text(9),
          .usage = usage_at(row, 10),
          .owner = {row.text(13), row.integer(14), row.integer(15), row.integer(16)}};
}

#define ATTEMPT_COLUMNS                                                                                      \
  "a.run_id, a.number, a.backend, a.model, a.outcome, a.message, a.probe, a.counted, a.started_at, a.took, " \
  "a.exit_code, a.session_id, a.input_tokens, a.output_tokens, a.cost_usd, a.tripped, a.recovered, a.retry_at "

AttemptRow attempt_at(const Statement& row) {
  const auto exit_code = row.maybe_integer(10);
  const auto retry_at = row.maybe_integer(17);
  return {.run_id = row.text(0),
          .number = static_cast<int>(row.integer(1)),
          .backend = row.text(2),
          .model = row.text(3),
          .outcome = row.text(4),
          .message = row.text(5),
          .probe = row.integer(6) != 0,
          .counted = row.integer(7) != 0,
          .tripped = row.integer(15) != 0,
          .recovered = row.integer(16) != 0,
          .retry_at = retry_at ? std::optional(milliseconds(*retry_at)) : std::nullopt,
          .started_at = milliseconds(row.integer(8)),
          .took = milliseconds(row.integer(9)),
          .exit_code = exit_code ? std::optional(static_cast<int>(*exit_code)) : std::nullopt,
          .session_id = row.text(11),
          .usage = usage_at(row, 12)};
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

/// Runs in the order of the statement, each once, no more than so many.
Result<std::vector<RunRow>> distinct_runs(Statement& statement, int most) {
  std::vector<RunRow> rows;
  std::set<std::string> seen;
  while (static_cast<int>(rows.size()) < most) {
    TRY(const bool more, statement.step());
    if (!more) break;
    if (seen.insert(statement.text(0)).second) rows.push_back(run_at(statement));
  }
  return rows;
}

void sort_newest_first(std::vector<RunRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const RunRow& a, const RunRow& b) {
    return a.started_at != b.started_at ? a.started_at > b.started_at : a.id > b.id;
  });
}

/// Both together, each run once.
std::vector<RunRow> newest_of(std::vector<RunRow> rows, const std::vector<RunRow>& more, int most) {
  for (const RunRow& other : more)
    if (std::none_of(rows.begin(), rows.end(), [&](const RunRow& row) { return row.id == other.id; }))
      rows.push_back(other);
  sort_newest_first(rows);
  if (static_cast<int>(rows.size()) > most) rows.resize(static_cast<std::size_t>(std::max(most, 0)));
  return rows;
}

// What runs: through the rows themselves, or through the attempts. Each walks an index backwards and stops early.
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

Status SqliteLedger::begin_run(const RunRow& row) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * raw,
        database_.prepare(
            "INSERT INTO runs (id, started_at, requested_backend, task_type, cwd, outcome, backend, model, "
            "session_id, owner_boot_id, owner_pid, owner_start_time, owner_namespace) "
            "VALUES (?, ?, ?, ?, ?, '', '', '', '', ?, ?, ?, ?)"));
    TRY_STATUS(Statement(raw)
                   .bind(row.id)
                   .bind(row.started_at.count())
                   .bind(row.requested_backend)
                   .bind(row.task_type)
                   .bind(row.cwd)
                   .bind(row.owner.boot_id)
                   .bind(row.owner.pid)
                   .bind(row.owner.start_time)
                   .bind(row.owner.pid_namespace)
                   .run());
    if (row.prompt) {
      TRY(sqlite3_stmt * keep,
          database_.prepare("INSERT INTO texts (run_number, prompt, prompt_size) VALUES (last_insert_rowid(), ?, ?)"));
      TRY_STATUS(Statement(keep).bind(row.prompt->text).bind(row.prompt->size).run());
    }
    return transaction.commit();
  });
}

Status SqliteLedger::add_attempt(const AttemptRow& row) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(sqlite3_stmt * raw,
        database_.prepare("INSERT INTO attempts (run_id, number, backend, model, outcome, message, probe, counted, "
                          "started_at, took, exit_code, session_id, input_tokens, output_tokens, cost_usd, tripped, "
                          "recovered, retry_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    return Statement(raw)
        .bind(row.run_id)
        .bind(std::int64_t{row.number})
        .bind(row.backend)
        .bind(row.model)
        .bind(row.outcome)
        .bind(row.message)
        .bind(std::int64_t{row.probe})
        .bind(std::int64_t{row.counted})
        .bind(row.started_at.count())
        .bind(row.took.count())
        .bind(widen(row.exit_code))
        .bind(row.session_id)
        .bind(row.usage.input_tokens)
        .bind(row.usage.output_tokens)
        .bind(row.usage.cost_usd)
        .bind(std::int64_t{row.tripped})
        .bind(std::int64_t{row.recovered})
        .bind(count(row.retry_at))
        .run();
  });
}

Status SqliteLedger::finish_run(const RunRow& row, int limit) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * finish,
        database_.prepare("UPDATE runs SET took = ?, outcome = ?, backend = ?, model = ?, session_id = ?, "
                          "input_tokens = ?, output_tokens = ?, cost_usd = ? WHERE id = ?"));
    TRY_STATUS(Statement(finish)
                   .bind(count(row.took))
                   .bind(row.outcome)
                   .bind(row.backend)
                   .bind(row.model)
                   .bind(row.session_id)
                   .bind(row.usage.input_tokens)
                   .bind(row.usage.output_tokens)
                   .bind(row.usage.cost_usd)
                   .bind(row.id)
                   .run());
    TRY_STATUS(add_skips(row));
    TRY_STATUS(keep_answer(row));
    TRY_STATUS(forget_oldest(limit));
    TRY_STATUS(forget_strays(row.id));
    return transaction.commit();
  });
}

Status SqliteLedger::add_skips(const RunRow& row) {
  std::int64_t position = 0;
  for (const SkipRow& skip : row.skips) {
    TRY(sqlite3_stmt * raw,
        database_.prepare("INSERT OR REPLACE INTO skips SELECT number, ?, ?, ?, ?, ? FROM runs WHERE id = ?"));
    TRY_STATUS(Statement(raw)
                   .bind(++position)
                   .bind(skip.backend)
                   .bind(skip.reason)
                   .bind(skip.message)
                   .bind(count(skip.retry_in))
                   .bind(row.id)
                   .run());
  }
  return {};
}

Status SqliteLedger::keep_answer(const RunRow& row) {
  if (!row.answer) return {};
  TRY(sqlite3_stmt * raw,
      database_.prepare("INSERT INTO texts (run_number, answer, answer_size) SELECT number, ?1, ?2 FROM runs "
                        "WHERE id = ?3 ON CONFLICT (run_number) DO UPDATE SET answer = ?1, answer_size = ?2"));
  return Statement(raw).bind(row.answer->text).bind(row.answer->size).bind(row.id).run();
}

/// Run numbers grow without gaps, so the oldest beyond the limit are found without counting rows. A few at a time:
/// after the limit was lowered, nobody waits while a long history goes.
Status SqliteLedger::forget_oldest(int limit) {
  constexpr std::int64_t kAtOnce = 100;
  TRY(sqlite3_stmt * bound, database_.prepare("SELECT min(number), max(number) FROM (SELECT min(number) AS number FROM "
                                              "runs UNION ALL SELECT max(number) FROM runs)"));
  std::int64_t last = 0;
  bool is_all = false;
  {
    Statement statement(bound);
    TRY(const bool any, statement.step());
    if (!any || !statement.maybe_integer(0)) return {};
    last = std::min(statement.integer(1) - limit, statement.integer(0) + kAtOnce - 1);
    is_all = last >= statement.integer(1);
    if (last < statement.integer(0)) return {};
  }
  for (const char* sql : {"DELETE FROM attempts WHERE run_id IN (SELECT id FROM runs WHERE number <= ?)",
                          "DELETE FROM texts WHERE run_number <= ?", "DELETE FROM skips WHERE run_number <= ?",
                          "DELETE FROM runs WHERE number <= ?"}) {
    TRY(sqlite3_stmt * raw, database_.prepare(sql));
    TRY_STATUS(Statement(raw).bind(last).run());
  }
  return is_all ? database_.execute("DELETE FROM attempts") : Status();  // those of runs that went earlier, too
}

/// What was tried for a run that had been forgotten by then.
Status SqliteLedger::forget_strays(const std::string& run_id) {
  TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM attempts WHERE run_id = ?1 AND NOT EXISTS "
                                            "(SELECT 1 FROM runs WHERE id = ?1)"));
  return Statement(raw).bind(run_id).run();
}

Result<std::vector<RunRow>> SqliteLedger::find(const char* sql, const RunQuery& query,
                                               std::initializer_list<std::string_view> words) {
  TRY(sqlite3_stmt * raw, database_.prepare(sql));
  Statement statement(raw);
  statement.bind(query.since.count());
  for (const std::string_view word : words) statement.bind(word);
  return distinct_runs(statement, query.most);
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

/// Each login's runs are found by the index; a run that tried several of them is listed once.
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
                          ", t.prompt, t.prompt_size, t.answer, t.answer_size, r.number FROM runs r "
                          "LEFT JOIN texts t ON t.run_number = r.number "
                          "WHERE r.id >= ?1 AND r.id < ?2 ORDER BY r.id LIMIT 6"));
    Statement statement(raw);
    statement.bind(id).bind(id + "\x7f");  // ids are ASCII
    std::int64_t number = 0;
    TRY(const auto found, all<RunRow>(statement, [&](const Statement& row) {
          RunRow run = run_at(row);
          if (const auto size = row.maybe_integer(kRunColumns + 1)) run.prompt = {row.text(kRunColumns), *size};
          if (const auto size = row.maybe_integer(kRunColumns + 3)) run.answer = {row.text(kRunColumns + 2), *size};
          number = row.integer(kRunColumns + 4);
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
    return SkipRow{row.text(0), row.text(1), row.text(2),
                   retry_in ? std::optional(milliseconds(*retry_in)) : std::nullopt};
  });
}

Result<std::optional<RunRow>> SqliteLedger::newest_session(const SessionQuery& query) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::optional<RunRow>> {
    // A text for each combination, so that each has its own index.
    std::string_view words[2];
    int count = 0;
    const char* sql = "SELECT " RUN_COLUMNS "FROM runs r WHERE r.session_id <> '' ORDER BY r.started_at DESC LIMIT 1";
    if (!query.session_id.empty()) {
      sql = "SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions WHERE r.session_id <> '' AND r.session_id = ? ORDER BY r.started_at DESC";
      words[count++] = query.session_id;
    } else if (!query.cwd.empty() && !query.backend.empty()) {
      sql = "SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions_by_place_and_backend WHERE r.session_id <> '' AND r.cwd = ? "
            "AND r.backend = ? ORDER BY r.started_at DESC LIMIT 1";
      words[count++] = query.cwd;
      words[count++] = query.backend;
    } else if (!query.cwd.empty()) {
      sql = "SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions_by_place WHERE r.session_id <> '' AND r.cwd = ? "
            "ORDER BY r.started_at DESC LIMIT 1";
      words[count++] = query.cwd;
    } else if (!query.backend.empty()) {
      sql = "SELECT " RUN_COLUMNS
            "FROM runs r INDEXED BY sessions_by_backend WHERE r.session_id <> '' AND r.backend = ? "
            "ORDER BY r.started_at DESC LIMIT 1";
      words[count++] = query.backend;
    }
    TRY(sqlite3_stmt * raw, database_.prepare(sql));
    Statement statement(raw);
    for (int i = 0; i < count; ++i) statement.bind(words[i]);
    for (;;) {
      TRY(const bool more, statement.step());
      if (!more) return std::optional<RunRow>();
      RunRow row = run_at(statement);
      if (matches(row, query)) return std::optional(std::move(row));
    }
  });
}

Result<std::vector<std::string>> SqliteLedger::backends() {
  // One step in the index for each name, however many rows bear it.
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
      Summing sum(query, name);
      for (;;) {
        TRY(const bool more, statement.step());
        if (!more) break;
        sum.add(milliseconds(statement.integer(0)), statement.text(1), milliseconds(statement.integer(2)),
                statement.integer(3) != 0, usage_at(statement, 4));
      }
      if (BackendTotals totals = sum.done(); !totals.outcomes.empty()) out.push_back(std::move(totals));
    }
    return out;
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

}  // namespace delegate
