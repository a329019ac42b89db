#pragma once
#include "core/run/ask.hpp"
#include "core/state/jobs.hpp"

namespace delegate::jobs {

/// A background job as it is now.
struct JobStatus {
  JobRow row;
  bool is_lost = false;  // its process was killed after it had started and before it ended
  bool has_ended() const { return row.state == JobRow::State::ended || is_lost; }
};

/// `id` may be the beginning of an id. Errors as of Jobs::find.
Result<JobStatus> find_job(const Engine& engine, const std::string& id);
/// "run ID has not ended: asking gemini".
std::string describe(const JobStatus& job);
/// Stops the job: at once if it waits or its process can be reached, else within a moment. Does nothing if it has
/// ended.
Status cancel_job(const Engine& engine, const JobStatus& job);

/// The result of a job that was cancelled while it was queued.
RunResult cancelled_before_start(const std::string& id, const std::string& backend);

}  // namespace delegate::jobs
