#pragma once
#include "tests/unit/run/asking.hpp"

// What is known of the quota of a login, for tests that steer by it.
namespace delegate::test {

inline QuotaWindow window_of(const std::string& name, double used, milliseconds ends_at) {
  return {.name = name,
          .used = used,
          .ends_at = ends_at,
          .length = window_length(name),
          .heard_at = ends_at - *window_length(name) + 1ms,
          .source = "call",
          .announced = 0};
}

/// Half of a week's window is over.
inline QuotaWindow week(double used, const Asking& asking, milliseconds ends_in = 84h) {
  return window_of("seven_day", used, asking.clock.now().wall + ends_in);
}

inline void know(Asking& asking, const std::string& candidate, std::vector<QuotaWindow> windows,
                 const Overage& overage = {}) {
  REQUIRE(asking.store->update(candidate, [&](BackendState& state, const HostTime& now) {
    state.quota.windows = windows;
    state.quota.overage = overage;
    state.quota.overage_heard_at = now.wall - 1min;  // while a window that has just ended was running
  }));
}

}  // namespace delegate::test
