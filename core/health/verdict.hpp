#pragma once

namespace delegate {

/// What a finished call says about the backend's health: the input of the breaker.
enum class Verdict {
  success,
  failure,
  neutral,          // nothing: cancelled, our own fault, or an invalid request
  drop,             // the connection broke during the call
  connect_failure,  // no connection: a failure, or part of a burst of drops
  rate_limited,     // opens until the stated time; without a time it is a failure
};

/// Whether one such failure opens the breaker immediately.
enum class Trip {
  at_threshold,
  immediate,
  revocable,  // immediately, until a call that was running then is answered (R23)
};

}  // namespace delegate
