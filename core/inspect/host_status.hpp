#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/inspect/quota.hpp"
#include "core/run/ask.hpp"

// The recorded state of this host. Starts nothing and changes nothing.
namespace delegate::inspect {

/// One backend as `status` shows it.
struct BackendStatus {
  std::string name;
  std::string kind;
  bool enabled = true;
  std::optional<bool> installed;  // unknown for HTTP backends
  bool is_login_unset = false;    // of a login: a variable that it needs is not set
  std::string path;               // executable or URL
  BreakerView breaker;
  bool is_manual = false;  // tripped manually, with or without a cooldown
  int threshold = 0;
  milliseconds cooldown{0};
  std::int64_t trips = 0;
  std::optional<LastFailure> last_failure;
  int slots_used = 0;
  int slots_max = 0;
  int waiting = 0;  // calls that wait for a slot
  std::optional<AttemptRow> last_attempt;
  QuotaStatus quota;
  bool reports_quota = false;  // such calls may say something about it
};
/// The guard of one of delegate's side jobs.
struct GuardStatus {
  std::string name;
  BreakerView breaker;
  std::int64_t failures = 0;  // in a row
  std::int64_t skipped = 0;
  std::string last_error;
};
/// The queue of background runs.
struct QueueStatus {
  int waiting = 0;
  int running = 0;      // with a living process
  std::string problem;  // why it cannot be read; the numbers are unknown then
};
/// Each part can be missing on its own: then it has a problem, and the others are right.
struct HostStatus {
  StateStore::Description store;  // ok: the breakers can be read, and the store can be written
  bool is_readable = true;        // the breakers can be read
  std::vector<BackendStatus> backends;
  std::vector<GuardStatus> guards;    // those with failures
  NotificationRows unacknowledged;    // warnings and worse, newest first
  int pending = 0;                    // notifications that are to be sent
  std::string notifications_problem;  // why those two are unknown
  QueueStatus queue;
  milliseconds now{0};  // wall
};

/// Every configured backend, and the rest of one survey of the store. Writes a page to find out whether that works,
/// unless it is only to read, and changes nothing.
HostStatus status_of(const Engine& engine, SurveyDepth depth = SurveyDepth::figures);

}  // namespace delegate::inspect
