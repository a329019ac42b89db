#pragma once
#include "core/run/engine.hpp"
#include "core/state/jobs.hpp"

namespace delegate::jobs {

/// What is known of a run in the background.
struct JobStatus {
  JobRow row;
  bool is_lost = false;  // it has not ended and its process is or was gone
  /// It waits, and its process was killed: `delegate worker` would run it.
  bool is_left_behind() const { return is_lost && row.state == JobRow::State::waiting; }
  bool has_ended() const { return row.state == JobRow::State::ended || is_lost; }
};

/// The run whose id begins so. Errors as of Jobs::find.
Result<JobStatus> find_job(const Engine& engine, const std::string& id);
/// "run ID has not ended: asking gemini"; what to do about it.
std::string describe(const JobStatus& job);
/// Stops it at once where its process can be reached, else within a moment; one that was left behind is never run.
/// Nothing when it has ended.
Status cancel_job(const Engine& engine, const JobStatus& job);

}  // namespace delegate::jobs
