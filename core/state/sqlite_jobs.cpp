#include "core/state/sqlite_jobs.hpp"

#include <algorithm>

namespace delegate {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

#define JOB_COLUMNS                                                                               \
  "id, state, submitted_at, owner_boot_id, owner_pid, owner_start_time, owner_namespace, doing, " \
  "cancel_wanted, ended_at, exit_code "
#define UNENDED "state IN (0, 1, 4) "

JobRow job_at(const Statement& row) {
  const auto ended_at = row.maybe_integer(9);
  return {.id = row.text(0),
          .state = static_cast<JobRow::State>(row.integer(1)),
          .submitted_at = milliseconds(row.integer(2)),
          .owner = {row.text(3), row.integer(4), row.integer(5), row.integer(6)},
          .doing = row.text(7),
          .cancel_requested = row.integer(8) != 0,
          .ended_at = ended_at ? std::optional(milliseconds(*ended_at)) : std::nullopt,
          .exit_code = static_cast<int>(row.integer(10))};
}

Result<std::vector<JobRow>> jobs_of(sqlite3_stmt* raw) {
  Statement statement(raw);
  std::vector<JobRow> rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(job_at(statement));
  }
}

/// Escapes `%`, `_` and the escape character itself.
std::string prefix_pattern(const std::string& prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

/// `rows`: jobs that have not ended, oldest first.
JobStart start_of(const std::vector<JobRow>& rows, const std::string& id, const ProcessId& me, int most,
                  const Jobs::IsDead& is_dead) {
  const auto mine = std::find_if(rows.begin(), rows.end(), [&](const JobRow& row) { return row.id == id; });
  if (mine == rows.end() || mine->owner != me || mine->state == JobRow::State::running) return {};
  if (mine->cancel_requested) return {.decision = JobStart::Decision::cancelled};
  const auto running =
      std::count_if(rows.begin(), rows.end(), [](const JobRow& row) { return row.state == JobRow::State::running; });
  const auto ahead = std::count_if(rows.begin(), mine, [&](const JobRow& row) {
    return row.state == JobRow::State::waiting && !row.cancel_requested && !is_dead(row.owner);
  });
  // Jobs ahead take the free places first.
  if (running + ahead >= most) return {.decision = JobStart::Decision::waits, .ahead = static_cast<int>(ahead)};
  return {.decision = JobStart::Decision::started};
}

}  // namespace

Status SqliteJobs::add(const JobRow& row) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw,
        database_.prepare("INSERT INTO jobs (id, state, submitted_at, owner_boot_id, owner_pid, owner_start_time, "
                          "owner_namespace, doing) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
    return Statement(raw)
        .bind(row.id)
        .bind(std::int64_t{static_cast<int>(row.state)})
        .bind(row.submitted_at.count())
        .bind(row.owner.boot_id)
        .bind(row.owner.pid)
        .bind(row.owner.start_time)
        .bind(row.owner.pid_namespace)
        .bind(row.doing)
        .run();
  });
}

Result<std::vector<JobRow>> SqliteJobs::unended() {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE " UNENDED "ORDER BY number"));
  return jobs_of(raw);
}

Status SqliteJobs::own(const std::string& id, const ProcessId& me, bool starts) {
  TRY(sqlite3_stmt * raw,
      database_.prepare("UPDATE jobs SET owner_boot_id = ?1, owner_pid = ?2, owner_start_time = ?3, "
                        "owner_namespace = ?4, state = CASE ?5 WHEN 1 THEN 1 ELSE state END WHERE id = ?6"));
  return Statement(raw)
      .bind(me.boot_id)
      .bind(me.pid)
      .bind(me.start_time)
      .bind(me.pid_namespace)
      .bind(std::int64_t{starts ? 1 : 0})
      .bind(id)
      .run();
}

Status SqliteJobs::mark_killed(std::vector<JobRow>& rows, const IsDead& is_dead) {
  const auto killed = std::stable_partition(rows.begin(), rows.end(), [&](const JobRow& row) {
    return row.state == JobRow::State::waiting || !is_dead(row.owner);
  });
  for (auto row = killed; row != rows.end(); ++row) {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 3, ended_at = ?, doing = '' WHERE id = ?"));
    TRY_STATUS(Statement(raw).bind(clock_.now().wall.count()).bind(row->id).run());
  }
  rows.erase(killed, rows.end());
  return {};
}

Result<JobStart> SqliteJobs::try_start(const std::string& id, const ProcessId& me, int most, const IsDead& is_dead) {
  return locked([&]() -> Result<JobStart> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(std::vector<JobRow> rows, unended());
    TRY_STATUS(mark_killed(rows, is_dead));
    const JobStart start = start_of(rows, id, me, most, is_dead);
    if (start.decision == JobStart::Decision::started) TRY_STATUS(own(id, me, true));
    TRY_STATUS(transaction.commit());
    return start;
  });
}

Result<std::optional<JobRow>> SqliteJobs::adopt(const ProcessId& me, const IsDead& is_dead) {
  return locked([&]() -> Result<std::optional<JobRow>> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(std::vector<JobRow> rows, unended());
    const auto orphan = std::find_if(rows.begin(), rows.end(), [&](const JobRow& row) {
      return row.state == JobRow::State::waiting && !row.cancel_requested && is_dead(row.owner);
    });
    if (orphan == rows.end()) return std::optional<JobRow>();
    TRY_STATUS(own(orphan->id, me, false));
    orphan->owner = me;
    TRY_STATUS(transaction.commit());
    return std::optional(std::move(*orphan));
  });
}

Status SqliteJobs::yield(const std::string& id, const std::string& doing) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 4, doing = ? WHERE id = ? AND state = 1"));
    return Statement(raw).bind(doing).bind(id).run();
  });
}

Status SqliteJobs::note_doing(const std::string& id, const std::string& doing) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET doing = ? WHERE id = ?"));
    return Statement(raw).bind(doing).bind(id).run();
  });
}

Status SqliteJobs::finish(const JobRow& row, milliseconds keep_since) {
  return locked([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 2, ended_at = ?, result = ?, remarks = ?, "
                                              "exit_code = ?, doing = '' WHERE id = ?"));
    TRY_STATUS(Statement(raw)
                   .bind(row.ended_at.value_or(milliseconds(0)).count())
                   .bind(row.result)
                   .bind(row.remarks)
                   .bind(std::int64_t{row.exit_code})
                   .bind(row.id)
                   .run());
    TRY(sqlite3_stmt * forget, database_.prepare("DELETE FROM jobs WHERE state IN (2, 3) AND ended_at < ?"));
    TRY_STATUS(Statement(forget).bind(keep_since.count()).run());
    return transaction.commit();
  });
}

Status SqliteJobs::request_cancel(const std::string& id) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET cancel_wanted = 1 WHERE id = ? AND " UNENDED));
    return Statement(raw).bind(id).run();
  });
}

Result<bool> SqliteJobs::is_cancel_requested(const std::string& id) {
  return locked([&]() -> Result<bool> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT cancel_wanted FROM jobs WHERE id = ?"));
    Statement statement(raw);
    TRY(const bool found, statement.bind(id).step());
    return found && statement.integer(0) != 0;
  });
}

Status SqliteJobs::remove(const std::string& id) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM jobs WHERE id = ?"));
    return Statement(raw).bind(id).run();
  });
}

Result<JobRow> SqliteJobs::find(const std::string& id) {
  return locked([&]() -> Result<JobRow> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS ", result, remarks FROM jobs "
                                              "WHERE id LIKE ?1 ESCAPE '\\' ORDER BY id = ?2 DESC LIMIT 2"));
    Statement statement(raw);
    TRY(bool found, statement.bind(prefix_pattern(id)).bind(id).step());
    if (!found || id.empty()) return fail(Code::not_found, "no background run with id '" + id + "'");
    JobRow row = job_at(statement);
    row.result = statement.text(11);
    row.remarks = statement.text(12);
    TRY(found, statement.step());
    if (found && row.id != id) return fail(Code::invalid_argument, "several background runs begin with '" + id + "'");
    return row;
  });
}

Result<std::vector<JobRow>> SqliteJobs::list() {
  return locked([&]() -> Result<std::vector<JobRow>> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs ORDER BY number DESC"));
    return jobs_of(raw);
  });
}

}  // namespace delegate
