#pragma once
#include <optional>
#include <string_view>

#include "core/health/verdict.hpp"

// How a call can end, and what follows from it, in one table for calls, probes and health checks. No other code
// switches on an Outcome to decide policy.
namespace delegate {

/// Stored in the ledger by name: a name never changes its meaning.
enum class Outcome {
  answered,
  answered_empty,  // clean end with usage, but no text
  lost_result,     // clean end, no result record
  not_installed,
  spawn_failed,  // could not be started, or rejected our flags
  resources,     // ours: no processes, files or memory left; disk full or read-only
  unreachable,
  connect_timeout,
  timed_out,         // total time used up, last without output
  timed_out_active,  // total time used up while output still arrived
  deadline_passed,   // the run's deadline came before the backend's own
  idle_timed_out,    // no output at the start, or none for too long later
  stalled_tool,
  exited_nonzero,
  killed_by_signal,  // not by us
  unauthenticated,
  quota_exhausted,
  rate_limited,
  overloaded,
  loading,       // a local model that is not loaded yet
  server_error,  // HTTP 5xx that is not overload
  model_rejected,
  bad_request,  // an unknown session, a malformed request, a 4xx that nothing else explains
  context_too_long,
  cut_short,  // the answer reached the model's output limit
  refused_by_policy,
  bad_output,
  dropped,          // the connection broke during the answer
  send_failed,      // the connection broke while the request was sent
  collateral_drop,  // no connection within the burst of an earlier drop
  pipe_closed,      // closed its input before the prompt was written
  no_slot,
  breaker_open,
  directory_in_use,  // another run changes files there
  cannot_write,      // no backend that is installed can change files
  reserved,          // what is left of its quota is kept for the person's own work
  extra_billing,     // the call would be billed beyond its quota, which its settings avoid
  budget_exhausted,  // a budget is used up
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
/// Rejected for a reason that may be the backend's: every request, not only this one (R24)?
inline bool is_rejection(Outcome outcome) { return outcome == Outcome::bad_request; }
/// Can a time limit of ours that is too short alone be the cause?
inline bool is_of_a_clock(Outcome outcome) {
  return outcome == Outcome::timed_out || outcome == Outcome::timed_out_active || outcome == Outcome::idle_timed_out ||
         outcome == Outcome::stalled_tool || outcome == Outcome::loading || outcome == Outcome::deadline_passed;
}
/// There is no server, or no program, to send a prompt to.
inline bool is_unreachable(Outcome outcome) {
  return outcome == Outcome::not_installed || outcome == Outcome::unreachable || outcome == Outcome::connect_timeout;
}
inline bool is_answer(Outcome outcome) { return outcome == Outcome::answered || outcome == Outcome::answered_empty; }

}  // namespace delegate
