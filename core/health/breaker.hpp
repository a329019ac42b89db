#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/health/verdict.hpp"

// The circuit breaker: state in, state out. No clock, no store, no I/O; the store calls these functions inside one
// atomic update. States are named as in resilience4j (closed, open, half-open, forced-open, disabled), the cooldown
// grows like Envoy's ejection time. docs/breaker.md lists the rules R1 … R24.
namespace delegate {

/// R24: so many different prompts in a row. Also the most that are remembered.
inline constexpr std::size_t kMostRejections = 5;
/// The outcome in `last_failure` of a breaker that opened for them: no single call ends with it.
inline constexpr std::string_view kRejectsRequests = "rejects_requests";

/// Persisted: numbers are frozen.
enum class BreakerState : int { closed = 0, open = 1, half_open = 2, forced_open = 3, disabled = 4 };
std::string_view to_string(BreakerState state);
std::optional<BreakerState> breaker_state_named(std::string_view name);

/// R22: the wait for the next limit probe doubles up to this, or stays at the first wait if that is longer.
inline constexpr milliseconds kLongestLimitProbe{3'600'000};

struct BreakerPolicy {
  int threshold = 3;                   // counted failures in a row that open the breaker, >= 1
  milliseconds cooldown{60'000};       // the first one; 0: probe immediately
  milliseconds max_cooldown{900'000};  // upper bound of its growth (never below `cooldown` itself)
  double backoff_multiplier = 2;
  milliseconds failure_window{1'800'000};        // older failures leave the streak; 0: never
  milliseconds max_retry_after{24 * 3'600'000};  // upper bound for the retry time of a rate limit
  milliseconds quota_cooldown{3'600'000};        // for a quota that states no end; 0: it is a failure like any other
  milliseconds limit_probe{300'000};             // wait for the first probe during a limit (R22); 0: none
  milliseconds grace{2'000};                     // length of a burst of dropped connections
  int drop_counts_after = 3;                     // from this burst in a row on, each counts as one failure; 0: never
};

/// The exclusive right to probe. Held until it is settled, expires, or its owner is dead.
struct ProbeLease {
  std::string token;
  ProcessId owner;
  Span span;

  bool operator==(const ProbeLease&) const = default;
};

/// A prompt that was rejected (R24).
struct Rejection {
  std::string prompt;     // a short mark by which prompts differ, never the text
  bool answered = false;  // by another candidate

  bool operator==(const Rejection&) const = default;
};

/// When a rejected login opened the breaker (R23).
struct LoginTrip {
  std::int64_t generation = 0;  // that began with it
  std::string login;            // see CallReport

  bool operator==(const LoginTrip&) const = default;
};

struct LastFailure {
  std::string outcome;
  std::string message;
  milliseconds at{0};  // wall

  bool operator==(const LastFailure&) const = default;
};

struct Breaker {
  BreakerState state = BreakerState::closed;
  std::int64_t generation = 0;          // grows with every change of state; results of an older one are ignored
  std::vector<HostTime> streak;         // counted failures in a row, oldest first; only while closed
  int cooldowns_in_a_row = 0;           // step of the back-off
  Span cooldown;                        // while open; during an early probe, what remains of it
  bool manual = false;                  // opened by a person: says nothing about the backend's health
  std::optional<LoginTrip> login_trip;  // while open for a rejected login
  std::optional<Span> limit_probe;      // wait for the next limit probe (R22), during a rate limit
  std::optional<ProbeLease> probe;      // while half-open; a limit probe also while open
  // Dropped connections. Stores keep these two equal in all backends with the same peer: see BackendState.
  std::optional<Span> burst;          // the last burst of drops
  int bursts_in_a_row = 0;            // without a success between them
  std::vector<Rejection> rejections;  // in a row, of different prompts, oldest first; at most kMostRejections
  bool rejecting = false;             // opened for those: until it closes, a probe that is rejected has failed
  std::int64_t trips = 0;             // outages ever
  /// From a trip to the next answer or manual change. Failed probes belong to the same outage. A breaker that a person
  /// opened is no outage; the first failure after that starts one.
  bool outage = false;
  std::int64_t recoveries = 0;  // outages ended by an answer, ever
  std::optional<LastFailure> last_failure;

  bool operator==(const Breaker&) const = default;
};

/// What callers and `status` see of a breaker. Viewing changes nothing (R2).
struct BreakerView {
  BreakerState state = BreakerState::closed;
  int failures = 0;
  milliseconds retry_after{0};                 // open: until a probe is due; half-open: while another probe runs
  std::optional<milliseconds> limit_probe_in;  // open for a rate limit: until a limit probe may run; 0: now
};
BreakerView view(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now);

enum class PermitKind {
  normal,
  probe,
  limit_probe,  // for delegate's own tiny request during a rate limit, never for a user's prompt
  unguarded,    // the store could not be used: the call is allowed and its result ignored (R18)
  denied,
};
std::string_view to_string(PermitKind kind);

/// The right to make one call, as a value. `Permit` in core/run wraps it so that it is always settled.
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

/// Is this process certainly dead? Then its probe is taken over before its lease expires.
using IsDead = std::function<bool(const ProcessId&)>;

/// When a probe may start.
/// - immediate: does not wait for the end of the cooldown (last resort, ping). There is still only one probe at a time,
///   and manual decisions stand. If the probe ends without a verdict, the rest of the cooldown goes on.
/// - rate_limited: a limit probe or nothing (R22). Denied where none is due; leaves the breaker open.
enum class ProbeTime { when_due, immediate, rate_limited };

/// Is a burst of dropped connections under way? (R20)
bool in_burst(const Breaker& breaker, const BreakerPolicy& policy, const HostTime& now);

struct Acquired {
  Ticket ticket;
  std::optional<BreakerState> entered;  // if this step changed the state
};
/// Requests a permit. In half-open exactly one request holds the probe (R5, R7).
Acquired try_acquire(Breaker& breaker, const HostTime& now, const LeaseRequest& request, const IsDead& is_dead,
                     ProbeTime probe_time = ProbeTime::when_due);

struct CallReport {
  Verdict verdict = Verdict::neutral;
  Trip trip = Trip::at_threshold;
  std::optional<milliseconds> retry_after;  // with Verdict::rate_limited
  std::string outcome;                      // for `last_failure`
  std::string message;
  std::string rejected_prompt = {};  // with Verdict::neutral, if the backend rejected it (R24): see Rejection
  std::string login = {};            // what the call was made with, as any mark that differs for another login (R23)
};

struct Settled {
  bool counted = false;     // the report came through a current permit (R8)
  bool neutral = false;     // it said nothing about the backend's health
  bool collateral = false;  // neutral because it belongs to a burst of drops that is already known
  std::optional<BreakerState> entered;
  bool tripped = false;    // an outage begins: exactly one notification (R12)
  bool recovered = false;  // back to closed after a trip
};
/// Reports the end of a call. With a permit that is no longer current it changes nothing (R8, R10), with two
/// exceptions: the retry time of a rate limit may lengthen the cooldown (R17), and an answer undoes a trip for a
/// rejected login (R23).
Settled settle(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now, const Ticket& ticket,
               const CallReport& report);

/// Another candidate answered the prompt `report.rejected_prompt`, which this backend had rejected (R24).
Settled answered_elsewhere(Breaker& breaker, const BreakerPolicy& policy, const HostTime& now,
                           const CallReport& report);

// Manual changes (R13). Each returns the state entered, if it changed.
std::optional<BreakerState> force_open(Breaker& breaker);
std::optional<BreakerState> release(Breaker& breaker);  // only from forced_open
std::optional<BreakerState> disable(Breaker& breaker);
std::optional<BreakerState> enable(Breaker& breaker);  // only from disabled
std::optional<BreakerState> reset(Breaker& breaker);   // from any
/// Opens for this long; then a probe decides.
std::optional<BreakerState> open_for(Breaker& breaker, const HostTime& now, milliseconds length);

/// What a change of a breaker means for notifications: each edge is reported once (R12).
enum class Edge {
  trip,          // an outage begins
  failed_probe,  // it goes on
  recovery,      // an answer ended it
  dismissal,     // a manual change ended it, or the backend is another executable now
};
std::optional<Edge> edge_between(const Breaker& before, const Breaker& after);

/// Length of cooldown `n` in a row, n >= 1 (R11).
milliseconds cooldown_for(const BreakerPolicy& policy, int n);

}  // namespace delegate
