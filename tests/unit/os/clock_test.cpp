#include "core/os/clock.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using namespace std::chrono_literals;

TEST_CASE("the offset of a time namespace is read from the line of the boot clock") {
  CHECK(boot_clock_offset_in("monotonic           0         0\nboottime            0         0\n") == 0s);
  CHECK(boot_clock_offset_in("monotonic           7         0\nboottime    100000000         0\n") == 100'000'000s);
  CHECK(boot_clock_offset_in("boottime   -5 500000000\n") == -4500ms);
  CHECK(boot_clock_offset_in("monotonic 7 0\n") == 0s);
  CHECK(boot_clock_offset_in("boottime 7\nboottime\n\n") == 0s);
  CHECK(boot_clock_offset_in("") == 0s);
}

TEST_CASE("the system clock counts since the boot of the host, and is that of all its processes") {
  const HostTime before = SystemClock().now();
  CHECK_FALSE(before.boot_id.empty());
  CHECK(before.boot > 0ms);
  CHECK(SystemClock().now().boot_id == before.boot_id);
  CHECK(SystemClock().now().boot >= before.boot);
}
