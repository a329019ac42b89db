#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/run/ask.hpp"

namespace delegate {

/// The record of a finished run: one `delegate.ask/1` object on one line, as `ask --json` prints it and as the store
/// keeps it for a background run.
std::string to_json(const RunResult& result);

/// How a run ended, as far as those who did not see it need to know.
struct RunRecord {
  std::string json;  // the record itself
  std::optional<std::string> answer;
  std::string backend;
  std::string model;
  std::string session_id;
  milliseconds took{0};
  std::string changes;  // the object of JSON with this name; empty: there is none
  // Without an answer:
  std::string outcome;  // as in JSON
  std::string message;
  std::string hint;
  NextChance next;
};
RunRecord to_record(const RunResult& result);
/// Of a command that failed itself.
RunRecord to_record(const Error& error, std::string_view outcome);
/// Reads `delegate.ask/1` and `delegate.error/1` from the store or another process. Never fails: what is missing, or
/// has another type, is empty.
RunRecord parse_run_record(std::string json);

/// The reason that a record states for a skip; nothing: this version knows none by that name.
std::optional<SkipReason> skip_reason_named(std::string_view name);

/// What is printed instead when the command itself failed: a `delegate.error/1` object. `outcome` is "usage",
/// "configuration", "blocked", "not_installed", "cancelled" or "internal"; for a background run without an answer
/// "waiting", "running" or "killed".
std::string error_record(const Error& error, std::string_view outcome);

/// The exit code of a run that no signal ended. An answer whose change could not be applied is a failure. Several
/// candidates that all failed are "all failed", whatever the last one's outcome, unless the deadline or a cancel ended
/// the run.
int exit_code_of(const RunResult& result);

}  // namespace delegate
