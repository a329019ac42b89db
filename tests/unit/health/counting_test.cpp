#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

TEST_CASE("a new breaker is closed, admits every call and has counted nothing [R1]") {
  Trial trial;
  CHECK(trial.state() == BreakerState::closed);
  CHECK(trial.seen().failures == 0);
  for (int i = 0; i < 10; ++i) CHECK(trial.kind() == PermitKind::normal);
}

TEST_CASE("every change of state starts a new generation [R1]") {
  Trial trial;
  std::int64_t last = trial.breaker.generation;
  const auto grew = [&] { return std::exchange(last, trial.breaker.generation) < trial.breaker.generation; };
  trial.trip();
  CHECK(grew());
  trial.pass(60s);
  const Ticket probe = trial.ticket();
  CHECK(grew());
  trial.report(probe, Verdict::success);
  CHECK(grew());
  force_open(trial.breaker);
  CHECK(grew());
  disable(trial.breaker);
  CHECK(grew());
  reset(trial.breaker);
  CHECK(grew());
}

TEST_CASE("an open breaker whose cooldown is over reads as half-open, and reading changes nothing [R2]") {
  Trial trial;
  trial.trip();
  const Breaker before = trial.breaker;
  CHECK(trial.state() == BreakerState::open);
  trial.pass(60s);
  for (int i = 0; i < 100; ++i) CHECK(trial.state() == BreakerState::half_open);
  CHECK(trial.left() == 0ms);
  CHECK(trial.breaker == before);
}

TEST_CASE("failures in a row are counted, a success empties the streak, neutral ends do neither [R3]") {
  Trial trial;
  trial.fail_times(2);
  CHECK(trial.seen().failures == 2);
  CHECK(trial.call(Verdict::neutral).counted);
  CHECK(trial.seen().failures == 2);
  trial.call(Verdict::success);
  CHECK(trial.seen().failures == 0);
  trial.fail_times(2);
  CHECK(trial.state() == BreakerState::closed);
  trial.fail_times(1);
  CHECK(trial.state() == BreakerState::open);
}

TEST_CASE("failures between successes never trip, however many there are [R3]") {
  Trial trial;
  for (int i = 0; i < 1000; ++i) trial.call(i % 3 == 2 ? Verdict::success : Verdict::failure);
  CHECK(trial.state() == BreakerState::closed);
  CHECK(trial.breaker.trips == 0);
}

TEST_CASE("a success without earlier failures leaves the stored state unchanged") {
  Trial trial;
  const Breaker before = trial.breaker;
  CHECK(trial.call(Verdict::success).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("it opens at the threshold, refuses until one millisecond before the deadline, and not at it [R4]") {
  Trial trial;
  trial.trip();
  trial.pass(60s - 1ms);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.left() == 1ms);
  trial.pass(1ms);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("a cooldown of one second is one second, whatever the fraction of a second it starts at [R4]") {
  for (const milliseconds fraction : {0ms, 1ms, 500ms, 999ms}) {
    Trial trial;
    trial.policy.cooldown = 1s;
    trial.pass(fraction);
    trial.trip();
    trial.pass(999ms);
    CHECK(trial.kind() == PermitKind::denied);
    trial.pass(1ms);
    CHECK(trial.kind() == PermitKind::probe);
  }
}

TEST_CASE("threshold and cooldown are not mixed up [R4]") {
  Trial trial;
  trial.policy.threshold = 5;
  trial.policy.cooldown = 30ms;
  trial.fail_times(4);
  CHECK(trial.state() == BreakerState::closed);
  trial.fail_times(1);
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.left() == 30ms);
}

TEST_CASE("refusals change nothing, not even after a hundred thousand of them [R4]") {
  Trial trial;
  settle(trial.breaker, trial.policy, trial.now, trial.ticket(),
         {.verdict = Verdict::failure, .trip = Trip::immediate, .outcome = "unauthenticated", .message = "log in"});
  const Breaker before = trial.breaker;
  trial.pass(1s);
  for (int i = 0; i < 100'000; ++i)
    if (trial.kind() != PermitKind::denied) FAIL("admitted by refusal " << i);
  CHECK(trial.breaker == before);
}

TEST_CASE("the report of a refused call is ignored, so the breaker cannot feed on its own refusals [R10]") {
  Trial trial;
  trial.trip();
  const Ticket refused = trial.ticket();
  REQUIRE(refused.kind == PermitKind::denied);
  const Breaker before = trial.breaker;
  for (const Verdict verdict : {Verdict::success, Verdict::failure, Verdict::neutral, Verdict::drop,
                                Verdict::connect_failure, Verdict::rate_limited})
    CHECK_FALSE(trial.report(refused, verdict, 1h).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("the report of an unguarded call is dropped, also when the store is back [R18]") {
  Trial trial;
  const Ticket unguarded{.kind = PermitKind::unguarded};
  SECTION("while closed") {}
  SECTION("while open") { trial.trip(); }
  SECTION("while a probe runs") {
    trial.trip_and_cool();
    trial.ticket();
  }
  const Breaker before = trial.breaker;
  for (const Verdict verdict : {Verdict::success, Verdict::failure, Verdict::neutral, Verdict::drop,
                                Verdict::connect_failure, Verdict::rate_limited})
    CHECK_FALSE(trial.report(unguarded, verdict, 1h).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("an unambiguous failure opens without counting to the threshold") {
  Trial trial;
  const Settled settled = settle(trial.breaker, trial.policy, trial.now, trial.ticket(),
                                 {.verdict = Verdict::failure, .trip = Trip::immediate});
  CHECK(settled.tripped);
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.left() == 60s);
}

TEST_CASE("a changed threshold counts from the next failure on") {
  Trial trial;
  trial.fail_times(2);
  trial.policy.threshold = 1;
  CHECK(trial.state() == BreakerState::closed);
  CHECK(trial.call(Verdict::failure).tripped);
}

TEST_CASE("failures older than the window leave the streak [R21]") {
  Trial trial;
  trial.policy.failure_window = 30min;
  trial.fail_times(1);
  trial.pass(20min);
  trial.fail_times(1);
  SECTION("the first one is just inside") {
    trial.pass(10min);
    CHECK(trial.seen().failures == 2);
    CHECK(trial.call(Verdict::failure).tripped);
  }
  SECTION("the first one is just outside") {
    trial.pass(10min + 1ms);
    CHECK(trial.seen().failures == 1);
    CHECK_FALSE(trial.call(Verdict::failure).tripped);
    CHECK(trial.seen().failures == 2);
  }
}

TEST_CASE("three failures in three weeks do not trip, and without a window they do [R21]") {
  Trial trial;
  SECTION("window") {}
  SECTION("no window") { trial.policy.failure_window = 0ms; }
  for (int i = 0; i < 3; ++i) {
    trial.fail_times(1);
    trial.pass(7 * 24h);
  }
  const bool forgets = trial.policy.failure_window > 0ms;
  CHECK(trial.breaker.trips == (forgets ? 0 : 1));
}
