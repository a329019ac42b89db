#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"
#include "core/state/notifications.hpp"

// What the canary remembers between its cycles.
namespace delegate {

/// One invariant, as it was found last.
struct CanaryRecord {
  std::string id;              // "S-01"
  std::string verdict;         // "held", "violated", "skipped", "error"
  std::string reason;          // of "skipped" and "error"
  milliseconds checked_at{0};  // wall
  /// Since when it is violated; a cycle that cannot check it does not change this. Wall.
  std::optional<milliseconds> violated_since = {};
  std::optional<milliseconds> last_violated = {};  // wall
  std::int64_t times = 0;                          // how often it became violated
  std::vector<std::string> lines = {};             // what was found when it was violated last
  std::int64_t found = 0;                          // how many findings there were, also those without a line
  std::string notes = {};                          // JSON: what its check needs to know in the next cycle

  bool operator==(const CanaryRecord&) const = default;
};
using CanaryRecordsById = std::map<std::string, CanaryRecord>;

class CanaryRecords {
 public:
  using IsDead = std::function<bool(const ProcessId&)>;

  virtual ~CanaryRecords() = default;
  virtual Result<CanaryRecordsById> records() = 0;

  /// Changes records and adds their notifications in one atomic step over all processes. False: another process
  /// holds the lease, and nothing was changed.
  using Change = std::function<void(CanaryRecordsById&, NotificationRows&, const HostTime& now)>;
  virtual Result<bool> change(const ProcessId& me, const Change& change) = 0;

  /// One process of a host runs a cycle at a time. Nothing: it is `me`, for the next `lease`; else who it is.
  virtual Result<std::optional<ProcessId>> lead(const ProcessId& me, milliseconds lease, const IsDead& is_dead) = 0;
  virtual Status resign(const ProcessId& me) = 0;
};

}  // namespace delegate
