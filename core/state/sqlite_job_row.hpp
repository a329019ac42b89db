#pragma once
#include <vector>

#include "core/state/job_line.hpp"
#include "core/state/jobs.hpp"
#include "core/state/sqlite_database.hpp"

// How a row of the table of jobs is read.
namespace delegate::sqlite {

#define JOB_COLUMNS                                                                               \
  "id, state, submitted_at, owner_boot_id, owner_pid, owner_start_time, owner_namespace, doing, " \
  "cancel_wanted, ended_at, exit_code, line, turn, begun, needs, own "
constexpr int kLineColumn = 11;
constexpr int kColumnsOfJob = 16;
#define UNENDED "state IN (0, 1, 4) "

JobRow job_at(const Statement& row);
Result<std::vector<JobRow>> jobs_of(Statement& statement);
/// The oldest waiting job of each line, of at most so many lines; the oldest first. Goes from line to line, so that the
/// length of the queue does not matter. A job that an earlier version queued is started by its own process.
Result<std::vector<JobRow>> heads_of_lines(Database& database, std::size_t most);

}  // namespace delegate::sqlite
