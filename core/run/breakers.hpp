#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "core/config/config.hpp"
#include "core/run/request.hpp"
#include "core/state/store.hpp"

namespace delegate {

BreakerPolicy policy_of(const BreakerSettings& breaker, const GraceSettings& grace);

/// Who asks for a permit, and for what.
struct AdmissionRequest {
  std::string backend;
  BreakerPolicy policy;
  int max_parallel = 1;
  milliseconds lease{0};  // longer than the call can take
  std::string peer;       // see BackendState
  std::string endpoint;   // place, newline, identity: a new identity at the same place voids old verdicts
  ProbeTime probe_time = ProbeTime::when_due;
};

class Breakers;

/// The right to make one call and the place to make it in. Settled exactly once: by `settle`, or as neutral when it is
/// destroyed, so that no path out of a call can keep it (crashes and kills are covered by its lease).
class Permit {
 public:
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&&) = delete;
  ~Permit();

  PermitKind kind() const { return ticket_.kind; }
  /// Of a probe: the breaker is not closed for a reason that another login of the backend does not share.
  bool login_refused() const { return login_refused_; }
  /// Connections to its peer got lost just now: none that is older is to be used.
  bool in_burst() const { return in_burst_; }
  Settled settle(const Report& report);

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

/// The process's one registry of breakers, over the host's store; safe to use from several threads. A store that cannot
/// be used never blocks a call: it is admitted unguarded, its result is dropped, and `trouble()` says so.
class Breakers {
 public:
  /// `store` may be null: it could not be opened, and `why` is the reason.
  Breakers(StateStore* store, std::string why, ProcessId self);

  /// One atomic step: dead leases are dropped, then breaker and slot are both given or both refused. A missing slot
  /// never spends a probe.
  Admission admit(const AdmissionRequest& wanted);

  /// Would `admit` find a free slot? A store that cannot be used refuses none.
  bool has_free_slot(const std::string& backend, int max_parallel);

  /// A change by hand.
  Status change(const std::string& backend, const std::function<void(Breaker&, const HostTime&)>& change);

  Result<StateStore::Reading> read();
  /// Is the owner of a lease certainly gone?
  bool is_dead(const ProcessId& owner) const;
  const ProcessId& self() const { return self_; }

  /// `tell` is called, on whatever thread settles, when a change of state has left something for the process that tells
  /// people: notifications of the store are owed, or what is shown is over. It must not block. Set before the first
  /// permit.
  void when_owed(std::function<void()> tell) { tell_ = std::move(tell); }

  /// Why the store could not be used, the first time it happened; empty while all is well.
  std::string trouble() const;

 private:
  friend class Permit;
  Settled settle(const AdmissionRequest& wanted, const Ticket& ticket, const Report& report);
  void remember(const Error& error);
  std::string next_token();

  StateStore* store_;
  ProcessId self_;
  std::function<void()> tell_;
  std::atomic<std::uint64_t> permits_{0};
  mutable std::mutex mutex_;
  std::string trouble_;  // guarded by mutex_
};

}  // namespace delegate
