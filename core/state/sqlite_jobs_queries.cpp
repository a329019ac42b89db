#include <algorithm>
#include <limits>
#include <tuple>

#include "core/base/text.hpp"
#include "core/state/sqlite_job_row.hpp"
#include "core/state/sqlite_jobs.hpp"

namespace delegate {

namespace sqlite {

JobRow job_at(const Statement& row) {
  const auto ended_at = row.maybe_integer(9);
  return {.id = row.text(0),
          .state = static_cast<JobRow::State>(row.integer(1)),
          .submitted_at = milliseconds(row.integer(2)),
          .owner = {row.text(3), row.integer(4), row.integer(5), row.integer(6)},
          .is_own = row.integer(15) != 0,
          .line = job_line_of(row.text(kLineColumn)),
          .turn = row.integer(12),
          .stage = static_cast<JobRow::Stage>(row.integer(13)),
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

Result<std::vector<JobRow>> heads_of_lines(Database& database, std::size_t most) {
  std::vector<JobRow> heads;
  for (std::string line; heads.size() < most;) {
    TRY(sqlite3_stmt * raw,
        database.prepare("SELECT " JOB_COLUMNS
                         "FROM jobs WHERE state = 0 AND begun = 0 AND line > ? ORDER BY line, number LIMIT 1"));
    Statement statement(raw);
    TRY(const bool found, statement.bind(line).step());
    if (!found) break;
    heads.push_back(job_at(statement));
    line = statement.text(kLineColumn);
  }
  std::sort(heads.begin(), heads.end(), [](const JobRow& a, const JobRow& b) {
    return std::tie(a.submitted_at, a.id) < std::tie(b.submitted_at, b.id);
  });
  return heads;
}

}  // namespace sqlite

using sqlite::job_at;
using sqlite::jobs_of;
using sqlite::kColumnsOfJob;
using sqlite::Statement;

Result<std::vector<JobRow>> SqliteJobs::heads() {
  return locked([&] { return sqlite::heads_of_lines(database_, std::numeric_limits<std::size_t>::max()); });
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

/// By jobs that run, and the next one by a job that has yielded and asks to go on.
Result<std::int64_t> SqliteJobs::places_taken() {
  TRY(const std::int64_t running, number("SELECT count(*) FROM jobs WHERE state = 1"));
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT 1 FROM jobs WHERE state = 4 AND turn_at > ?1 AND turn_at <= ?2 "
                                            "LIMIT 1"));
  const milliseconds now = clock_.now().boot;
  Statement statement(raw);
  statement.bind(std::max(now - kAskingLasts, milliseconds(0)).count()).bind(now.count());
  TRY(const bool is_asked_for, statement.step());
  return running + (is_asked_for ? 1 : 0);
}

Result<std::int64_t> SqliteJobs::yielded_of(const JobLine& line) {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT count(*) FROM jobs WHERE state = 4 AND line = ?"));
  Statement statement(raw);
  TRY(const bool row, statement.bind(to_text(line)).step());
  return row ? statement.integer(0) : 0;
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

Result<JobRow> SqliteJobs::find(const std::string& id) {
  return locked([&]() -> Result<JobRow> {
    TRY(sqlite3_stmt * raw, database_.prepare("SELECT " JOB_COLUMNS ", result, remarks FROM jobs "
                                              "WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 2"));
    Statement statement(raw);
    TRY(bool found, statement.bind(id).step());
    if (!found || id.empty()) return fail(Code::not_found, "no background run with id '" + one_line(id, 80) + "'");
    JobRow row = job_at(statement);
    row.result = statement.text(kColumnsOfJob);
    row.remarks = statement.text(kColumnsOfJob + 1);
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
