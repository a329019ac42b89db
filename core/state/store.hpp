#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"
#include "core/health/breaker.hpp"
#include "core/quota/windows.hpp"
#include "core/state/jobs.hpp"
#include "core/state/lease.hpp"
#include "core/state/ledger.hpp"
#include "core/state/notifications.hpp"
#include "core/state/writers.hpp"

// What outlives the process: breakers, slots and guards of this host, the runs that write, notifications, background
// jobs, and the ledger of runs.
namespace delegate {

/// One of a backend's `max_parallel` slots, taken for one call.
using SlotLease = ProcessLease;

/// The state of one backend on this host; the unit of atomic change.
struct BackendState {
  Breaker breaker;
  std::vector<SlotLease> slots;
  std::vector<SlotLease> waiting;  // calls that wait for one of the slots, in the order of their turns
  /// What the breaker's state is about: the executable and its file's identity, or the URL. When it changes, the
  /// breaker is reset.
  std::string endpoint;
  /// What its calls connect to: the executable, or the server (scheme, host, port). A network drop hits all backends
  /// with the same peer, so they share `burst` and `bursts_in_a_row` of their breakers. Empty: unknown.
  std::string peer;
  /// What is known of the quota of this login. A window that is announced, or extra billing that begins, writes a
  /// notification in the same step (record_quota_edge).
  Quota quota;

  bool operator==(const BackendState&) const = default;
};

/// The state of one side job on this host.
struct GuardState {
  Breaker breaker;
  std::int64_t failures = 0;  // in a row
  std::int64_t skipped = 0;   // calls skipped since it opened

  bool operator==(const GuardState&) const = default;
};

struct Survey;
enum class SurveyDepth {
  only_read,   // as `figures`, without finding out whether the store can be written
  figures,     // what people ask for all the time
  everything,  // also what only an examination needs, which takes longer in a long queue
};
class CanaryRecords;

/// The host-wide store. Implementations are safe to use from several threads and from several processes at a time.
class StateStore {
 public:
  virtual ~StateStore() = default;

  /// A change of one backend's state. Must be pure apart from writing its own results, because a store may call it
  /// again after a lost race. `now` is the time of the store.
  using Change = std::function<void(BackendState&, const HostTime& now)>;

  /// Reads the state (a default one if there is none), applies `change` and writes the result back, as one atomic step
  /// over all processes; nothing is written if nothing changed. The same step writes changes of drops to all backends
  /// with the same peer, and the notifications that follow (record_backend_edge). On an error nothing was changed.
  /// Code::busy: other processes kept the store locked for longer than the busy wait (100 ms).
  virtual Status update(const std::string& backend, const Change& change) = 0;

  /// The same for a guard (record_guard_edge). A state that equals the default is deleted.
  using GuardChange = std::function<void(GuardState&, const HostTime& now)>;
  virtual Status update_guard(const std::string& guard, const GuardChange& change) = 0;

  /// The state of all backends and guards at one moment.
  struct Snapshot {
    std::map<std::string, BackendState> backends;
    std::map<std::string, GuardState> guards;
    HostTime now;
  };
  virtual Result<Snapshot> read() = 0;
  virtual Result<GuardState> guard(const std::string& name) = 0;

  /// All notifications, oldest first. They are changed in one atomic step over all processes, like update().
  virtual Result<NotificationRows> notifications() = 0;
  using NotificationChange = std::function<void(NotificationRows&, const HostTime& now)>;
  virtual Status change_notifications(const NotificationChange& change) = 0;

  /// The runs that write or wait for that. They are changed in one atomic step over all processes, like update().
  virtual Result<WritersState> writers() = 0;
  using WritersChange = std::function<void(WritersState&, const HostTime& now)>;
  virtual Status change_writers(const WritersChange& change) = 0;

  virtual Ledger& ledger() = 0;

  /// Null for a store that ends with its process: it cannot hold background jobs.
  virtual Jobs* jobs() { return nullptr; }

  /// What the canary remembers; null for a store that ends with its process.
  virtual CanaryRecords* canary() { return nullptr; }

  /// What the store holds at one moment (survey.hpp). Waits for no other process, except to find out whether the store
  /// can be written.
  virtual Survey survey(SurveyDepth depth) = 0;

  struct Description {
    std::string kind;  // "sqlite", "memory"
    std::string path;  // of a file; else empty
    bool ok = true;
    std::string problem;  // why not
  };
  virtual Description describe() = 0;

  /// The process that keeps the store locked just now; nothing: none, or it is not known.
  virtual std::optional<std::int64_t> locked_by() const { return std::nullopt; }

  /// Something to report once to the user, for example that a damaged file was renamed on opening.
  virtual std::string notice() const { return {}; }
  /// This process has upgraded the store, which had no place for summaries and for answers that are kept for a while.
  virtual bool has_begun_to_keep_summaries() const { return false; }
};

}  // namespace delegate
