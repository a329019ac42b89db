#pragma once

namespace delegate {

/// What a finished call says about the backend's health, in the words of the breaker.
enum class Verdict {
  success,
  failure,
  neutral,          // nothing: the caller went away, our own fault, an error of the request
  drop,             // the transport broke in flight
  connect_failure,  // no connection: a failure, or collateral of a drop
  rate_limited,     // opens until the stated time; without one it is a failure
};

/// Whether one such failure opens the breaker without counting to the threshold.
enum class Trip { at_threshold, immediate };

}  // namespace delegate
