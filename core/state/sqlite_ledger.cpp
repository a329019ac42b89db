#include "core/state/sqlite_ledger.hpp"

#include <algorithm>

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
          .prompt = row.text(13),
          .owner = {row.text(14), row.integer(15), row.integer(16), row.integer(17)}};
}

AttemptRow attempt_at(const Statement& row) {
  const auto exit_code = row.maybe_integer(10);
  return {.run_id = row.text(0),
          .number = static_cast<int>(row.integer(1)),
          .backend = row.text(2),
          .model = row.text(3),
          .outcome = row.text(4),
          .message = row.text(5),
          .probe = row.integer(6) != 0,
          .counted = row.integer(7) != 0,
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

}  // namespace

Status SqliteLedger::begin_run(const RunRow& row) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(sqlite3_stmt * raw,
        database_.prepare(
            "INSERT INTO runs (id, started_at, requested_backend, task_type, cwd, outcome, backend, model, "
            "session_id, prompt, owner_boot_id, owner_pid, owner_start_time, owner_namespace) "
            "VALUES (?, ?, ?, ?, ?, '', '', '', '', ?, ?, ?, ?, ?)"));
    return Statement(raw)
        .bind(row.id)
        .bind(row.started_at.count())
        .bind(row.requested_backend)
        .bind(row.task_type)
        .bind(row.cwd)
        .bind(row.prompt)
        .bind(row.owner.boot_id)
        .bind(row.owner.pid)
        .bind(row.owner.start_time)
        .bind(row.owner.pid_namespace)
        .run();
  });
}

Status SqliteLedger::add_attempt(const AttemptRow& row) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(sqlite3_stmt * raw,
        database_.prepare("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
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
    // Run numbers grow without gaps, so the oldest beyond the limit are found without counting rows.
    TRY(sqlite3_stmt * attempts,
        database_.prepare("DELETE FROM attempts WHERE run_id IN "
                          "(SELECT id FROM runs WHERE number <= (SELECT max(number) FROM runs) - ?)"));
    TRY_STATUS(Statement(attempts).bind(std::int64_t{limit}).run());
    TRY(sqlite3_stmt * runs, database_.prepare("DELETE FROM runs WHERE number <= (SELECT max(number) FROM runs) - ?"));
    TRY_STATUS(Statement(runs).bind(std::int64_t{limit}).run());
    return transaction.commit();
  });
}

Result<std::vector<RunRow>> SqliteLedger::runs(int most) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<RunRow>> {
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT id, started_at, took, requested_backend, task_type, cwd, outcome, backend, model, "
                          "session_id, input_tokens, output_tokens, cost_usd, prompt, owner_boot_id, owner_pid, "
                          "owner_start_time, owner_namespace FROM runs ORDER BY number DESC LIMIT ?"));
    Statement statement(raw);
    statement.bind(std::int64_t{std::max(most, 0)});
    return all<RunRow>(statement, run_at);
  });
}

Result<std::vector<AttemptRow>> SqliteLedger::attempts(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<AttemptRow>> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT * FROM attempts WHERE run_id = ? ORDER BY number"));
    Statement statement(raw);
    statement.bind(run_id);
    return all<AttemptRow>(statement, attempt_at);
  });
}

Result<std::vector<AttemptRow>> SqliteLedger::last_attempts() {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::vector<AttemptRow>> {
    // With a bare max(), SQLite takes the other columns from the row that holds the maximum.
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT *, max(started_at) FROM attempts GROUP BY backend"));
    Statement statement(raw);
    return all<AttemptRow>(statement, attempt_at);
  });
}

}  // namespace delegate
