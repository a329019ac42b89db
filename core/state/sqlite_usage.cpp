#include "core/state/sqlite_usage.hpp"

#include <algorithm>
#include <limits>

#include "core/base/text.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::sqlite {
namespace {

constexpr milliseconds kUsageHour{3'600'000};

#define USAGE_KEY "hour, backend, login, model, outcome, directory"
#define USAGE_COLUMNS \
  USAGE_KEY           \
  ", calls, calls_with_tokens, input_tokens, output_tokens, calls_with_cost, cost_usd, latency, tripped, skipped"
// total() does not fail for large numbers, as sum() does.
#define SUM_OF_TOKENS "CAST(total(input_tokens) + total(output_tokens) AS INTEGER)"
#define RESERVATION_COLUMNS                                                           \
  "token, backend, model, calls, tokens, usd, made_at, boot_id, boot, wall, length, " \
  "owner_boot_id, owner_pid, owner_start_time, owner_namespace"

constexpr const char* kUsageBesideItsRun =
    "SELECT " USAGE_COLUMNS
    " FROM usage_hours WHERE hour = ? AND backend = ? AND login = ? AND model = ? AND "
    "outcome = ? AND directory = (SELECT cwd FROM runs WHERE id = ?)";
constexpr const char* kSaveUsage =
    "INSERT OR REPLACE INTO usage_hours (" USAGE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

Statement& bind_call(Statement& statement, const UsageKey& key) {
  return statement.bind(key.hour.count()).bind(key.backend).bind(key.login).bind(key.model).bind(key.outcome);
}
Statement& bind_key(Statement& statement, const UsageKey& key) { return bind_call(statement, key).bind(key.directory); }

/// Another hand may have written figures that cannot be summed.
std::int64_t count_at(const Statement& row, int column) {
  constexpr std::int64_t kMost = 1'000'000'000'000'000;
  return std::clamp<std::int64_t>(row.integer(column), 0, kMost);
}

UsageRow usage_row_at(const Statement& row) {
  return {.key = {milliseconds(row.integer(0)), one_line(row.text(1)), one_line(row.text(2)), one_line(row.text(3)),
                  one_line(row.text(4)), row.text(5)},
          .calls = count_at(row, 6),
          .calls_with_tokens = count_at(row, 7),
          .input_tokens = count_at(row, 8),
          .output_tokens = count_at(row, 9),
          .calls_with_cost = count_at(row, 10),
          .cost_usd = row.maybe_real(11).value_or(0),
          .latency = parse_latency(row.text(12)),
          .tripped = count_at(row, 13),
          .skipped = count_at(row, 14)};
}

Result<UsageRow> row_with(Database& database, const UsageKey& key) {
  TRY(sqlite3_stmt * raw,
      database.prepare("SELECT " USAGE_COLUMNS " FROM usage_hours WHERE hour = ? AND backend = ? AND login = ? AND "
                       "model = ? AND outcome = ? AND directory = ?"));
  Statement statement(raw);
  TRY(const bool found, bind_key(statement, key).step());
  return found ? usage_row_at(statement) : UsageRow{.key = key};
}

/// The row of the same key with the directory of the run, if there is one.
Result<std::optional<UsageRow>> row_beside(Database& database, const UsageKey& key, const std::string& run_id) {
  TRY(sqlite3_stmt * raw, database.prepare(kUsageBesideItsRun));
  Statement statement(raw);
  TRY(const bool found, bind_call(statement, key).bind(run_id).step());
  return found ? std::optional(usage_row_at(statement)) : std::nullopt;
}

Status save_usage(Database& database, const UsageRow& row) {
  TRY(sqlite3_stmt * raw, database.prepare(kSaveUsage));
  Statement statement(raw);
  return bind_key(statement, row.key)
      .bind(row.calls)
      .bind(row.calls_with_tokens)
      .bind(row.input_tokens)
      .bind(row.output_tokens)
      .bind(row.calls_with_cost)
      .bind(row.cost_usd)
      .bind(latency_text(row.latency))
      .bind(row.tripped)
      .bind(row.skipped)
      .run();
}

Status add_usage(Database& database, const UsageRow& more) {
  TRY(UsageRow row, row_with(database, more.key));
  row += more;
  return save_usage(database, row);
}

/// Of the run; empty if the hour has too many others.
Result<std::string> directory_of(Database& database, const std::string& run_id, milliseconds hour) {
  TRY(sqlite3_stmt * raw,
      database.prepare("SELECT r.cwd, count(DISTINCT u.directory), max(u.directory = r.cwd) FROM runs r "
                       "LEFT JOIN usage_hours u ON u.hour = ?2 AND u.directory <> '' WHERE r.id = ?1"));
  Statement statement(raw);
  TRY(const bool found, statement.bind(run_id).bind(hour.count()).step());
  if (!found) return std::string();
  const bool has_place = statement.integer(1) < kMostDirectories || statement.integer(2) != 0;
  return has_place ? statement.text(0) : std::string();
}

/// False: there is none.
Result<bool> end_reservation(Database& database, const std::string& token) {
  TRY(sqlite3_stmt * raw, database.prepare("DELETE FROM reservations WHERE token = ?"));
  TRY_STATUS(Statement(raw).bind(token).run());
  return database.changed_rows() > 0;
}

/// One hour at most: after a long pause no call has to delete all of it.
Status forget_old_hour(Database& database, milliseconds now) {
  TRY(sqlite3_stmt * raw, database.prepare("DELETE FROM usage_hours WHERE hour = (SELECT min(hour) FROM usage_hours) "
                                           "AND hour < ?"));
  return Statement(raw).bind((now - kUsageKept).count()).run();
}

Reservation reservation_at(const Statement& row) {
  return {.token = row.text(0),
          .backend = row.text(1),
          .model = row.text(2),
          .expected = {count_at(row, 3), count_at(row, 4), row.maybe_real(5).value_or(0)},
          .owner = {row.text(11), row.integer(12), row.integer(13), row.integer(14)},
          .span = {{row.text(7), milliseconds(row.integer(8)), milliseconds(row.integer(9))},
                   milliseconds(row.integer(10))},
          .made_at = milliseconds(row.integer(6))};
}

Status save_reservation(Database& database, const Reservation& one) {
  TRY(sqlite3_stmt * raw, database.prepare("INSERT OR REPLACE INTO reservations (" RESERVATION_COLUMNS
                                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return Statement(raw)
      .bind(one.token)
      .bind(one.backend)
      .bind(one.model)
      .bind(one.expected.calls)
      .bind(one.expected.tokens)
      .bind(one.expected.usd)
      .bind(one.made_at.count())
      .bind(one.span.since.boot_id)
      .bind(one.span.since.boot.count())
      .bind(one.span.since.wall.count())
      .bind(one.span.length.count())
      .bind(one.owner.boot_id)
      .bind(one.owner.pid)
      .bind(one.owner.start_time)
      .bind(one.owner.pid_namespace)
      .run();
}

Status save_period(Database& database, BudgetPeriod period, const PeriodSpan& span) {
  TRY(sqlite3_stmt * raw,
      database.prepare("INSERT OR REPLACE INTO budget_periods (period, begins, ends) VALUES (?, ?, ?)"));
  return Statement(raw).bind(std::string(to_string(period))).bind(span.begin.count()).bind(span.end.count()).run();
}

}  // namespace

Status count_attempt(Database& database, const AttemptRow& attempt) {
  if (!attempt.reservation.empty()) {
    TRY(const bool is_open, end_reservation(database, attempt.reservation));
    if (!is_open) return {};  // it was counted as the call of a killed process
  }
  if (!attempt.is_call) return {};
  UsageRow row = usage_of(attempt, {});
  TRY(auto known, row_beside(database, row.key, attempt.run_id));
  if (known) return save_usage(database, *known += row);
  TRY(row.key.directory, directory_of(database, attempt.run_id, row.key.hour));
  TRY_STATUS(add_usage(database, row));
  return forget_old_hour(database, attempt.started_at);
}

Status count_spared(Database& database, const RunRow& run) {
  const milliseconds ended_at = run.started_at + run.took.value_or(milliseconds(0));
  for (const SkipRow& skip : run.skips) {
    if (!skip.spared_a_wait) continue;
    UsageRow row = usage_of(skip, ended_at, {});
    TRY(row.key.directory, directory_of(database, run.id, row.key.hour));
    TRY_STATUS(add_usage(database, row));
  }
  return {};
}

Status prepare_counting(Database& database) {
  for (const char* sql : {kUsageBesideItsRun, kSaveUsage}) TRY_STATUS(database.prepare(sql));
  return {};
}

Result<std::vector<UsageRow>> load_usage(Database& database, const UsageQuery& query) {
  TRY(sqlite3_stmt * raw,
      database.prepare("SELECT " USAGE_COLUMNS " FROM usage_hours WHERE hour >= ?1 AND hour < ?2 AND "
                       "(?3 = '' OR backend = ?3) ORDER BY " USAGE_KEY));
  Statement statement(raw);
  const std::int64_t until = query.until ? query.until->count() : std::numeric_limits<std::int64_t>::max();
  statement.bind(query.since.count()).bind(until).bind(query.backend);
  std::vector<UsageRow> rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(usage_row_at(statement));
  }
}

Result<BudgetBook> load_budgets(Database& database) {
  BudgetBook book;
  {
    TRY(sqlite3_stmt * raw, database.prepare("SELECT period, begins, ends FROM budget_periods"));
    Statement statement(raw);
    for (;;) {
      TRY(const bool more, statement.step());
      if (!more) break;
      for (const BudgetPeriod period : kBudgetPeriods)
        if (statement.text(0) == to_string(period))
          book.periods[period] = {milliseconds(statement.integer(1)), milliseconds(statement.integer(2))};
    }
  }
  TRY(sqlite3_stmt * raw, database.prepare("SELECT " RESERVATION_COLUMNS " FROM reservations ORDER BY token"));
  Statement statement(raw);
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return book;
    book.reservations.push_back(reservation_at(statement));
  }
}

Status save_budgets(Database& database, const BudgetBook& before, const BudgetBook& after) {
  for (const auto& [period, span] : after.periods) {
    const auto known = before.periods.find(period);
    if (known == before.periods.end() || known->second != span) TRY_STATUS(save_period(database, period, span));
  }
  const auto is_in = [](const std::vector<Reservation>& list, const Reservation& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  };
  for (const Reservation& one : before.reservations)
    if (!is_in(after.reservations, one)) TRY_STATUS(end_reservation(database, one.token));
  for (const Reservation& one : after.reservations)
    if (!is_in(before.reservations, one)) TRY_STATUS(save_reservation(database, one));
  for (const Reservation& one : after.killed) TRY_STATUS(add_usage(database, usage_of(one)));
  return {};
}

Result<std::map<std::string, Spending>> SqliteUsageSums::spent_since(milliseconds begin) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT backend, CAST(total(calls) AS INTEGER), " SUM_OF_TOKENS
                                            ", sum(cost_usd) FROM usage_hours "
                                            " WHERE hour > ? GROUP BY backend"));
  Statement statement(raw);
  statement.bind((begin - kUsageHour).count());
  std::map<std::string, Spending> sums;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return sums;
    sums[statement.text(0)] = {count_at(statement, 1), count_at(statement, 2), statement.maybe_real(3).value_or(0)};
  }
}

Result<std::map<std::string, AnsweredUse>> SqliteUsageSums::answered_since(const std::string& backend,
                                                                           milliseconds begin) {
  TRY(sqlite3_stmt * raw,
      database_.prepare("SELECT model, outcome, CAST(total(calls_with_tokens) AS INTEGER), " SUM_OF_TOKENS
                        ", CAST(total(calls_with_cost) AS INTEGER), "
                        "sum(cost_usd) FROM usage_hours WHERE hour > ? AND backend = ? GROUP BY model, outcome"));
  Statement statement(raw);
  statement.bind((begin - kUsageHour).count()).bind(backend);
  std::map<std::string, AnsweredUse> sums;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return sums;
    if (!is_answer_named(statement.text(1))) continue;
    AnsweredUse& sum = sums[statement.text(0)];
    sum.calls_with_tokens += count_at(statement, 2);
    sum.tokens += count_at(statement, 3);
    sum.calls_with_cost += count_at(statement, 4);
    sum.cost_usd += statement.maybe_real(5).value_or(0);
  }
}

}  // namespace delegate::sqlite
