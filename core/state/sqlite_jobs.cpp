#include "core/state/sqlite_jobs.hpp"

#include <algorithm>

#include "core/state/sqlite_job_row.hpp"

namespace delegate {
namespace {

using sqlite::job_at;
using sqlite::jobs_of;
using sqlite::kColumnsOfJob;
using sqlite::Statement;
using sqlite::Transaction;

#define HAS_OWNER "owner_boot_id = ?1 AND owner_pid = ?2 AND owner_start_time = ?3 AND owner_namespace = ?4 "
#define SET_OWNER "owner_boot_id = ?1, owner_pid = ?2, owner_start_time = ?3, owner_namespace = ?4 "

/// Jobs that have not started: the end of a process would send them back into the queue.
constexpr const char* kWork =
    "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 0 AND begun = 0) OR "
    "EXISTS (SELECT 1 FROM jobs WHERE state = 1 AND begun <> 1) OR "
    "EXISTS (SELECT 1 FROM jobs WHERE state = 4 AND begun <> 1) OR "
    "EXISTS (SELECT 1 FROM jobs JOIN job_requests USING (id) WHERE state = 3 AND begun <> 1)";

Statement& bind(Statement& statement, const ProcessId& owner) {
  return statement.bind(owner.boot_id).bind(owner.pid).bind(owner.start_time).bind(owner.pid_namespace);
}

/// An earlier version ends or runs queued jobs whose owners are dead. No process is in this pid namespace, so an owner
/// there counts as alive.
ProcessId no_owner(const HostTime& now) { return {.boot_id = now.boot_id, .pid = 0, .pid_namespace = 1}; }

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
                        "submitted_at, line, begun, own, needs, doing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  Statement statement(raw);
  return bind(statement, row.has_owner() ? row.owner : no_owner(clock_.now()))
      .bind(row.id)
      .bind(std::int64_t{static_cast<int>(row.state)})
      .bind(row.submitted_at.count())
      .bind(to_text(row.line))
      .bind(std::int64_t{static_cast<int>(row.stage)})
      .bind(std::int64_t{row.is_own})
      .bind(row.needs)
      .bind(row.doing)
      .run();
}

Status SqliteJobs::insert_request(const std::string& id, const JobRequest& request) {
  TRY(sqlite3_stmt * raw, database_.prepare("INSERT INTO job_requests (id, request, start) VALUES (?, ?, ?)"));
  return Statement(raw).bind(id).bind(request.request).bind(request.start).run();
}

Result<bool> SqliteJobs::forget_request(const std::string& id) {
  TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM job_requests WHERE id = ?"));
  TRY_STATUS(Statement(raw).bind(id).run());
  TRY(const std::int64_t deleted, changes());
  return deleted != 0;
}

/// Code::resource_exhausted: there is none.
Status SqliteJobs::check_room(const JobLimits& limits) {
  TRY(const std::int64_t waiting, number("SELECT count(*) FROM jobs WHERE state = 0"));
  if (waiting < limits.queued) return {};
  return fail(Code::resource_exhausted, std::to_string(limits.queued) + " runs are queued already",
              "wait, cancel some, or raise background.max_queued");
}

Status SqliteJobs::add(const JobRow& row, const JobRequest& request, const JobLimits& limits) {
  return locked([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_STATUS(check_room(limits));
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
    TRY(const std::int64_t running, places_taken());
    TRY(const bool has_predecessor, stands_in_line(row.line));
    // The run around a nested one has a place already, and waits for this one.
    const bool starts = row.line.is_nested || (running < limits.parallel && !has_predecessor);
    if (!starts) TRY_STATUS(check_room(limits));
    JobRow added = row;
    added.is_own = true;
    added.state = starts ? JobRow::State::running : JobRow::State::waiting;
    added.stage = starts ? JobRow::Stage::started : JobRow::Stage::queued;
    TRY_STATUS(insert(added));
    if (!starts) TRY_STATUS(insert_request(row.id, request));
    TRY_STATUS(transaction.commit());
    return starts;
  });
}

// ---- turns

Result<Jobs::Turn> SqliteJobs::give_turn(const JobRow& row, const ProcessId& dispatcher, int parallel) {
  return locked([&]() -> Result<Turn> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const bool leads, dispatcher_.is_of(dispatcher));
    if (!leads) return Turn::deposed;
    TRY(const std::int64_t running, places_taken());
    if (running >= parallel) return Turn::full;
    // What one of this line waits for as a process the others would wait for as well.
    TRY(const std::int64_t yielded, yielded_of(row.line));
    if (yielded > parallel) return Turn::full;
    TRY(sqlite3_stmt * raw,
        database_.prepare("UPDATE jobs SET state = 1, turn = turn + 1, turn_at = ?5, " SET_OWNER
                          "WHERE id = ?6 AND state = 0 AND begun = 0 AND turn = ?7 AND cancel_wanted = 0"));
    Statement statement(raw);
    TRY_STATUS(bind(statement, row.is_own ? row.owner : dispatcher)
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

Result<bool> SqliteJobs::take(const std::string& id, std::int64_t turn, const ProcessId& me) {
  return locked([&]() -> Result<bool> {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET begun = 2, " SET_OWNER
                                              "WHERE id = ?5 AND state = 1 AND begun = 0 AND turn = ?6"));
    Statement statement(raw);
    TRY_STATUS(bind(statement, me).bind(id).bind(turn).run());
    TRY(const std::int64_t changed, changes());
    return changed != 0;
  });
}

Result<Jobs::Start> SqliteJobs::start(const std::string& id, const ProcessId& me) {
  return locked([&]() -> Result<Start> {
    {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY(const auto row, row_of(id));
      if (!row || row->state != JobRow::State::running || !row->is_taken() || row->owner != me) return Start::lost;
      if (row->has_started()) return Start::started;
      if (row->cancel_requested) return Start::cancelled;
      TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET begun = 1 WHERE id = ?"));
      TRY_STATUS(Statement(raw).bind(id).run());
      TRY_STATUS(forget_request(id));
      TRY_STATUS(transaction.commit());
    }
    database_.empty_log();  // which still has the prompt
    return Start::started;
  });
}

Result<std::optional<JobRow>> SqliteJobs::row_of(const std::string& id) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE id = ?"));
  Statement statement(raw);
  TRY(const bool found, statement.bind(id).step());
  return found ? std::optional(job_at(statement)) : std::nullopt;
}

/// Inside a transaction: the job as it is now, if it has neither ended nor started and is still as in `seen`.
Result<std::optional<JobRow>> SqliteJobs::unstarted_as(const JobRow& seen) {
  TRY(auto row, row_of(seen.id));
  const bool is_as_seen = row && row->turn == seen.turn && row->owner == seen.owner && row->stage == seen.stage;
  if (!is_as_seen || row->has_ended() || row->has_started()) row.reset();
  return row;
}

Status SqliteJobs::mark_killed(const JobRow& row) {
  TRY(sqlite3_stmt * raw,
      database_.prepare("UPDATE jobs SET state = 3, begun = 1, ended_at = ?, doing = '' WHERE id = ?"));
  TRY_STATUS(Statement(raw).bind(clock_.now().wall.count()).bind(row.id).run());
  TRY_STATUS(forget_request(row.id));
  return {};
}

/// An own job stays its owner's; any other one is the dispatcher's again.
Status SqliteJobs::return_to_queue(const JobRow& row, bool keeps_owner) {
  const JobRow queued = {
      .owner = keeps_owner ? row.owner : no_owner(clock_.now()), .is_own = keeps_owner, .line = row.line};
  TRY(sqlite3_stmt * raw,
      database_.prepare("UPDATE jobs SET state = 0, begun = 0, doing = '', ended_at = NULL, " SET_OWNER
                        ", own = ?5, line = ?6 WHERE id = ?7"));
  Statement statement(raw);
  return bind(statement, queued.owner).bind(std::int64_t{queued.is_own}).bind(to_text(queued.line)).bind(row.id).run();
}

Result<bool> SqliteJobs::return_turn(const JobRow& seen, const std::string& apart) {
  return locked([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const auto row, unstarted_as(seen));
    if (!row) return false;
    JobRow queued = *row;
    if (!apart.empty()) queued.line.apart = apart;
    TRY_STATUS(return_to_queue(queued, row->is_own));
    TRY_STATUS(transaction.commit());
    return true;
  });
}

/// Outside of a transaction: what `is_gone` looks at may take long.
Result<std::vector<SqliteJobs::Abandoned>> SqliteJobs::abandoned(const IsGone& is_gone, milliseconds patience) {
  // One index for each: those that only wait, most of them, are not looked at.
  TRY(sqlite3_stmt * raw,
      database_.prepare("SELECT " JOB_COLUMNS ", turn_at FROM jobs WHERE state = 1 "
                        "UNION ALL SELECT " JOB_COLUMNS ", turn_at FROM jobs WHERE state = 4 "
                        "UNION ALL SELECT " JOB_COLUMNS ", turn_at FROM jobs WHERE state = 0 AND owner_pid <> 0"));
  Statement statement(raw);
  std::vector<Abandoned> found;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return found;
    JobRow row = job_at(statement);
    const bool waits_for_process = row.state == JobRow::State::running && !row.is_taken();
    const std::int64_t age = clock_.now().boot.count() - statement.integer(kColumnsOfJob);
    const bool has_gone = is_gone(row);
    if (has_gone || (waits_for_process && age > patience.count())) found.push_back({std::move(row), has_gone});
  }
}

/// An earlier version marks a job as killed when the process that was to start it is dead.
Status SqliteJobs::revive_unstarted(Recovered& recovered) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE state = 3 AND begun <> 1 AND "
                                            "EXISTS (SELECT 1 FROM job_requests WHERE job_requests.id = jobs.id)"));
  Statement statement(raw);
  TRY(const std::vector<JobRow> rows, jobs_of(statement));
  if (rows.empty()) return {};
  TRY(Transaction transaction, Transaction::begin(database_));
  for (const JobRow& row : rows) {
    if (row.needs.empty()) {
      TRY_STATUS(return_to_queue(row, false));
    } else {
      TRY_STATUS(forget_request(row.id));
    }
  }
  recovered.changed = true;
  return transaction.commit();
}

/// Inside a transaction.
Status SqliteJobs::recover_one(const JobRow& row, bool is_gone, Recovered& recovered) {
  recovered.changed = true;
  if (row.has_started()) return mark_killed(row);
  if (!is_gone) {
    JobRow apart = row;
    apart.line.apart = row.id;
    recovered.late.push_back(row);
    return return_to_queue(apart, row.is_own);
  }
  const bool has_request = row.stage != JobRow::Stage::started && row.needs.empty();
  if (has_request) return return_to_queue(row, false);
  recovered.stranded.push_back(row);
  return {};
}

Result<Jobs::Recovered> SqliteJobs::recover(const IsGone& is_gone, milliseconds patience) {
  return locked([&]() -> Result<Recovered> {
    TRY(const std::vector<Abandoned> found, abandoned(is_gone, patience));
    Recovered recovered;
    TRY_STATUS(revive_unstarted(recovered));
    if (found.empty()) return recovered;
    TRY(Transaction transaction, Transaction::begin(database_));
    for (const Abandoned& one : found) {
      TRY(const auto now, row_of(one.row.id));
      if (now == one.row) TRY_STATUS(recover_one(one.row, one.is_gone, recovered));  // else it went on meanwhile
    }
    TRY_STATUS(transaction.commit());
    return recovered;
  });
}

Status SqliteJobs::adopt(const std::string& id, const JobRequest& request) {
  return locked([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(sqlite3_stmt * raw,
        database_.prepare("UPDATE jobs SET begun = 0, line = ':', " SET_OWNER "WHERE id = ?5 AND state = 0"));
    Statement statement(raw);
    TRY_STATUS(bind(statement, no_owner(clock_.now())).bind(id).run());
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
    TRY(sqlite3_stmt * raw,
        database_.prepare("SELECT " JOB_COLUMNS "FROM jobs WHERE state = 0 AND owner_pid <> 0 UNION ALL "
                          "SELECT " JOB_COLUMNS "FROM jobs WHERE state = 1 UNION ALL "
                          "SELECT " JOB_COLUMNS "FROM jobs WHERE state = 4"));
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

Result<std::optional<ProcessId>> SqliteJobs::leader() {
  return locked([&] { return dispatcher_.owner(); });
}

Result<bool> SqliteJobs::is_led(const IsDead& is_dead) {
  return locked([&] { return dispatcher_.is_taken(is_dead); });
}

// ---- while it runs

Status SqliteJobs::yield(const std::string& id, const ProcessId& me, const std::string& doing) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 4, turn_at = 0, doing = ?5 "
                                              "WHERE id = ?6 AND state = 1 AND " HAS_OWNER));
    Statement statement(raw);
    return bind(statement, me).bind(doing).bind(id).run();
  });
}

Result<bool> SqliteJobs::resume(const std::string& id, const ProcessId& me, int parallel) {
  return locked([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const std::int64_t running, number("SELECT count(*) FROM jobs WHERE state = 1"));
    const bool goes_on = running < parallel;
    TRY(sqlite3_stmt * raw,
        database_.prepare("UPDATE jobs SET state = ?5, turn_at = ?6 "
                          "WHERE id = ?7 AND state = 4 AND " HAS_OWNER "AND (?5 = 1 OR turn_at <= ?8)"));
    const milliseconds now = clock_.now().boot;
    Statement statement(raw);
    TRY_STATUS(bind(statement, me)
                   .bind(std::int64_t{goes_on ? 1 : 4})
                   .bind(now.count())
                   .bind(id)
                   .bind(std::max(now - kAskingLasts / 2, milliseconds(0)).count())  // without writing each time
                   .run());
    TRY(const std::int64_t changed, changes());
    TRY_STATUS(transaction.commit());
    return goes_on && changed != 0;
  });
}

Status SqliteJobs::note_doing(const std::string& id, const std::string& doing) {
  return locked([&]() -> Status {
    TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET doing = ? WHERE id = ? AND " UNENDED));
    return Statement(raw).bind(doing).bind(id).run();
  });
}

// ---- the end

/// Inside a transaction. Deletes what ended before `keep_since`, too.
Result<bool> SqliteJobs::complete(const JobRow& row, milliseconds keep_since) {
  TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET state = 2, ended_at = ?, result = ?, remarks = ?, "
                                            "exit_code = ?, doing = '' WHERE id = ? AND " UNENDED));
  TRY_STATUS(Statement(raw)
                 .bind(row.ended_at.value_or(milliseconds(0)).count())
                 .bind(row.result)
                 .bind(row.remarks)
                 .bind(std::int64_t{row.exit_code})
                 .bind(row.id)
                 .run());
  TRY(const std::int64_t changed, changes());
  if (changed == 0) return false;
  TRY(const bool was_stored, forget_request(row.id));
  TRY(sqlite3_stmt * forget, database_.prepare("DELETE FROM jobs WHERE state IN (2, 3) AND ended_at < ?"));
  TRY_STATUS(Statement(forget).bind(keep_since.count()).run());
  return was_stored;
}

Result<bool> SqliteJobs::finish(const JobRow& row, const ProcessId& me, milliseconds keep_since) {
  return locked([&]() -> Result<bool> {
    bool was_stored = false;
    {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY(const auto now, row_of(row.id));
      if (!now || now->owner != me) return false;
      TRY(was_stored, complete(row, keep_since));
      TRY_STATUS(transaction.commit());
    }
    if (was_stored) database_.empty_log();
    return true;
  });
}

Result<bool> SqliteJobs::finish_unstarted(const JobRow& seen, const JobRow& row, milliseconds keep_since) {
  return locked([&]() -> Result<bool> {
    {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY(const auto now, unstarted_as(seen));
      if (!now) return false;
      TRY_STATUS(complete(row, keep_since));
      TRY_STATUS(transaction.commit());
    }
    database_.empty_log();
    return true;
  });
}

Result<Jobs::Cancel> SqliteJobs::cancel(const JobRow& row, milliseconds keep_since, const IsDead& is_dead) {
  return locked([&]() -> Result<Cancel> {
    {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY(const auto now, row_of(row.id));
      if (!now || now->has_ended()) return Cancel::too_late;
      // Before its turn is taken, only an owner of its own would notice a request.
      const bool is_its_own = now->is_own || now->state == JobRow::State::waiting;
      const bool has_process = now->is_taken() || (is_its_own && now->has_owner());
      const bool is_requested = now->has_started() || (has_process && !is_dead(now->owner));
      if (is_requested) {
        TRY(sqlite3_stmt * raw, database_.prepare("UPDATE jobs SET cancel_wanted = 1 WHERE id = ?"));
        TRY_STATUS(Statement(raw).bind(row.id).run());
      } else {
        TRY_STATUS(complete(row, keep_since));
      }
      TRY_STATUS(transaction.commit());
      if (is_requested) return Cancel::requested;
    }
    database_.empty_log();
    return Cancel::ended;
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
    bool was_stored = false;
    {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY(was_stored, forget_request(id));
      TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM jobs WHERE id = ?"));
      TRY_STATUS(Statement(raw).bind(id).run());
      TRY_STATUS(transaction.commit());
    }
    if (was_stored) database_.empty_log();
    return {};
  });
}

}  // namespace delegate
