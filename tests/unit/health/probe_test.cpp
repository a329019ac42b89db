#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

TEST_CASE("half-open admits one probe at a time, however many ask [R5]") {
  Trial trial;
  trial.trip_and_cool();
  CHECK(trial.kind() == PermitKind::probe);
  for (int i = 0; i < 1000; ++i) CHECK(trial.kind() == PermitKind::denied);
  trial.pass(149s);  // a long probe is not replaced within its lease
  CHECK(trial.kind() == PermitKind::denied);
}

TEST_CASE("one success of the probe closes and empties everything counted before [R5]") {
  Trial trial;
  trial.trip_and_cool();
  const Ticket probe = trial.ticket();
  for (int i = 0; i < 50; ++i) trial.kind();  // a crowd at the door takes nothing from it
  const Settled settled = trial.report(probe, Verdict::success);
  CHECK(settled.counted);
  CHECK(settled.recovered);
  CHECK(settled.entered == BreakerState::closed);
  CHECK(trial.seen().failures == 0);
  trial.fail_times(2);
  CHECK(trial.state() == BreakerState::closed);
}

TEST_CASE("a probe that fails opens the breaker again immediately, although it was the only call for days [R5] [R6]") {
  Trial trial;
  trial.trip();
  trial.pass(72h);
  const Settled settled = trial.call(Verdict::failure);
  CHECK(settled.counted);
  CHECK(settled.entered == BreakerState::open);
  CHECK_FALSE(settled.tripped);
  CHECK(trial.kind() == PermitKind::denied);
}

TEST_CASE("a success an hour after the probe started still closes the breaker") {
  Trial trial;
  trial.lease = 2h;
  trial.trip_and_cool();
  const Ticket probe = trial.ticket();
  trial.pass(1h);
  CHECK(trial.report(probe, Verdict::success).recovered);
}

TEST_CASE("a probe without a verdict frees the permit immediately and costs no back-off step [R6]") {
  Trial trial;
  trial.trip_and_cool();
  const Verdict verdict = GENERATE(Verdict::neutral, Verdict::drop);
  const int steps = trial.breaker.cooldowns_in_a_row;
  const Settled settled = trial.call(verdict);
  CHECK(settled.counted);
  CHECK_FALSE(settled.entered);
  CHECK(trial.state() == BreakerState::half_open);
  CHECK(trial.breaker.cooldowns_in_a_row == steps);
  CHECK(trial.kind() == PermitKind::probe);
  CHECK(trial.kind() == PermitKind::denied);
}

TEST_CASE("a later rule that blocks an admitted probe gives it back as neutral, a thousand times") {
  Trial trial;
  trial.trip_and_cool();
  for (int i = 0; i < 1000; ++i) {
    const Ticket probe = trial.ticket();
    REQUIRE(probe.kind == PermitKind::probe);
    trial.report(probe, Verdict::neutral);
  }
  CHECK(trial.call(Verdict::success).recovered);
}

TEST_CASE("no end of a probe blocks what comes after it [R6]") {
  Trial trial;
  trial.trip_and_cool();
  trial.call(GENERATE(Verdict::failure, Verdict::neutral, Verdict::drop, Verdict::connect_failure,
                      Verdict::rate_limited, Verdict::success),
             GENERATE(as<std::optional<milliseconds>>{}, std::nullopt, 5s));
  trial.pass(1h);
  CHECK(trial.ticket().kind != PermitKind::denied);
}

TEST_CASE("a probe that never ends is replaced when its lease is out, by exactly one [R7]") {
  Trial trial;
  trial.trip_and_cool();
  REQUIRE(trial.kind() == PermitKind::probe);
  trial.pass(trial.lease - 1ms);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.left() == 1ms);
  trial.pass(1ms);
  CHECK(trial.kind() == PermitKind::probe);
  for (int i = 0; i < 100; ++i) CHECK(trial.kind() == PermitKind::denied);
}

TEST_CASE("after every lease there is one probe and not one more, also with a cooldown of zero [R7]") {
  Trial trial;
  trial.policy.cooldown = 0ms;
  trial.trip();
  for (int round = 0; round < 5; ++round) {
    CHECK(trial.kind() == PermitKind::probe);
    CHECK(trial.kind() == PermitKind::denied);
    trial.pass(trial.lease);
  }
}

TEST_CASE("the probe of a dead process is taken over immediately, by exactly one [R7]") {
  Trial trial;
  trial.trip_and_cool();
  REQUIRE(trial.kind(41) == PermitKind::probe);
  CHECK(trial.kind(42) == PermitKind::denied);
  trial.gone.insert(41);
  CHECK(trial.kind(42) == PermitKind::probe);
  CHECK(trial.kind(43) == PermitKind::denied);
}

TEST_CASE("the result of a replaced probe is ignored [R7] [R8]") {
  Trial trial;
  trial.trip_and_cool();
  const Ticket first = trial.ticket();
  trial.pass(trial.lease);
  const Ticket second = trial.ticket();
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(first, GENERATE(Verdict::success, Verdict::failure, Verdict::neutral)).counted);
  CHECK(trial.breaker == before);
  CHECK(trial.report(second, Verdict::success).recovered);
}

TEST_CASE("a probe past its lease that was not replaced still counts [R9]") {
  Trial trial;
  trial.trip_and_cool();
  const Ticket probe = trial.ticket();
  trial.pass(trial.lease + 1h);
  CHECK(trial.report(probe, Verdict::success).recovered);
}

TEST_CASE("calls from before the trip learn that they did not count [R8]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.trip();
  const Breaker before = trial.breaker;
  trial.pass(5s);
  SECTION("a late success does not close") { CHECK_FALSE(trial.report(early, Verdict::success).counted); }
  SECTION("a late failure does not push the deadline") {
    CHECK_FALSE(trial.report(early, Verdict::failure).counted);
    trial.pass(55s);
    CHECK(trial.kind() == PermitKind::probe);
    return;
  }
  SECTION("a late drop opens no burst") { CHECK_FALSE(trial.report(early, Verdict::drop).counted); }
  CHECK(trial.breaker == before);
}

TEST_CASE("a late success does not close an open breaker [R8]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.trip();
  trial.report(early, Verdict::success);
  CHECK(trial.state() == BreakerState::open);
}

TEST_CASE("a call from the closed time does not decide half-open [R8]") {
  Trial trial;
  const std::vector<Ticket> early{trial.ticket(), trial.ticket()};
  trial.trip_and_cool();
  const Ticket probe = trial.ticket();
  CHECK_FALSE(trial.report(early[0], Verdict::success).counted);
  CHECK_FALSE(trial.report(early[1], Verdict::failure).counted);
  CHECK(trial.state() == BreakerState::half_open);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.report(probe, Verdict::success).counted);
}

TEST_CASE("a call from an earlier closed time does not count in a later one [R8]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.trip_and_cool();
  trial.call(Verdict::success);
  CHECK_FALSE(trial.report(early, Verdict::failure).counted);
  CHECK(trial.seen().failures == 0);
}

TEST_CASE("a probe reports once [R10]") {
  Trial trial;
  trial.trip_and_cool();
  const Ticket probe = trial.ticket();
  CHECK(trial.report(probe, Verdict::neutral).counted);
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(probe, Verdict::success).counted);
  CHECK_FALSE(trial.report(probe, Verdict::failure).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("an early probe tests the backend, and without a verdict the cooldown goes on [R6]") {
  Trial trial;
  trial.call(Verdict::rate_limited, 30min);
  trial.pass(10min);
  const Ticket early = trial.ask(1, ProbeTime::immediate).ticket;
  REQUIRE(early.kind == PermitKind::probe);
  CHECK(trial.state() == BreakerState::half_open);
  CHECK(trial.ask(2, ProbeTime::immediate).ticket.kind == PermitKind::denied);
  SECTION("a success closes") { CHECK(trial.report(early, Verdict::success).recovered); }
  SECTION("a failure opens again, and never for less than was left") {
    trial.report(early, Verdict::failure);
    CHECK(trial.left() == 20min);
  }
  SECTION("nor does a shorter hint shorten it") {
    trial.report(early, Verdict::rate_limited, 1min);
    CHECK(trial.left() == 20min);
  }
  SECTION("neutral: the rest of the cooldown goes on") {
    CHECK(trial.report(early, Verdict::neutral).entered == BreakerState::open);
    CHECK(trial.left() == 20min);
    CHECK(trial.kind() == PermitKind::denied);
  }
  SECTION("its process died: the same") {
    trial.gone.insert(1);
    CHECK(trial.ask(2).entered == BreakerState::open);
    CHECK(trial.left() == 20min);
  }
  SECTION("its lease ran out: the same") {
    trial.pass(trial.lease);
    CHECK(trial.state() == BreakerState::open);
    CHECK(trial.kind() == PermitKind::denied);
    CHECK(trial.left() == 20min - trial.lease);
    CHECK_FALSE(trial.report(early, Verdict::success).counted);
  }
  SECTION("neutral after the end of the cooldown: half-open as usual") {
    trial.lease = 1h;
    trial.report(early, Verdict::neutral);
    const Ticket slow = trial.ask(1, ProbeTime::immediate).ticket;
    trial.pass(21min);
    trial.report(slow, Verdict::neutral);
    CHECK(trial.kind() == PermitKind::probe);
  }
}

TEST_CASE("an early probe does not override a manual decision") {
  Trial trial;
  force_open(trial.breaker);
  CHECK(trial.ask(1, ProbeTime::immediate).ticket.kind == PermitKind::denied);
}
