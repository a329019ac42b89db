#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/config/config.hpp"
#include "core/run/request.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// In the environment of all processes that a call starts: the tag of the call.
inline constexpr std::string_view kRunIdVariable = "DELEGATE_RUN_ID";

BreakerPolicy policy_of(const BreakerSettings& breaker, const GraceSettings& grace);

/// What a permit for one call depends on.
struct AdmissionRequest {
  std::string backend;
  BreakerPolicy policy;
  int max_parallel = 1;
  milliseconds lease{0};  // must be longer than the call can take
  std::string peer;       // see BackendState
  std::string endpoint;   // place, newline, identity: a new identity at the same place resets the breaker
  ProbeTime probe_time = ProbeTime::when_due;
  Distrust distrust = Distrust::nothing;  // what of the call's end does not count, see BackendSettings::changed_by
  bool needs_store = false;               // a store that cannot be used refuses it, instead of admitting it unguarded
  std::string place = {};                 // in the line for a slot, see line_up(); empty: none
  std::string model = {};                 // that the call asks for; empty: its default
  std::vector<WindowShare> reserve = {};  // what the call leaves of each quota window; empty: it may use all
  bool avoids_extra_billing = false;
  std::function<std::string()> account_id = {};  // of its login now; asked only before a quota refuses the call
  std::string tag = {};                          // of the processes that the call will start, see SlotLease
};

/// Does this end of a call say something about the backend, or only about settings of a file that is not trusted?
bool is_believed(Distrust distrust, Outcome outcome);

/// Where a call stands in the line for a slot.
struct LinePosition {
  bool has_turn = false;  // `admit` would find a free slot
  int ahead = 0;          // calls that wait before it
};

/// What a call's end says about the quota of its login.
struct QuotaReport {
  std::optional<QuotaReading> reading;
  std::string account_id;             // of its login; empty: unknown
  std::vector<int> announced_shares;  // percent; see QuotaWindow::announced
};
/// A call that is settled.
struct SettledCall : Settled {
  std::vector<WindowView> quota_before;
  std::vector<WindowView> quota_after;
  Overage overage;
};

class Breakers;

/// The right to make one call, and the slot for it. Settled exactly once: by `settle`, or as neutral when destroyed, so
/// that every path out of a call releases it (its lease covers crashes and kills).
class Permit {
 public:
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&&) = delete;
  ~Permit();

  PermitKind kind() const { return ticket_.kind; }
  /// Of a probe: the breaker opened for a reason that does not apply to another login of the backend.
  bool login_refused() const { return login_refused_; }
  /// Connections to its peer were lost just now: use a new one.
  bool in_burst() const { return in_burst_; }
  SettledCall settle(const CallReport& report, const QuotaReport& quota = {});

 private:
  friend class Breakers;
  Permit(Breakers& breakers, AdmissionRequest wanted, Ticket ticket);
  Breakers* breakers_;  // null once settled
  AdmissionRequest wanted_;
  Ticket ticket_;
  bool login_refused_ = false;
  bool in_burst_ = false;
};

using Admission = std::variant<Permit, Skip>;

/// The breakers of this host, one object a process, over the shared store; safe to use from several threads. A store
/// that cannot be used (permissions, a full disk, a newer schema) never blocks a call: the call is admitted unguarded,
/// its result is dropped, and `trouble()` says why; a call that needs the store is skipped as state_unusable instead.
/// One that others keep locked, also while it is opened, blocks every call: it is skipped as state_locked. Both may be
/// tried again.
class Breakers {
 public:
  /// `store` may be null if it could not be opened; `why` is then the reason.
  Breakers(StateStore* store, std::optional<Error> why, ProcessId self);

  /// One atomic step: expired leases are dropped, then probe permit and slot are both taken or both refused, so that
  /// neither a missing slot nor a quota that is kept back ever uses up a probe.
  Admission admit(const AdmissionRequest& wanted);

  /// What `admit` would say to a call that is not made: nothing, if it would permit it.
  std::optional<Skip> would_refuse(const StateStore::Snapshot& snapshot, const AdmissionRequest& wanted) const;

  /// Takes the last place in the line for a slot, or keeps the one it has. Slots are given in the order of the line; a
  /// call that is not in it finds one only if no call waits. `admit` with this place ends it, as leave_line() does, the
  /// death of the process, or the end of `lease`, which each call renews. Code::resource_exhausted: the line is as long
  /// as it may be.
  Result<LinePosition> line_up(const AdmissionRequest& wanted, milliseconds lease);
  void leave_line(const std::string& backend, const std::string& place);
  std::string new_place() { return next_token(); }

  /// Another candidate answered a prompt that this backend had rejected (R24).
  Settled answered_elsewhere(const std::string& backend, const BreakerPolicy& policy, const CallReport& rejection);

  /// What was heard about the quota of a login outside of a call.
  Status note_quota(const std::string& backend, const QuotaReport& quota);

  /// A manual change.
  Status change(const std::string& backend, const std::function<void(Breaker&, const HostTime&)>& change);

  Result<StateStore::Snapshot> read();
  /// Is the process that owns a lease certainly dead?
  bool is_dead(const ProcessId& owner) const;
  /// Will it not do anything any more? Sooner than is_dead(), but what it has started may still be there.
  bool is_doomed(const ProcessId& owner) const;
  /// Does a process live that one of its calls has started?
  bool has_left_processes(const StateStore::Snapshot& snapshot, const ProcessId& owner) const;
  const ProcessId& self() const { return self_; }

  /// `notify` is called when a change of state has left work for the notification process: notifications are pending,
  /// or one that is shown is obsolete. It runs on the thread that settles and must not block. Set it before the first
  /// permit.
  void when_owed(std::function<void()> notify) { notify_ = std::move(notify); }

  /// Why there is no store; nothing if there is one.
  const std::optional<Error>& closed_because() const { return closed_; }
  /// The first reason why the store could not be used; empty if it works.
  std::string trouble() const;
  /// The same, once a call was admitted unguarded or its result was dropped because of it.
  std::string unguarded_because() const;

 private:
  friend class Permit;
  Status update(const std::string& backend, const StateStore::Change& change);
  SettledCall settle(const AdmissionRequest& wanted, const Ticket& ticket, const CallReport& report,
                     const QuotaReport& quota);
  using Settling = std::function<Settled(BackendState&, const HostTime& now)>;
  Settled write(const std::string& backend, const Settling& settling);
  void remember(const Error& error);
  std::string next_token();

  StateStore* store_;
  ProcessId self_;
  std::function<void()> notify_;
  std::atomic<std::uint64_t> permits_{0};
  mutable std::mutex mutex_;
  std::optional<Error> closed_;    // why there is no store
  std::string unguarded_because_;  // guarded by mutex_
};

}  // namespace delegate
