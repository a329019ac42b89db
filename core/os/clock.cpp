#include "core/os/clock.hpp"

#include <ctime>

#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate {
namespace {

milliseconds read_clock(clockid_t id) {
  timespec now{};
  ::clock_gettime(id, &now);
  return milliseconds(static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000);
}

}  // namespace

SystemClock::SystemClock() {
  // Without /proc the id stays empty; a clock behind its anchor then counts as another boot.
  if (const auto text = read_file("/proc/sys/kernel/random/boot_id", 4096)) boot_id_ = trim(*text);
}

HostTime SystemClock::now() const {
  return HostTime{.boot_id = boot_id_, .boot = read_clock(CLOCK_BOOTTIME), .wall = read_clock(CLOCK_REALTIME)};
}

}  // namespace delegate
