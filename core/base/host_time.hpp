#pragma once
#include <chrono>
#include <cstdint>
#include <string>

// Time and identity that mean the same thing to every process of a host.
namespace delegate {

using std::chrono::milliseconds;

/// The clocks that outlive a process, read at one moment. `boot` counts suspend and ignores settimeofday, so it decides
/// while `boot_id` is the same; `wall` (since the epoch) bridges reboots and is what people read. A store with its own
/// clock, such as a server, gives one constant boot_id and its time in both fields.
struct HostTime {
  std::string boot_id;
  milliseconds boot{0};
  milliseconds wall{0};

  bool operator==(const HostTime&) const = default;
};

/// A span of time anchored in host time, such as a cooldown or a lease. It stays correct across suspend, clock changes
/// and reboots.
struct Span {
  HostTime since;
  milliseconds length{0};

  bool operator==(const Span&) const = default;
};

/// What is left of `span` at `now`, never negative and never more than its length. In the same boot the boot clock
/// alone decides. After a reboot, or with a clock behind the anchor, the wall clock does (docs/breaker.md).
milliseconds remaining(const Span& span, const HostTime& now);

/// How long ago `then` was; zero if the clock went back.
milliseconds elapsed(const HostTime& then, const HostTime& now);

/// True if `span` is anchored on a clock that no longer runs (another boot, or a server's time set back). The first
/// decision must then anchor it again: with a clamp alone no time would pass while the clock is behind.
bool anchored_elsewhere(const Span& span, const HostTime& now);

/// The same remaining time, anchored at `now`.
Span reanchored(const Span& span, const HostTime& now);

/// A process, distinguished from a later one with the same pid.
struct ProcessId {
  std::string boot_id;
  std::int64_t pid = 0;
  std::int64_t start_time = 0;     // clock ticks since boot, /proc/PID/stat field 22
  std::int64_t pid_namespace = 0;  // inode of /proc/PID/ns/pid; 0: not known

  bool operator==(const ProcessId&) const = default;
};

}  // namespace delegate
