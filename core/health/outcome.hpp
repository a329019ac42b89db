#pragma once
#include <optional>
#include <string_view>

#include "core/health/verdict.hpp"

// How a call can end, and everything that follows from it, in one table. Calls, probes and health checks use the same
// rows; nothing else switches on an Outcome to decide policy.
namespace delegate {

/// Persisted in the ledger by name: a name never changes its meaning.
enum class Outcome {
  answered,
  answered_empty,  // clean end, result record with usage, no text
  lost_result,     // clean end, no result record
  not_installed,
  spawn_failed,  // could not be started, or not with these flags
  resources,     // ours: out of processes, files, memory; a disk that is full or read-only
  unreachable,
  connect_timeout,
  timed_out,         // total time over, after silence
  timed_out_active,  // total time over while output still came
  deadline_passed,   // the run's time was over before the backend's own
  idle_timed_out,    // nothing at the start, or silence in the middle
  stalled_tool,
  exited_nonzero,
  killed_by_signal,  // not by us
  unauthenticated,
  quota_exhausted,
  rate_limited,
  overloaded,
  loading,       // a local model that is not ready yet
  server_error,  // HTTP 5xx that is not overload
  model_rejected,
  bad_request,  // of the call itself: an unknown session, a malformed request
  context_too_long,
  cut_short,  // the answer reached the model's limit before its end
  refused_by_policy,
  bad_output,
  dropped,          // transport broke in the middle
  send_failed,      // … while our request was on its way
  collateral_drop,  // connect failure inside the window of a drop
  pipe_closed,      // went away before the prompt was written
  no_slot,
  breaker_open,
  cancelled,
  blocked,
  internal,
};

enum class TryNext { no, yes };
/// Whether the same call to the same backend may end differently: what a backend's own retries are worth.
enum class Retry { may_help, pointless };

struct OutcomeTraits {
  Outcome outcome;
  std::string_view name;
  Verdict on_call;    // what an `ask` reports to the breaker
  Verdict on_health;  // what a ping or health check reports
  Trip trip;          // unambiguous failures do not wait for the threshold
  TryNext try_next;   // the next backend, in auto mode
  TryNext try_login;  // the next login of the same backend: the failure concerns the login, not the backend
  Retry retry;
  int exit_code;  // of a run that ends with it
};

const OutcomeTraits& traits(Outcome outcome);
inline std::string_view to_string(Outcome outcome) { return traits(outcome).name; }
std::optional<Outcome> outcome_named(std::string_view name);
/// Of a server: nobody is there to be asked.
inline bool is_unreachable(Outcome outcome) {
  return outcome == Outcome::not_installed || outcome == Outcome::unreachable || outcome == Outcome::connect_timeout;
}
inline bool is_answer(Outcome outcome) { return outcome == Outcome::answered || outcome == Outcome::answered_empty; }

}  // namespace delegate
