#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/run/ask.hpp"

// The recorded state of this host. Only reads: starts nothing and writes nothing.
namespace delegate::inspect {

/// One backend as `status` shows it.
struct BackendStatus {
  std::string name;
  std::string kind;
  bool enabled = true;
  std::optional<bool> installed;  // unknown for HTTP backends
  std::string path;               // executable or URL
  BreakerView breaker;
  int threshold = 0;
  milliseconds cooldown{0};
  std::int64_t trips = 0;
  std::optional<LastFailure> last_failure;
  int slots_used = 0;
  int slots_max = 0;
  int waiting = 0;  // calls that wait for a slot
  std::optional<AttemptRow> last_attempt;
};
/// The guard of one of delegate's side jobs.
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
  std::vector<GuardStatus> guards;  // those with failures
  NotificationRows unacknowledged;  // warnings and worse, newest first
  milliseconds now{0};              // wall
};

/// Every configured backend, read once.
HostStatus status_of(const Engine& engine);

}  // namespace delegate::inspect
