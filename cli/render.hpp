#pragma once
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "core/config/load.hpp"
#include "core/run/ask.hpp"

// What people and scripts see. Nothing is decided here.
namespace delegate::cli {

/// "gemini skipped (open, retry in 42 s: sign-in expired)".
std::string describe(const Skip& skip);
/// "gemini skipped (open, retry in 42 s)".
std::string describe_shortly(const Skip& skip);
/// Absences that were always so are no news; only what changed the route is.
bool is_news(const Skip& skip);
/// "claude failed after 3 s: …".
std::string describe(const Attempt& attempt);

/// Everything that stderr says about a finished run: degradation, who answered instead and why, trips, warnings,
/// errors.
void explain_run(const Output& output, const RunResult& result, bool quiet);
std::string to_json(const RunResult& result);
/// An error of the command itself: `outcome` is "usage", "configuration" or "internal".
std::string to_json(const Error& error, std::string_view outcome);

/// One backend as `status` shows it.
struct BackendStatus {
  std::string name;
  std::string kind;
  bool enabled = true;
  std::optional<bool> installed;  // unknown for what is reached over HTTP
  std::string path;               // executable or URL
  BreakerView breaker;
  int threshold = 0;
  milliseconds cooldown{0};
  std::int64_t trips = 0;
  std::optional<LastFailure> last_failure;
  int slots_used = 0;
  int slots_max = 0;
  std::optional<AttemptRow> last_attempt;
};
/// A guard of one of our side jobs.
struct GuardStatus {
  std::string name;
  BreakerView breaker;
  std::int64_t failures = 0;  // in a row
  std::int64_t skipped = 0;
  std::string last_error;
};
struct HostStatus {
  StateStore::Description store;
  std::vector<BackendStatus> backends;
  std::vector<GuardStatus> guards;  // those that have seen a failure
  NotificationRows unacknowledged;  // warnings and worse, newest first
  milliseconds now{0};              // wall
};
std::string to_text(const HostStatus& status, bool painted);
std::string to_json(const HostStatus& status);
/// The guards in a table; empty when all is well.
std::string to_text(const std::vector<GuardStatus>& guards);
std::string to_json(const std::vector<GuardStatus>& guards, const std::string& schema);
std::string breakers_to_text(const HostStatus& status, bool painted);

/// A row a backend of `delegate backends` and `delegate ping`.
struct CheckRow {
  std::string name;
  std::string kind;
  std::string path;
  std::string state;  // "installed", "not installed", "disabled", "answers", …
  std::string detail;
  std::string hint;
  std::optional<milliseconds> took;
};
std::string to_text(const std::vector<CheckRow>& rows);
std::string to_json(const std::vector<CheckRow>& rows, const std::string& schema);

/// Columns padded to their widest cell; the last is not padded.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace delegate::cli
