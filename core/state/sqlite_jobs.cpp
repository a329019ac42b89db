#include "core/state/sqlite_jobs.hpp"

#include <algorithm>
#include <tuple>

#include "core/state/job_line.hpp"

namespace delegate {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

#define JOB_COLUMNS                                                                               \
  "id, state, submitted_at, owner_boot_id, owner_pid, owner_start_time, owner_namespace, doing, " \
  "cancel_wanted, ended_at, exit_code, line, turn, begun, needs "
#define UNENDED "state IN (0, 1, 4) "
#define SET_OWNER "owner_boot_id = ?1, owner_pid = ?2, owner_start_time = ?3, owner_namespace = ?4 "

/// Jobs that wait for a turn, or for a process that takes it.
constexpr const char* kWork =
    "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 0 AND begun = 0 AND cancel_wanted = 0) OR "
    "EXISTS (SELECT 1 FROM jobs WHERE state = 1 AND begun = 0)";

JobRow job_at(const Statement& row) {
  const auto ended_at = row.maybe_integer(9);
  return {.id = row.text(0),
          .state = static_cast<JobRow::State>(row.integer(1)),
          .submitted_at = milliseconds(row.integer(2)),
          .owner = {row.text(3), row.integer(4), row.integer(5), row.integer(6)},
          .line = job_line_of(row.text(11)),
          .turn = row.integer(12),
          .has_begun = row.integer(13) != 0,
          .needs = row.text(14),
          .doing = row.text(7),
          .cancel_requested = row.integer(8) != 0,
          .ended_at = ended_at ? std::optional(milliseconds(*ended_at)) : std::nullopt,
          .exit_code = static_cast<int>(row.integer(10))};
}

Result<std::vector<JobRow>> jobs_of(Statement& statement) {
  std::vector<JobRow> rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(job_at(statement));
  }
}

Statement& bind(Statement& statement, const ProcessId& owner) {
  return statement.bind(owner.boot_id).bind(owner.pid).bind(owner.start_time).bind(owner.pid_namespace);
}

bool may_have_begun(const JobRow& row) { return row.has_begun && row.state != JobRow::State::waiting; }

}  // namespace

Result<std::int64_t> SqliteJobs::number(const char* sql) {
  TRY(sqlite3_stmt * raw, database_.prepare(sql));
  Statement statement(raw);
  TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<std::int64_t> SqliteJobs::changes() { return number("SELECT changes()"); }

// ---- into the queue

Status SqliteJobs::insert(const JobRow& row) {
  TRY(sqlite3_stmt * raw,
      database_.prepare("INSERT INTO jobs (owner_boot_id, owner_pid, owner_start_time, owner_namespace, id, state, "
                        "submitted_at, line, begun, needs, doing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  Statement statement(raw);
  return bind(statement, row.owner)
      .bind(row.id)
      .bind(std::int64_t{static_cast<int>(row.state)})
      .bind(row.submitted_at.count())
      .bind(to_text(row.line))
      .bind(std::int64_t{row.has_begun ? 1 : 0})
      .bind(row.needs)
      .bind(row.doing)
      .run();
}

Status SqliteJobs::insert_request(const std::string& id, const JobRequest& request) {
  TRY(sqlite3_stmt * raw, database_.prepare("INSERT INTO job_requests (id, request, start) VALUES (?, ?, ?)"));
  return Statement(raw).bind(id).bind(request.request).bind(request.start).run();
}

Status SqliteJobs::forget_request(const std::string& id) {
  TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM job_requests WHERE id = ?"));
  return Statement(raw).bind(id).run();
}

Result<bool> SqliteJobs::has_room(const JobLimits& limits) {
  TRY(const std::int64_t waiting, number("SELECT count(*) FROM jobs WHERE state = 0"));
  return waiting < limits.queued;
}

Status SqliteJobs::add(const JobRow& row, const JobRequest& request, const JobLimits& limits) {
  return locked([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const bool has_room, this->has_room(limits));
    if (!has_room)
      return fail(Code::resource_exhausted, std::to_string(limits.queued) + " runs are queued already",
                  "wait, cancel some, or raise background.max_queued");
    TRY_STATUS(insert(row));
    TRY_STATUS(insert_request(row.id, request));
    return transaction.commit();
  });
}

Result<bool> SqliteJobs::stands_in_line(const JobLine& line) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT 1 FROM jobs WHERE state = 0 AND line = ? LIMIT 1"));
  Statement statement(raw);
  return statement.bind(to_text(line)).step();
}

Result<bool> SqliteJobs::add_own(const JobRow& row, const JobRequest& request, const JobLimits& limits) {
  return locked([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const std::int64_t running, number("SELECT count(*) FROM jobs WHERE state = 1"));
    TRY(const bool has_predecessor, stands_in_line(row.line));
    // The run around a nested one has a place already, and waits for this one.
    const bool begins = row.line.is_nested || (running < limits.parallel && !has_predecessor);
    TRY(const bool has_room, this->has_room(limits));
    if (!begins && !has_room)
      return fail(Code::resource_exhausted, std::to_string(limits.queued) + " runs are queued already",
                  "wait, cancel some, or raise background.max_queued");
    JobRow added = row;
    added.state = begins ? JobRow::State::running : JobRow::State::waiting;
    added.has_begun = begins;
    TRY_STATUS(insert(added));
    if (!begins) TRY_STATUS(insert_request(row.id, request));
    TRY_STATUS(transaction.commit());
    return begins;
  });
}

// ---- turns

/// Goes from line to line, so that the length of the queue does not matter. A job that an earlier version queued is
/// started by its own process.
Result<std::vector<JobRow>> SqliteJobs::heads() {
  return locked([&]() -> Result<std::vector<JobRow>> {
    std::vector<JobRow> heads;
    for (std::string line;;) {
      TRY(sqlite3_stmt * raw,
          database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE state = 0 AND cancel_wanted = 0 AND begun = 0 AND "
                            "line > ? ORDER BY line, number LIMIT 1"));
      Statement statement(raw);
      TRY(const bool found, statement.bind(line).step());
      if (!found) break;
      heads.push_back(job_at(statement));
      line = statement.text(11);
    }
    std::sort(heads.begin(), heads.end(), [](const JobRow& a, const JobRow& b) {
      return std::tie(a.submitted_at, a.id) < std::tie(b.submitted_at, b.id);
    });
    return heads;
  });
}

Result<std::vector<JobRow>> SqliteJobs::running() {
  return locked([&]() -> Result<std::vector<JobRow>> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE state = 1 ORDER BY number"));
    Statement statement(raw);
    return jobs_of(statement);
  });
}

Result<int> SqliteJobs::ahead_of(const std::string& id) {
  return locked([&]() -> Result<int> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT count(*) FROM jobs WHERE state = 0 AND cancel_wanted = 0 AND "
                                              "number < (SELECT number FROM jobs WHERE id = ?)"));
    Statement statement(raw);
    TRY(const bool row, statement.bind(id).step());
    return row ? static_cast<int>(statement.integer(0)) : 0;
  });
}

Result<JobRequest> SqliteJobs::request(const std::string& id) {
  return locked([&]() -> Result<JobRequest> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT request, start FROM job_requests WHERE id = ?"));
    Statement statement(raw);
    TRY(const bool found, statement.bind(id).step());
    if (!found) return fail(Code::not_found, "run " + id + ": its request is not in the store");
    return JobRequest{statement.text(0), statement.text(1)};
  });
}

Result<Jobs::Turn> SqliteJobs::give_turn(const JobRow& row, const ProcessId& dispatcher, int parallel) {
  return locked([&]() -> Result<Turn> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const bool leads, dispatcher_.is_of(dispatcher));
    if (!leads) return Turn::deposed;
    TRY(const std::int64_t running, number("SELECT count(*) FROM jobs WHERE state = 1"));
    if (running >= parallel) return Turn::full;
    TRY(sqlite3_stmt * raw,
        database_.prepare("UPDATE jobs SET state = 1, begun = 0, turn = turn + 1, turn_at = ?5, " SET_OWNER
                          "WHERE id = ?6 AND state = 0 AND begun = 0 AND turn = ?7 AND cancel_wanted = 0"));
    Statement statement(raw);
    TRY_STATUS(bind(statement, row.has_owner() ? row.owner : dispatcher)
                   .bind(clock_.now().boot.count())
                   .bind(row.id)
                   .bind(row.turn)
                   .run());
    TRY(const std::int64_t changed, changes());
    if (changed == 0) return Turn::gone;
    TRY_STATUS(transaction.commit());
    return Turn::given;
  });
}

Result<bool> SqliteJobs::begin(const std::string& id, std::int64_t turn, const ProcessId& me) {
  return locked([&]() -> Result<bool> {
    {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET begun = 1, " SET_OWNER
                                                "WHERE id = ?5 AND state = 1 AND begun = 0 AND turn = ?6"));
      Statement statement(raw);
      TRY_STATUS(bind(statement, me).bind(id).bind(turn).run());
      TRY(const std::int64_t changed, changes());
      if (changed == 0) return false;
      TRY_STATUS(forget_request(id));
      TRY_STATUS(transaction.commit());
    }
    // The log still has the prompt until it is emptied; if others read just now, a later start does it.
    static_cast<void>(number("PRAGMA wal_checkpoint(TRUNCATE)"));
    return true;
  });
}

Status SqliteJobs::mark_killed(const JobRow& row) {
  TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 3, ended_at = ?, doing = '' WHERE id = ?"));
  return Statement(raw).bind(clock_.now().wall.count()).bind(row.id).run();
}

Status SqliteJobs::return_to_queue(const JobRow& row) {
  TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 0, begun = 0, owner_boot_id = '', owner_pid = 0, "
                                            "owner_start_time = 0, owner_namespace = 0, doing = '' WHERE id = ?"));
  return Statement(raw).bind(row.id).run();
}

Result<Jobs::Recovered> SqliteJobs::recover(const IsDead& is_dead, milliseconds patience) {
  const auto is_late = [&](const Statement& row) {
    return row.integer(1) == 1 && row.integer(13) == 0 &&
           clock_.now().boot.count() - row.integer(15) > patience.count();
  };
  return locked([&]() -> Result<Recovered> {
    std::vector<JobRow> found;
    {
      // One index for each: those that only wait, most of them, are not looked at.
      TRY(sqlite3_stmt * raw,
          database_.prepare("SELECT " JOB_COLUMNS ", turn_at FROM jobs WHERE state = 1 "
                            "UNION ALL SELECT " JOB_COLUMNS ", turn_at FROM jobs WHERE state = 4 "
                            "UNION ALL SELECT " JOB_COLUMNS ", turn_at FROM jobs WHERE state = 0 AND owner_pid <> 0"));
      Statement statement(raw);
      for (;;) {
        TRY(const bool more, statement.step());
        if (!more) break;
        JobRow row = job_at(statement);
        if (is_dead(row.owner) || is_late(statement)) found.push_back(std::move(row));
      }
    }
    Recovered recovered;
    if (found.empty()) return recovered;
    TRY(Transaction transaction, Transaction::begin(database_));
    for (const JobRow& row : found) {
      TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE id = ?"));
      Statement statement(raw);
      TRY(const bool is_there, statement.bind(row.id).step());
      if (!is_there || job_at(statement) != row) continue;  // it went on meanwhile
      recovered.changed = true;
      const bool has_request = !row.has_begun && row.needs.empty();
      if (may_have_begun(row)) {
        TRY_STATUS(mark_killed(row));
      } else if (has_request) {
        TRY_STATUS(return_to_queue(row));
      } else {
        recovered.stranded.push_back(row);
      }
    }
    TRY_STATUS(transaction.commit());
    return recovered;
  });
}

Status SqliteJobs::adopt(const std::string& id, const JobRequest& request) {
  return locked([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * raw,
        database_.prepare("UPDATE jobs SET begun = 0, line = ':', owner_boot_id = '', owner_pid = 0, "
                          "owner_start_time = 0, owner_namespace = 0 WHERE id = ? AND state = 0"));
    TRY_STATUS(Statement(raw).bind(id).run());
    TRY(const std::int64_t changed, changes());
    if (changed != 0) TRY_STATUS(insert_request(id, request));
    return transaction.commit();
  });
}

// ---- the dispatcher's lease

Result<bool> SqliteJobs::has_work(const IsDead& is_dead) {
  return locked([&]() -> Result<bool> {
    TRY(const std::int64_t work, number(kWork));
    if (work != 0) return true;
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE state = 0 AND owner_pid <> 0"));
    Statement statement(raw);
    TRY(const std::vector<JobRow> owned, jobs_of(statement));
    return std::any_of(owned.begin(), owned.end(), [&](const JobRow& row) { return is_dead(row.owner); });
  });
}

Result<bool> SqliteJobs::lead(const ProcessId& me, milliseconds lease, const IsDead& is_dead) {
  return locked([&] { return dispatcher_.take(me, lease, is_dead); });
}

Result<bool> SqliteJobs::resign(const ProcessId& me, bool only_if_idle) {
  return locked([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const std::int64_t work, number(kWork));
    if (only_if_idle && work != 0) return false;
    TRY_STATUS(dispatcher_.give_up(me));
    TRY_STATUS(transaction.commit());
    return true;
  });
}

Result<bool> SqliteJobs::is_led(const IsDead& is_dead) {
  return locked([&] { return dispatcher_.is_taken(is_dead); });
}

// ---- while it runs

Status SqliteJobs::yield(const std::string& id, const std::string& doing) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 4, doing = ? WHERE id = ? AND state = 1"));
    return Statement(raw).bind(doing).bind(id).run();
  });
}

Result<bool> SqliteJobs::resume(const std::string& id, const ProcessId& me, int parallel) {
  return locked([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const std::int64_t running, number("SELECT count(*) FROM jobs WHERE state = 1"));
    if (running >= parallel) return false;
    TRY(sqlite3_stmt * raw,
        database_.prepare("UPDATE jobs SET state = 1, begun = 1, " SET_OWNER "WHERE id = ?5 AND state = 4"));
    Statement statement(raw);
    TRY_STATUS(bind(statement, me).bind(id).run());
    TRY(const std::int64_t changed, changes());
    TRY_STATUS(transaction.commit());
    return changed != 0;
  });
}

Status SqliteJobs::note_doing(const std::string& id, const std::string& doing) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET doing = ? WHERE id = ? AND " UNENDED));
    return Statement(raw).bind(doing).bind(id).run();
  });
}

// ---- the end

/// Inside a transaction.
Status SqliteJobs::complete(const JobRow& row, const char* sql, milliseconds keep_since) {
  TRY(sqlite3_stmt * raw, database_.prepare(sql));
  TRY_STATUS(Statement(raw)
                 .bind(row.ended_at.value_or(milliseconds(0)).count())
                 .bind(row.result)
                 .bind(row.remarks)
                 .bind(std::int64_t{row.exit_code})
                 .bind(row.id)
                 .run());
  TRY(const std::int64_t changed, changes());
  if (changed == 0) return {};
  TRY_STATUS(forget_request(row.id));
  TRY(sqlite3_stmt * forget, database_.prepare("DELETE FROM jobs WHERE state IN (2, 3) AND ended_at < ?"));
  return Statement(forget).bind(keep_since.count()).run();
}

#define END_JOB \
  "UPDATE jobs SET state = 2, ended_at = ?, result = ?, remarks = ?, exit_code = ?, doing = '' WHERE id = ? "

Status SqliteJobs::finish(const JobRow& row, milliseconds keep_since) {
  return locked([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_STATUS(complete(row, END_JOB "AND " UNENDED, keep_since));
    return transaction.commit();
  });
}

Result<bool> SqliteJobs::finish_waiting(const JobRow& row, milliseconds keep_since) {
  return locked([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT state FROM jobs WHERE id = ? AND (state = 0 OR state = 1 AND "
                                              "begun = 0)"));
    Statement statement(raw);
    TRY(const bool waits, statement.bind(row.id).step());
    if (!waits) return false;
    TRY_STATUS(complete(row, END_JOB "AND " UNENDED, keep_since));
    TRY_STATUS(transaction.commit());
    return true;
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
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_STATUS(forget_request(id));
    TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM jobs WHERE id = ?"));
    TRY_STATUS(Statement(raw).bind(id).run());
    return transaction.commit();
  });
}

// ---- to look at

Result<JobRow> SqliteJobs::find(const std::string& id) {
  return locked([&]() -> Result<JobRow> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS ", result, remarks FROM jobs "
                                              "WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 2"));
    Statement statement(raw);
    TRY(bool found, statement.bind(id).step());
    if (!found || id.empty()) return fail(Code::not_found, "no background run with id '" + id + "'");
    JobRow row = job_at(statement);
    row.result = statement.text(15);
    row.remarks = statement.text(16);
    TRY(found, statement.step());
    if (found && row.id != id) return fail(Code::invalid_argument, "several background runs begin with '" + id + "'");
    return row;
  });
}

Result<std::vector<JobRow>> SqliteJobs::unended(int most) {
  return locked([&]() -> Result<std::vector<JobRow>> {
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE " UNENDED "ORDER BY number DESC LIMIT ?"));
    Statement statement(raw);
    statement.bind(std::int64_t{most});
    return jobs_of(statement);
  });
}

Result<std::vector<JobRow>> SqliteJobs::killed(int most) {
  return locked([&]() -> Result<std::vector<JobRow>> {
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE state = 3 ORDER BY ended_at DESC LIMIT ?"));
    Statement statement(raw);
    statement.bind(std::int64_t{most});
    return jobs_of(statement);
  });
}

Result<Jobs::Counts> SqliteJobs::counts() {
  return locked([&]() -> Result<Counts> {
    TRY(const std::int64_t waiting, number("SELECT count(*) FROM jobs WHERE state = 0"));
    TRY(const std::int64_t yielded, number("SELECT count(*) FROM jobs WHERE state = 4"));
    TRY(const std::int64_t running, number("SELECT count(*) FROM jobs WHERE state = 1"));
    return Counts{static_cast<int>(waiting + yielded), static_cast<int>(running)};
  });
}

}  // namespace delegate
