#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"
#include "core/health/breaker.hpp"
#include "core/state/jobs.hpp"
#include "core/state/ledger.hpp"
#include "core/state/notifications.hpp"

// What outlives the process: the breakers, slots and guards of this host, what people are told of them, and
// the ledger of what was run.
namespace delegate {

/// A place in a backend's bulkhead (`max_parallel`), taken for one call. Freed by its holder, by the end of its span,
/// or because its owner is gone.
struct SlotLease {
  std::string token;
  ProcessId owner;
  Span span;

  bool operator==(const SlotLease&) const = default;
};

/// Everything the host knows about one backend; the unit of atomic change.
struct BackendState {
  Breaker breaker;
  std::vector<SlotLease> slots;
  /// What the breaker's verdicts are about (executable and its file's identity, or URL). When it changes, the old
  /// verdicts are void.
  std::string endpoint;
  /// What its calls reach: the executable, or the server (scheme, host, port). Connections get lost on the way there,
  /// so backends with one peer share `burst` and `bursts_in_a_row` of their breakers. Empty: not known.
  std::string peer;

  bool operator==(const BackendState&) const = default;
};

/// What the host knows of one of our own side jobs.
struct GuardState {
  Breaker breaker;
  std::int64_t failures = 0;  // in a row
  std::int64_t skipped = 0;   // calls that were left out since it opened

  bool operator==(const GuardState&) const = default;
};

/// The host-wide store. Implementations are safe to use from several threads and from several processes at a time.
class StateStore {
 public:
  virtual ~StateStore() = default;

  /// A change of one backend's state: must be pure apart from writing its own results, because a store may call it
  /// again after losing a race. `now` is the store's time (a host's clocks, or a server's).
  using Change = std::function<void(BackendState&, const HostTime& now)>;

  /// Reads the state (a default one if there is none), applies `change` and writes the result back, as one atomic
  /// step over all processes; nothing is written when nothing changed. What it changes of drops is written to all
  /// backends with its peer in the same step, and so is what it means for the notifications (record_backend_edge).
  /// An error: nothing happened. Code::busy: others kept the store for longer than one waits for them (100 ms).
  virtual Status update(const std::string& backend, const Change& change) = 0;

  /// The same for a guard (record_guard_edge). A state that is the default one again is forgotten.
  using GuardChange = std::function<void(GuardState&, const HostTime& now)>;
  virtual Status update_guard(const std::string& guard, const GuardChange& change) = 0;

  /// One consistent snapshot of all that have a state.
  struct Snapshot {
    std::map<std::string, BackendState> backends;
    std::map<std::string, GuardState> guards;
    HostTime now;
  };
  virtual Result<Snapshot> read() = 0;
  virtual Result<GuardState> guard(const std::string& name) = 0;

  /// All notifications, oldest first; and a change of them, in one atomic step over all processes, as `update`.
  virtual Result<NotificationRows> notifications() = 0;
  using NotificationChange = std::function<void(NotificationRows&, const HostTime& now)>;
  virtual Status change_notifications(const NotificationChange& change) = 0;

  virtual Ledger& ledger() = 0;

  /// Null: this store ends with its process, and so can nothing in the background.
  virtual Jobs* jobs() { return nullptr; }

  struct Description {
    std::string kind;  // "sqlite", "memory"
    std::string path;  // of a file; else empty
    bool ok = true;
    std::string problem;  // why not
  };
  virtual Description describe() = 0;

  /// Once, for the person: something that happened to the store on opening (a damaged file was set aside).
  virtual std::string notice() const { return {}; }
};

}  // namespace delegate
