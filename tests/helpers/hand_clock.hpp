#pragma once
#include "core/os/clock.hpp"

namespace delegate::test {

/// A host's clocks, set by the test.
class HandClock final : public Clock {
 public:
  HostTime now() const override { return now_; }
  void pass(milliseconds time) {
    now_.boot += time;
    now_.wall += time;
  }
  void set_wall_clock(milliseconds ahead) { now_.wall += ahead; }
  void reboot() {
    now_.boot_id += "'";
    now_.boot = milliseconds(0);
  }

 private:
  HostTime now_{.boot_id = "boot-1", .boot = std::chrono::hours(1), .wall = std::chrono::hours(500'000)};
};

}  // namespace delegate::test
