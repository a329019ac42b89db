#pragma once
#include "core/health/breaker.hpp"
#include "tests/helpers/lab_fields.hpp"

namespace delegate::lab {

enum class ClockKind {
  boottime,  // a host: a boot clock that restarts, and a wall clock that can be set
  wall,      // a fleet: one server's time for all
};

/// One breaker's settings, with the protocol's defaults rather than the product's: no back-off, no grace, no window, no
/// slow probes.
struct Config {
  BreakerPolicy policy{.max_cooldown = milliseconds(600'000),
                       .backoff_multiplier = 1,
                       .failure_window = milliseconds(0),
                       .max_retry_after = milliseconds(3'600'000),
                       .limit_probe = milliseconds(0),
                       .grace = milliseconds(0),
                       .drop_counts_after = 0};
  milliseconds lease{150'000};
  bool owner_liveness = false;  // a crashed process frees its probe at once
  ClockKind clock = ClockKind::boottime;
};

/// The names in `given` replace those of `config`. "unsupported: NAME" for a setting that this breaker lacks.
Result<Config> configured(Config config, const Json& given);

}  // namespace delegate::lab
