#include "core/base/host_time.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using namespace std::chrono_literals;

namespace {

HostTime moment(const char* boot_id, milliseconds boot, milliseconds wall) { return {boot_id, boot, wall}; }

const Span kMinute{moment("one", 100s, 1000s), 60s};

}  // namespace

TEST_CASE("within one boot the boot clock alone decides") {
  CHECK(remaining(kMinute, moment("one", 100s, 1000s)) == 60s);
  CHECK(remaining(kMinute, moment("one", 120s, 1020s)) == 40s);
  CHECK(remaining(kMinute, moment("one", 160s, 1060s)) == 0s);
  CHECK(remaining(kMinute, moment("one", 999s, 1000s)) == 0s);
  SECTION("whatever the wall clock is set to") {
    CHECK(remaining(kMinute, moment("one", 120s, 0s)) == 40s);
    CHECK(remaining(kMinute, moment("one", 120s, 999'999s)) == 40s);
  }
}

TEST_CASE("across a reboot the wall clock decides") {
  CHECK(remaining(kMinute, moment("two", 5s, 1020s)) == 40s);
  CHECK(remaining(kMinute, moment("two", 5s, 2000s)) == 0s);
}

TEST_CASE("the rest is never more than the whole span, even if the clock went back") {
  CHECK(remaining(kMinute, moment("two", 5s, 10s)) == 60s);
  CHECK(remaining(kMinute, moment("one", 10s, 1000s)) == 60s);
}

TEST_CASE("an empty span is over at once") {
  CHECK(remaining({moment("one", 100s, 1000s), 0s}, moment("one", 100s, 1000s)) == 0s);
}

TEST_CASE("elapsed time is never negative") {
  const HostTime then = moment("one", 100s, 1000s);
  CHECK(elapsed(then, moment("one", 130s, 0s)) == 30s);
  CHECK(elapsed(then, moment("one", 90s, 2000s)) == 0s);
  CHECK(elapsed(then, moment("two", 5s, 1030s)) == 30s);
  CHECK(elapsed(then, moment("two", 5s, 900s)) == 0s);
}

TEST_CASE("a span from another boot, or one that starts in the future, is anchored again with its rest") {
  const HostTime rebooted = moment("two", 5s, 1020s);
  CHECK_FALSE(anchored_elsewhere(kMinute, moment("one", 100s, 0s)));
  CHECK(anchored_elsewhere(kMinute, moment("one", 99s, 0s)));
  CHECK(anchored_elsewhere(kMinute, rebooted));
  CHECK(reanchored(kMinute, rebooted) == Span{rebooted, 40s});
  CHECK_FALSE(anchored_elsewhere(reanchored(kMinute, rebooted), rebooted));
  CHECK(remaining(reanchored(kMinute, moment("two", 5s, 10s)), moment("two", 65s, 70s)) == 0s);
}
