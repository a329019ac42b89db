#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

namespace {

HostTime host_time(std::string boot_id, milliseconds boot, milliseconds wall) {
  return {.boot_id = std::move(boot_id), .boot = boot, .wall = wall};
}

}  // namespace

TEST_CASE("within one boot a set wall clock moves no deadline [R14]") {
  Trial trial;
  trial.trip();
  trial.set_wall_clock(GENERATE(as<milliseconds>{}, -1h, 1h, -24h * 365, 24h * 365));
  CHECK(trial.left() == 60s);
  trial.pass(60s - 1ms);
  CHECK(trial.kind() == PermitKind::denied);
  trial.pass(1ms);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("a cooldown survives a reboot by the wall clock [R14]") {
  Trial trial;
  trial.trip();
  trial.pass(56s);
  trial.reboot();
  CHECK(trial.left() == 4s);
  CHECK(trial.kind() == PermitKind::denied);
  trial.pass(4s);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("after a reboot the remaining time is clamped between zero and the cooldown [R14]") {
  Trial trial;
  trial.trip();
  trial.reboot();
  SECTION("clock far behind") {
    trial.set_wall_clock(-24h * 365);
    CHECK(trial.left() == 60s);
  }
  SECTION("clock far ahead") {
    trial.set_wall_clock(24h * 365);
    CHECK(trial.left() == 0ms);
    CHECK(trial.kind() == PermitKind::probe);
  }
}

TEST_CASE("the first request after a reboot moves the cooldown to the new clock, so it ends [R15]") {
  Trial trial;
  trial.trip();
  trial.reboot();
  trial.set_wall_clock(-1h);
  CHECK(trial.kind() == PermitKind::denied);
  trial.pass(59s);
  CHECK(trial.left() == 1s);
  CHECK(trial.kind() == PermitKind::denied);
  trial.pass(1s);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("moving it to a new clock twice does not lengthen the cooldown [R15]") {
  Trial trial;
  trial.trip();
  for (int boot = 0; boot < 5; ++boot) {
    trial.pass(10s);
    trial.reboot();
    CHECK(trial.kind() == PermitKind::denied);
  }
  CHECK(trial.left() == 10s);
}

TEST_CASE("a reboot frees the probe of the boot before [R15]") {
  Trial trial;
  trial.trip_and_cool();
  const Ticket lost = trial.ticket();
  trial.reboot();
  CHECK(trial.left() == 0ms);
  CHECK(trial.kind() == PermitKind::probe);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK_FALSE(trial.report(lost, Verdict::success).counted);
}

TEST_CASE("a server's clock that is set back lengthens no span beyond its full length [R15]") {
  Trial trial;
  trial.trip();
  const auto server_goes = [&](milliseconds time) {
    trial.now.boot += time;
    trial.now.wall += time;
  };
  SECTION("the cooldown") {
    server_goes(-1h);
    CHECK(trial.kind() == PermitKind::denied);
    CHECK(trial.left() == 60s);
    server_goes(60s);
    CHECK(trial.kind() == PermitKind::probe);
  }
  SECTION("the probe's lease") {
    server_goes(60s);
    REQUIRE(trial.kind() == PermitKind::probe);
    server_goes(-1h);
    CHECK(trial.kind() == PermitKind::denied);
    server_goes(trial.lease);
    CHECK(trial.kind() == PermitKind::probe);
  }
}

TEST_CASE("two processes with clocks that started apart see the same deadline") {
  Trial trial;
  trial.trip();
  const HostTime other = host_time(trial.now.boot_id, trial.now.boot + 1s, trial.now.wall - 10min);
  CHECK(view(trial.breaker, trial.policy, other).retry_after == 59s);
}

TEST_CASE("what is left of a span is never negative and never more than its length") {
  const Span span{host_time("a", 100s, 1000s), 10s};
  CHECK(remaining(span, host_time("a", 100s, 0s)) == 10s);
  CHECK(remaining(span, host_time("a", 105s, 0s)) == 5s);
  CHECK(remaining(span, host_time("a", 110s, 0s)) == 0s);
  CHECK(remaining(span, host_time("a", 500s, 0s)) == 0s);
  CHECK(remaining(span, host_time("a", 1s, 0s)) == 10s);
  CHECK(remaining(span, host_time("b", 1s, 1003s)) == 7s);
  CHECK(remaining(span, host_time("b", 1s, 1s)) == 10s);
  CHECK(remaining(span, host_time("b", 1s, 9999s)) == 0s);
}

TEST_CASE("impossible times break no arithmetic") {
  constexpr auto kFirst = milliseconds::min();
  constexpr auto kLast = milliseconds::max();
  for (const char* boot : {"a", "b"}) {
    const HostTime early = host_time(boot, kFirst, kFirst);
    const HostTime late = host_time(boot, kLast, kLast);
    CHECK(remaining({host_time("a", kLast, kLast), kLast}, early) == kLast);
    CHECK(remaining({host_time("a", kFirst, kFirst), kLast}, late) == 0ms);
    CHECK(remaining({host_time("a", 0ms, 0ms), kLast}, early) == kLast);
    CHECK(remaining({host_time("a", 0ms, 0ms), -5s}, late) == 0ms);
    CHECK(remaining({host_time("a", 0ms, 0ms), -5s}, early) == 0ms);
    CHECK(elapsed(host_time("a", kFirst, kFirst), late) == kLast);
    CHECK(elapsed(host_time("a", kLast, kLast), early) == 0ms);
  }
}

TEST_CASE("elapsed time is that of the boot clock, else of the wall clock, never negative") {
  const HostTime then = host_time("a", 10s, 100s);
  CHECK(elapsed(then, host_time("a", 12s, 0s)) == 2s);
  CHECK(elapsed(then, host_time("a", 9s, 200s)) == 0s);
  CHECK(elapsed(then, host_time("b", 0s, 103s)) == 3s);
  CHECK(elapsed(then, host_time("b", 0s, 1s)) == 0s);
}

TEST_CASE("a span anchored on another boot or on a later time must be moved to the current clock") {
  const Span span{host_time("a", 100s, 1000s), 10s};
  CHECK_FALSE(anchored_elsewhere(span, host_time("a", 100s, 0s)));
  CHECK(anchored_elsewhere(span, host_time("a", 99s, 1000s)));
  CHECK(anchored_elsewhere(span, host_time("b", 200s, 1000s)));
  const HostTime now = host_time("b", 5s, 1004s);
  CHECK(reanchored(span, now) == Span{now, 6s});
}
