#pragma once
#include <chrono>
#include <string_view>

#include "core/base/host_time.hpp"

namespace delegate {

/// Time that is stored or shown; tests use their own. Waiting for children and sockets uses steady Deadlines instead.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual HostTime now() const = 0;
};

/// How far the boot clock of this process, and with it each time since boot that /proc shows it, is ahead of the
/// host's: a process in a time namespace (time_namespaces(7)) has another one under the same boot id. Zero if unknown.
std::chrono::nanoseconds boot_clock_offset();
/// The same from the text of /proc/self/timens_offsets.
std::chrono::nanoseconds boot_clock_offset_in(std::string_view timens_offsets);

/// CLOCK_REALTIME, for what is compared with times that other programs have written.
std::chrono::milliseconds wall_now();

/// The host's CLOCK_BOOTTIME, CLOCK_REALTIME and the kernel's boot id.
class SystemClock final : public Clock {
 public:
  HostTime now() const override;
};

}  // namespace delegate
