#pragma once
#include <chrono>
#include <cstdint>
#include <string>

// Time and identity that mean the same thing to every process of a host.
namespace delegate {

using std::chrono::milliseconds;

/// One reading of the clocks that survive a process. `boot` counts suspend and ignores settimeofday, so it decides
/// while `boot_id` is unchanged; `wall` (since the epoch) bridges reboots and is what people read.
/// A store whose time is a server's (a fleet) gives one constant boot_id and its own time in both fields.
struct HostTime {
  std::string boot_id;
  milliseconds boot{0};
  milliseconds wall{0};

  bool operator==(const HostTime&) const = default;
};

/// A span of time anchored in host time: a break, a lease. It stays right over suspend, a set clock and a reboot.
struct Span {
  HostTime since;
  milliseconds length{0};

  bool operator==(const Span&) const = default;
};

/// What is left of `span` at `now`, never negative and never more than its length.
/// Same boot: the boot clock alone decides. Other boot, or a clock behind the anchor: see breaker rules R14, R15.
milliseconds remaining(const Span& span, const HostTime& now);

/// How long ago `then` was, clamped to zero when the clock went back.
milliseconds elapsed(const HostTime& then, const HostTime& now);

/// True when `span` was anchored on a clock that no longer runs (another boot, or a server's time set back),
/// so that the first decision must anchor it anew: a clamp alone would stand still while the clock is behind.
bool anchored_elsewhere(const Span& span, const HostTime& now);

/// The same remaining time, anchored at `now`.
Span reanchored(const Span& span, const HostTime& now);

/// A process, told apart from a later one with the same pid.
struct ProcessId {
  std::string boot_id;
  std::int64_t pid = 0;
  std::int64_t start_time = 0;     // clock ticks since boot, /proc/PID/stat field 22
  std::int64_t pid_namespace = 0;  // inode of /proc/PID/ns/pid; 0: not known

  bool operator==(const ProcessId&) const = default;
};

}  // namespace delegate
