#pragma once
#include "core/run/ask.hpp"

namespace delegate::cli {

/// Promised to scripts; the rows of the outcome table carry the rest.
enum ExitCode : int {
  kAnswered = 0,
  kAllFailed = 1,
  kUsage = 2,
  kConfiguration = 3,
  kNothingAdmissible = 4,
  kNothingInstalled = 5,
  kBlocked = 6,
  kInternal = 70,
  kDeadline = 124,
};

/// The person's to mend (kUsage), or the machine's (kInternal)?
inline bool is_usage_error(const Error& error) {
  return error.code == Code::invalid_argument || error.code == Code::not_found;
}

/// Several candidates that all failed are "all failed", whatever the last one said, unless time or the person ended it.
inline int exit_code_of(const RunResult& result, int signal) {
  if (result.outcome == Outcome::cancelled && signal != 0) return 128 + signal;
  const int own = traits(result.outcome).exit_code;
  const bool several = result.attempts.size() > 1;
  const bool ended_from_outside = result.outcome == Outcome::deadline_passed || result.outcome == Outcome::cancelled;
  return several && own != kAnswered && own != kNothingInstalled && !ended_from_outside ? kAllFailed : own;
}

}  // namespace delegate::cli
