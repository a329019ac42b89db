#include "core/state/sqlite_survey.hpp"

#include "core/state/codec.hpp"
#include "core/state/sqlite_job_row.hpp"
#include "core/state/sqlite_notifications.hpp"
#include "core/state/sqlite_writers.hpp"

namespace delegate::sqlite {
namespace {

/// Runs a query whose one parameter, if it has one, is kMostSurveyed, and reads each of its rows.
template <class Read>
Status each_row(Database& database, const char* sql, bool is_limited, const Read& read) {
  TRY(sqlite3_stmt * raw, database.prepare(sql));
  Statement row(raw);
  if (is_limited) row.bind(std::int64_t{kMostSurveyed});
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    read(row);
  }
}

Result<std::int64_t> number_in(Database& database, const char* sql) {
  std::int64_t number = 0;
  TRY_STATUS(each_row(database, sql, false, [&](const Statement& row) { number = row.integer(0); }));
  return number;
}

Result<StateStore::Snapshot> states_in(Database& database, const Clock& clock, std::vector<std::string>& undecodable) {
  StateStore::Snapshot states{.now = clock.now()};
  TRY_STATUS(each_row(database, "SELECT name, state FROM backend_state", false, [&](const Statement& row) {
    auto state = decode(row.text(1));
    if (!state) undecodable.push_back("backend " + row.text(0));
    states.backends[row.text(0)] = std::move(state).value_or(BackendState{});
  }));
  TRY_STATUS(each_row(database, "SELECT name, state FROM guards", false, [&](const Statement& row) {
    auto state = decode_guard(row.text(1));
    if (!state) undecodable.push_back("guard " + row.text(0));
    states.guards[row.text(0)] = std::move(state).value_or(GuardState{});
  }));
  return states;
}

Result<QueueSurvey> queue_in(Database& database) {
  QueueSurvey queue;
  TRY(const std::int64_t waiting, number_in(database, "SELECT count(*) FROM jobs WHERE state = 0"));
  TRY(const std::int64_t yielded, number_in(database, "SELECT count(*) FROM jobs WHERE state = 4"));
  TRY(const std::int64_t running, number_in(database, "SELECT count(*) FROM jobs WHERE state = 1"));
  queue.counts = {.waiting = static_cast<int>(waiting + yielded), .running = static_cast<int>(running)};
  TRY_STATUS(each_row(database,
                      "SELECT " JOB_COLUMNS "FROM jobs WHERE state IN (1, 4) AND " UNENDED "ORDER BY number LIMIT ?",
                      true, [&](const Statement& row) { queue.running.push_back(job_at(row)); }));
  return queue;
}

Status add_unpaired(Database& database, QueueSurvey& queue) {
  const auto add = [&](const Statement& row) { queue.unpaired.push_back({row.text(0), row.integer(1) != 0}); };
  // Jobs that an earlier version queued (begun = 1 while they wait), and those that their owners run themselves, may
  // have no request.
  TRY_STATUS(each_row(database,
                      "SELECT j.id, 0 FROM jobs j WHERE j.state = 0 AND j.begun = 0 AND j.owner_pid = 0 AND NOT EXISTS "
                      "(SELECT 1 FROM job_requests r WHERE r.id = j.id) LIMIT ?",
                      true, add));
  TRY_STATUS(each_row(database,
                      "SELECT j.id, 0 FROM jobs j WHERE j.state = 1 AND j.begun <> 1 AND j.own = 0 AND NOT EXISTS "
                      "(SELECT 1 FROM job_requests r WHERE r.id = j.id) LIMIT ?",
                      true, add));
  // One that was marked as killed before its start keeps it: it is revived.
  return each_row(database,
                  "SELECT r.id, 1 FROM job_requests r WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = r.id AND "
                  "(j.state = 0 OR (j.state IN (1, 3, 4) AND j.begun <> 1))) LIMIT ?",
                  true, add);
}

/// A job that was given its turn before (turn > 0) came back and may stand anywhere.
Status add_passed(Database& database, QueueSurvey& queue) {
  return each_row(database,
                  "SELECT (SELECT w.id FROM jobs w WHERE w.state = 0 AND w.line = j.line AND w.number < j.number AND "
                  "w.begun = 0 AND w.turn = 0 AND w.own = 0 AND w.cancel_wanted = 0 ORDER BY w.number LIMIT 1), j.id "
                  "FROM jobs j WHERE j.state = 1 AND j.turn > 0 LIMIT ?",
                  true, [&](const Statement& row) {
                    if (std::string passed = row.text(0); !passed.empty())
                      queue.passed.push_back({std::move(passed), row.text(1)});
                  });
}

/// What must never be, and what that is judged by.
Status examine(Database& database, QueueSurvey& queue) {
  TRY(queue.heads, heads_of_lines(database, kMostSurveyed));
  TRY_STATUS(add_unpaired(database, queue));
  TRY_STATUS(add_passed(database, queue));
  TRY_STATUS(each_row(database,
                      "SELECT id, state FROM jobs WHERE " UNENDED "AND ended_at IS NOT NULL ORDER BY number LIMIT ?",
                      true, [&](const Statement& row) {
                        queue.revived.push_back({row.text(0), static_cast<JobRow::State>(row.integer(1))});
                      }));
  return each_row(database,
                  "SELECT id FROM jobs WHERE state IN (2, 3) AND NOT (state = 3 AND begun <> 1) ORDER BY ended_at DESC "
                  "LIMIT ?",
                  true, [&](const Statement& row) { queue.ended.push_back(row.text(0)); });
}

Result<HistorySurvey> history_in(Database& database) {
  HistorySurvey history;
  TRY_STATUS(each_row(database,
                      "SELECT id, started_at, requested_backend, owner_boot_id, owner_pid, owner_start_time, "
                      "owner_namespace FROM runs WHERE outcome = '' ORDER BY started_at DESC LIMIT ?",
                      true, [&](const Statement& row) {
                        RunRow run{.id = row.text(0), .started_at = milliseconds(row.integer(1))};
                        run.requested_backend = row.text(2);
                        run.owner = {row.text(3), row.integer(4), row.integer(5), row.integer(6)};
                        history.open.push_back(std::move(run));
                      }));
  TRY(const std::int64_t newest, number_in(database, "SELECT max(started_at) FROM runs"));
  history.newest = milliseconds(newest);
  TRY_STATUS(each_row(
      database,
      "SELECT s.backend, max(r.number) FROM (SELECT number FROM runs ORDER BY number "
      "DESC LIMIT ?) r JOIN skips s ON s.run_number = r.number WHERE s.reason IN ('probe_running', 'breaker_open') "
      "GROUP BY s.backend",
      true, [&](const Statement& row) { history.refused[row.text(0)] = row.integer(1); }));
  return history;
}

Result<std::vector<TaskLease>> leases_in(Database& database) {
  std::vector<TaskLease> leases;
  TRY_STATUS(each_row(database,
                      "SELECT name, boot_id, boot, wall, length, owner_boot_id, owner_pid, owner_start_time, "
                      "owner_namespace FROM leases",
                      false, [&](const Statement& row) {
                        leases.push_back({row.text(0),
                                          {{row.text(1), milliseconds(row.integer(2)), milliseconds(row.integer(3))},
                                           milliseconds(row.integer(4))},
                                          {row.text(5), row.integer(6), row.integer(7), row.integer(8)}});
                      }));
  return leases;
}

Result<TableSizes> sizes_in(Database& database) {
  TableSizes sizes;
  // Numbers of runs have no gaps, so nothing is counted.
  TRY(sizes.runs, number_in(database, "SELECT (SELECT max(number) FROM runs) - (SELECT min(number) FROM runs) + 1"));
  TRY(sizes.notifications, number_in(database, "SELECT count(*) FROM notifications"));
  return sizes;
}

}  // namespace

Survey survey(Database& database, const Clock& clock, SurveyDepth depth) {
  Status writable = depth == SurveyDepth::only_read ? Status() : database.write_nothing();
  const auto moment = Transaction::begin_reading(database);
  if (!moment) return unreadable_survey(moment.error());
  Survey survey;
  survey.writable = std::move(writable);
  survey.states = states_in(database, clock, survey.undecodable);
  survey.notifications = load_notifications(database);
  survey.queue = queue_in(database);
  if (depth != SurveyDepth::everything) return survey;
  if (survey.queue)
    if (const Status examined = examine(database, *survey.queue); !examined)
      survey.queue = tl::unexpected(examined.error());
  survey.history = history_in(database);
  survey.leases = leases_in(database);
  survey.writers = load_writers(database);
  survey.sizes = sizes_in(database);
  return survey;
}

}  // namespace delegate::sqlite
