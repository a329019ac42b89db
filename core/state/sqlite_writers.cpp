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

Status save_writer(Database& database, const WriterRow& row) {
  TRY(sqlite3_stmt * raw, database.prepare("INSERT OR REPLACE INTO writers (" WRITER_COLUMNS
                                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return Statement(raw)
      .bind(row.lease.token)
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
      .bind(row.lease.owner.pid_namespace)
      .run();
}

}  // namespace

Result<WriterRows> load_writers(Database& database) {
  TRY(sqlite3_stmt * raw, database.prepare("SELECT " WRITER_COLUMNS " FROM writers ORDER BY wall, token"));
  Statement statement(raw);
  WriterRows rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(writer_at(statement));
  }
}

Status save_writers(Database& database, const WriterRows& before, const WriterRows& after) {
  for (const WriterRow& row : before) {
    const auto is_same = [&](const WriterRow& kept) { return kept.lease.token == row.lease.token; };
    if (std::any_of(after.begin(), after.end(), is_same)) continue;
    TRY(sqlite3_stmt * raw, database.prepare("DELETE FROM writers WHERE token = ?"));
    TRY_STATUS(Statement(raw).bind(row.lease.token).run());
  }
  for (const WriterRow& row : after)
    if (std::find(before.begin(), before.end(), row) == before.end()) TRY_STATUS(save_writer(database, row));
  return {};
}

}  // namespace delegate::sqlite
