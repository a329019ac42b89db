#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/health/verdict.hpp"

// The circuit breaker: state in, state out. No clock, no store, no I/O; whoever holds the state calls these functions
// inside one atomic update. Words as in resilience4j (closed, open, half-open, forced-open, disabled), back-off as
// Envoy's ejection time. The rules R1 … R22 are written out in docs/breaker.md.
namespace delegate {

/// Persisted: numbers are frozen.
enum class BreakerState : int { closed = 0, open = 1, half_open = 2, forced_open = 3, disabled = 4 };
std::string_view to_string(BreakerState state);
std::optional<BreakerState> breaker_state_named(std::string_view name);

/// R22: the wait for the next slow probe doubles up to this, or stays at the first where that is longer.
inline constexpr milliseconds kLongestLimitProbe{3'600'000};

struct BreakerPolicy {
  int threshold = 3;                   // consecutive counted failures, >= 1
  milliseconds cooldown{60'000};       // first break; 0: probe at once
  milliseconds max_cooldown{900'000};  // the cooldown grows up to this (never below `cooldown` itself)
  double backoff_multiplier = 2;
  milliseconds failure_window{1'800'000};        // older failures leave the streak; 0: they never do
  milliseconds max_retry_after{24 * 3'600'000};  // longest that a rate limit's hint is believed
  milliseconds limit_probe{300'000};             // first slow probe of a limit (R22); 0: none
  milliseconds grace{2'000};                     // length of a drop's burst
  int drop_counts_after = 3;                     // from this burst in a row on, each burst counts one; 0: never
};

/// The one right to probe, on time or slowly. Held until settled, until it runs out, or until its owner is gone.
struct ProbeLease {
  std::string token;
  ProcessId owner;
  Span span;

  bool operator==(const ProbeLease&) const = default;
};

struct LastFailure {
  std::string outcome;
  std::string message;
  milliseconds at{0};  // wall

  bool operator==(const LastFailure&) const = default;
};

struct Breaker {
  BreakerState state = BreakerState::closed;
  std::int64_t generation = 0;      // grows with every change of state; results of an older one are void
  std::vector<HostTime> streak;     // the counted failures in a row, oldest first; only while closed
  int breaks_in_a_row = 0;          // back-off step
  Span cooldown;                    // the running break, while open; its rest, while a probe is out before its end
  bool manual = false;              // a person began this break: it says nothing about the backend's health
  std::optional<Span> limit_probe;  // the wait for the next slow probe (R22), while a stated limit runs
  std::optional<ProbeLease> probe;  // while half-open, or a slow one while open
  // Of lost connections. The stores keep these two alike in all backends of one peer: see BackendState.
  std::optional<Span> burst;  // the last burst of drops
  int bursts_in_a_row = 0;    // … without a success between them
  std::int64_t trips = 0;     // outages ever
  /// Since a trip: until an answer, or until somebody decides by hand. Failed probes are the same outage. A break that
  /// a person began is none; the first failure after it begins one.
  bool outage = false;
  std::int64_t recoveries = 0;  // outages that an answer ended, ever
  std::optional<LastFailure> last_failure;

  bool operator==(const Breaker&) const = default;
};

/// What a refused or admitted caller is told, and what `status` shows. Reading changes nothing (R2).
struct BreakerView {
  BreakerState state = BreakerState::closed;
  int failures = 0;
  milliseconds retry_after{0};  // open: until the probe is due; half-open: while another one's probe runs
  std::optional<milliseconds> limit_probe_in;  // open for a stated limit: until it may be probed slowly; 0: now
};
BreakerView view(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now);

enum class PermitKind {
  normal,
  probe,
  limit_probe,  // for a question of ours that closes the breaker when it is answered; never for a person's
  unguarded,    // the store could not be used: allowed, and its result is dropped (R18)
  denied,
};
std::string_view to_string(PermitKind kind);

/// The right to make one call. Value type of the machine; `run/permit` wraps it so that it is always settled.
struct Ticket {
  PermitKind kind = PermitKind::denied;
  std::int64_t generation = 0;
  std::string token;
};

struct LeaseRequest {
  ProcessId owner;
  std::string token;      // unique among all permits ever
  milliseconds lease{0};  // how long the call may take
};

/// Is this owner certainly gone? Lets a dead process's probe be taken over before its lease is out.
using IsGone = std::function<bool(const ProcessId&)>;

/// When a probe may start. `immediate` is for the last resort and for a ping: it does not wait for the break's end, but
/// there is still only one probe, and what was decided by hand is kept. When such a probe ends without a verdict, the
/// rest of the break goes on. `rate_limited` asks for a slow probe and for nothing else (R22): it is refused wherever
/// none is due, and it leaves the breaker open.
enum class ProbeTime { when_due, immediate, rate_limited };

/// Is a burst of drops under way? (R20)
bool in_burst(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now);

struct Acquired {
  Ticket ticket;
  std::optional<BreakerState> entered;  // a change of state made by this step
};
/// Asks for a permit. In half-open exactly one request holds the probe (R5, R7).
Acquired try_acquire(Breaker& breaker, const HostTime& now, const LeaseRequest& request, const IsGone& is_gone,
                     ProbeTime probe_time = ProbeTime::when_due);

struct CallReport {
  Verdict verdict = Verdict::neutral;
  Trip trip = Trip::at_threshold;
  std::optional<milliseconds> retry_after;  // with Verdict::rate_limited
  std::string outcome;                      // for `last_failure`
  std::string message;
};

struct Settled {
  bool counted = false;     // the report came through a current permit (R8)
  bool neutral = false;     // … and said nothing about the backend's health
  bool collateral = false;  // … because it is part of a burst of drops that is known already
  std::optional<BreakerState> entered;
  bool tripped = false;    // an outage begins: exactly one notification belongs to it (R12)
  bool recovered = false;  // back to closed after a trip
};
/// Reports the end of a call. Through a permit that is not current it changes nothing (R8, R10), except that a rate
/// limit's hint may lengthen a running break (R17).
Settled settle(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Ticket& ticket,
               const CallReport& report);

// By hand (R13). Each returns the state entered, if it changed.
std::optional<BreakerState> force_open(Breaker& breaker);
std::optional<BreakerState> release(Breaker& breaker);  // only from forced_open
std::optional<BreakerState> disable(Breaker& breaker);
std::optional<BreakerState> enable(Breaker& breaker);  // only from disabled
std::optional<BreakerState> reset(Breaker& breaker);   // from any
/// An ordinary break of this length, begun by hand; afterwards a probe decides.
std::optional<BreakerState> open_for(Breaker& breaker, const HostTime& now, milliseconds length);

/// What a change of a breaker is to a person: each is told once (R12).
enum class Edge {
  trip,          // an outage begins
  failed_probe,  // … it goes on, and there is news of it
  recovery,      // … an answer has ended it
  dismissal,     // … somebody has, by hand, or it is about another executable now
};
std::optional<Edge> edge_between(const Breaker& before, const Breaker& after);

/// Length of break `n` in a row, n >= 1 (R11).
milliseconds cooldown_for(const BreakerPolicy& policy, int n);

}  // namespace delegate
