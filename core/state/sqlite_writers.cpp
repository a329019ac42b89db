#include "core/state/sqlite_writers.hpp"

#include <algorithm>

namespace delegate::sqlite {
namespace {

#define WRITER_COLUMNS                                                                                       \
  "token, directory, run_id, tag, boot_id, boot, wall, length, owner_boot_id, owner_pid, owner_start_time, " \
  "owner_namespace"

WriterRow writer_at(const Statement& row) {
  return {.directory = row.text(1),
          .run_id = row.text(2),
          .lease = {.token = row.text(0),
                    .owner = {row.text(8), row.integer(9), row.integer(10), row.integer(11)},
                    .span = {{row.text(4), milliseconds(row.integer(5)), milliseconds(row.integer(6))},
                             milliseconds(row.integer(7))},
                    .tag = row.text(3)}};
}
WaitingWriter waiting_at(const Statement& row) { return {writer_at(row), row.integer(12) != 0}; }

Statement& bind_writer(Statement& statement, const WriterRow& row) {
  return statement.bind(row.lease.token)
      .bind(row.directory)
      .bind(row.run_id)
      .bind(row.lease.tag)
      .bind(row.lease.span.since.boot_id)
      .bind(row.lease.span.since.boot.count())
      .bind(row.lease.span.since.wall.count())
      .bind(row.lease.span.length.count())
      .bind(row.lease.owner.boot_id)
      .bind(row.lease.owner.pid)
      .bind(row.lease.owner.start_time)
      .bind(row.lease.owner.pid_namespace);
}

Status save_writer(Database& database, const WriterRow& row) {
  TRY(sqlite3_stmt * raw, database.prepare("INSERT OR REPLACE INTO writers (" WRITER_COLUMNS
                                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  Statement statement(raw);
  return bind_writer(statement, row).run();
}

/// The number stays, and with it the place in the line; a new row gets the last one.
Status save_writer(Database& database, const WaitingWriter& waiting) {
  TRY(sqlite3_stmt * raw,
      database.prepare("INSERT OR REPLACE INTO waiting_writers (" WRITER_COLUMNS
                       ", aside, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                       "(SELECT number FROM waiting_writers WHERE token = ?1))"));
  Statement statement(raw);
  return bind_writer(statement, waiting.row).bind(std::int64_t{waiting.stands_aside ? 1 : 0}).run();
}

const std::string& token_of(const WriterRow& row) { return row.lease.token; }
const std::string& token_of(const WaitingWriter& waiting) { return waiting.row.lease.token; }

template <class Row>
Result<std::vector<Row>> load_rows(Database& database, const char* sql, Row (*row_at)(const Statement&)) {
  TRY(sqlite3_stmt * raw, database.prepare(sql));
  Statement statement(raw);
  std::vector<Row> rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(row_at(statement));
  }
}

template <class Row>
Status save_differences(Database& database, const char* deletion, const std::vector<Row>& before,
                        const std::vector<Row>& after) {
  for (const Row& row : before) {
    const auto is_same = [&](const Row& kept) { return token_of(kept) == token_of(row); };
    if (std::any_of(after.begin(), after.end(), is_same)) continue;
    TRY(sqlite3_stmt * raw, database.prepare(deletion));
    TRY_STATUS(Statement(raw).bind(token_of(row)).run());
  }
  for (const Row& row : after)
    if (std::find(before.begin(), before.end(), row) == before.end()) TRY_STATUS(save_writer(database, row));
  return {};
}

}  // namespace

Result<WritersState> load_writers(Database& database) {
  WritersState state;
  TRY(state.writing, load_rows(database, "SELECT " WRITER_COLUMNS " FROM writers ORDER BY wall, token", writer_at));
  TRY(state.waiting,
      load_rows(database, "SELECT " WRITER_COLUMNS ", aside FROM waiting_writers ORDER BY number", waiting_at));
  return state;
}

Status save_writers(Database& database, const WritersState& before, const WritersState& after) {
  TRY_STATUS(save_differences(database, "DELETE FROM writers WHERE token = ?", before.writing, after.writing));
  return save_differences(database, "DELETE FROM waiting_writers WHERE token = ?", before.waiting, after.waiting);
}

}  // namespace delegate::sqlite
