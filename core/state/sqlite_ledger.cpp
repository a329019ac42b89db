#include "core/state/sqlite_ledger.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/state/codec.hpp"
#include "core/state/sqlite_usage.hpp"

// Writing: runs, attempts, and forgetting the oldest. sqlite_ledger_queries.cpp reads.
namespace delegate {
namespace {

constexpr std::int64_t kForgottenAtOnce = 100;  // runs

constexpr const char* kInsertAttempt =
    "INSERT INTO attempts (run_id, number, backend, model, outcome, message, probe, counted, "
    "started_at, took, exit_code, session_id, input_tokens, output_tokens, cost_usd, tripped, "
    "recovered, retry_at, last_lines, may_have_written, written_files, quota_before, quota_after, billed_extra) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kFinishRun =
    "UPDATE runs SET took = ?, outcome = ?, backend = ?, model = ?, session_id = ?, input_tokens = ?, "
    "output_tokens = ?, cost_usd = ? WHERE id = ?";
constexpr const char* kFirstAndLastRun = "SELECT (SELECT min(number) FROM runs), (SELECT max(number) FROM runs)";

using sqlite::Statement;
using sqlite::Transaction;

std::optional<std::int64_t> count(const std::optional<milliseconds>& duration) {
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}
std::optional<std::int64_t> widen(const std::optional<int>& number) {
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

}  // namespace

Status SqliteLedger::begin_run(const RunRow& row) {
  const std::lock_guard lock(mutex_);
  database_.hold_reports();
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * raw,
        database_.prepare(
            "INSERT INTO runs (id, started_at, requested_backend, task_type, cwd, outcome, backend, model, "
            "session_id, owner_boot_id, owner_pid, owner_start_time, owner_namespace, writes, summary) "
            "VALUES (?, ?, ?, ?, ?, '', '', '', '', ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET started_at = ?2, "
            "took = "
            "NULL, outcome = '', "
            "owner_boot_id = ?6, owner_pid = ?7, owner_start_time = ?8, owner_namespace = ?9"));
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
                   .bind(std::int64_t{row.writes})
                   .bind(row.summary)
                   .run());
    if (row.prompt) {
      TRY(sqlite3_stmt * keep, database_.prepare("INSERT OR REPLACE INTO texts (run_number, prompt, prompt_size) "
                                                 "SELECT number, ?, ? FROM runs WHERE id = ?"));
      TRY_STATUS(Statement(keep).bind(row.prompt->text).bind(row.prompt->size).bind(row.id).run());
    }
    return transaction.commit();
  });
}

Status SqliteLedger::add_attempt(const AttemptRow& row) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_STATUS(insert_attempt(row));
    TRY_STATUS(sqlite::count_attempt(database_, row));
    return transaction.commit();
  });
}

Status SqliteLedger::count_attempt(const AttemptRow& row) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_STATUS(sqlite::count_attempt(database_, row));
    return transaction.commit();
  });
}

Status SqliteLedger::insert_attempt(const AttemptRow& row) {
  TRY(sqlite3_stmt * raw, database_.prepare(kInsertAttempt));
  const std::string files = join(row.written_files, "\n");
  const std::string before = encode(row.quota_before);
  const std::string after = encode(row.quota_after);
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
      .bind(row.last_lines)
      .bind(std::int64_t{row.may_have_written})
      .bind(files)
      .bind(before)
      .bind(after)
      .bind(std::int64_t{row.billed_extra})
      .run();
}

Status SqliteLedger::finish_run(const RunRow& row, int limit) {
  const std::lock_guard lock(mutex_);
  Status finished = database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * finish, database_.prepare(kFinishRun));
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
    const bool is_kept = database_.changed_rows() > 0;
    TRY_STATUS(add_skips(row));
    TRY_STATUS(sqlite::count_spared(database_, row));
    TRY_STATUS(forget_answers(row.started_at + row.took.value_or(milliseconds(0))));
    TRY_STATUS(keep_answer(row));
    TRY_STATUS(forget_oldest(limit));
    if (!is_kept) TRY_STATUS(forget_strays(row.id));
    return transaction.commit();
  });
  database_.release_reports();
  return finished;
}

void SqliteLedger::prepare_to_finish() {
  const std::lock_guard lock(mutex_);
  static_cast<void>(database_.on_sound_file([&]() -> Status {
    for (const char* sql : {kInsertAttempt, kFinishRun, kFirstAndLastRun}) TRY_STATUS(database_.prepare(sql));
    return sqlite::prepare_counting(database_);
  }));
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
      database_.prepare(
          "INSERT INTO texts (run_number, answer, answer_size, answer_until) SELECT number, ?1, ?2, ?3 FROM runs "
          "WHERE id = ?4 ON CONFLICT (run_number) DO UPDATE SET answer = ?1, answer_size = ?2, answer_until = ?3"));
  return Statement(raw).bind(row.answer->text).bind(row.answer->size).bind(count(row.answer_until)).bind(row.id).run();
}

Status SqliteLedger::forget_answers(milliseconds now) {
  TRY(sqlite3_stmt * raw, database_.prepare("UPDATE texts SET answer = NULL, answer_size = NULL, answer_until = NULL "
                                            "WHERE answer_until <= ?"));
  return Statement(raw).bind(now.count()).run();
}

Result<std::int64_t> SqliteLedger::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::int64_t> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const std::int64_t forgotten, id.empty() ? forget_all() : forget_run(id));
    TRY_STATUS(transaction.commit());
    database_.empty_log();  // which has the pages as they were
    return forgotten;
  });
}

Result<std::int64_t> SqliteLedger::forget_run(const std::string& id) {
  for (const char* sql :
       {"DELETE FROM texts WHERE run_number = (SELECT number FROM runs WHERE id = ?1 AND outcome <> '')",
        "DELETE FROM skips WHERE run_number = (SELECT number FROM runs WHERE id = ?1 AND outcome <> '')",
        "DELETE FROM attempts WHERE run_id = (SELECT id FROM runs WHERE id = ?1 AND outcome <> '')",
        "DELETE FROM jobs WHERE id = ?1 AND state IN (2, 3)", "DELETE FROM runs WHERE id = ?1 AND outcome <> ''"}) {
    TRY(sqlite3_stmt * raw, database_.prepare(sql));
    TRY_STATUS(Statement(raw).bind(id).run());
  }
  return std::int64_t{database_.changed_rows()};
}

Result<std::int64_t> SqliteLedger::forget_all() {
  for (const char* sql : {"DELETE FROM texts WHERE run_number IN (SELECT number FROM runs WHERE outcome <> '')",
                          "DELETE FROM skips WHERE run_number IN (SELECT number FROM runs WHERE outcome <> '')",
                          "DELETE FROM attempts WHERE run_id IN (SELECT id FROM runs WHERE outcome <> '')",
                          "DELETE FROM jobs WHERE state IN (2, 3)", "DELETE FROM runs WHERE outcome <> ''"})
    TRY_STATUS(database_.execute(sql));
  return std::int64_t{database_.changed_rows()};
}

/// The number of the newest of the runs beyond the limit. Numbers grow without gaps, so rows are only counted if the
/// range is far too large: the limit was lowered, or a number is not one of ours.
Result<std::optional<std::int64_t>> SqliteLedger::newest_surplus(std::int64_t first, std::int64_t last, int limit) {
  if (first >= 0 && last - first < limit) return std::nullopt;
  if (first >= 0 && last - first < limit + kForgottenAtOnce) return last - limit;
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT number FROM runs ORDER BY number DESC LIMIT 1 OFFSET ?"));
  Statement statement(raw);
  TRY(const bool any, statement.bind(std::int64_t{limit}).step());
  return any ? std::optional(statement.integer(0)) : std::nullopt;
}

/// At most kForgottenAtOnce: after the limit was lowered, one call must not delete a long history.
Status SqliteLedger::forget_oldest(int limit) {
  TRY(sqlite3_stmt * bound, database_.prepare(kFirstAndLastRun));
  std::int64_t first = 0;
  std::int64_t newest = 0;
  {
    Statement statement(bound);
    TRY(const bool any, statement.step());
    if (!any || !statement.maybe_integer(0)) return {};
    first = statement.integer(0);
    newest = statement.integer(1);
  }
  TRY(const auto surplus, newest_surplus(first, newest, limit));
  if (!surplus) return {};
  const std::int64_t oldest = std::max<std::int64_t>(first, 0);
  const std::int64_t last = *surplus - oldest < kForgottenAtOnce ? *surplus : oldest + kForgottenAtOnce - 1;
  const bool is_all = last >= newest;
  for (const char* sql : {"DELETE FROM attempts WHERE run_id IN (SELECT id FROM runs WHERE number <= ?)",
                          "DELETE FROM texts WHERE run_number <= ?", "DELETE FROM skips WHERE run_number <= ?",
                          "DELETE FROM runs WHERE number <= ?"}) {
    TRY(sqlite3_stmt * raw, database_.prepare(sql));
    TRY_STATUS(Statement(raw).bind(last).run());
  }
  return is_all ? database_.execute("DELETE FROM attempts") : Status();  // also those of runs deleted earlier
}

/// Attempts of a run that was deleted before it ended.
Status SqliteLedger::forget_strays(const std::string& run_id) {
  TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM attempts WHERE run_id = ?"));
  return Statement(raw).bind(run_id).run();
}

Status SqliteLedger::change_budgets(const BudgetChange& change) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const BudgetBook before, sqlite::load_budgets(database_));
    BudgetBook after = before;
    sqlite::SqliteUsageSums sums(database_);
    TRY_STATUS(change(after, sums));
    if (after == before) return {};
    TRY_STATUS(sqlite::save_budgets(database_, before, after));
    return transaction.commit();
  });
}

}  // namespace delegate
