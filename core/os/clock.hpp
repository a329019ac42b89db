#pragma once
#include "core/base/host_time.hpp"

namespace delegate {

/// Time that is stored or shown; tests use their own. Waiting for children and sockets uses steady Deadlines instead.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual HostTime now() const = 0;
};

/// CLOCK_BOOTTIME, CLOCK_REALTIME and the kernel's boot id.
class SystemClock final : public Clock {
 public:
  SystemClock();
  HostTime now() const override;

 private:
  std::string boot_id_;
};

}  // namespace delegate
