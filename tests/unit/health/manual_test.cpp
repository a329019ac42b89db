#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

namespace {

constexpr auto kEveryVerdict = {Verdict::success, Verdict::failure,         Verdict::neutral,
                                Verdict::drop,    Verdict::connect_failure, Verdict::rate_limited};

}  // namespace

TEST_CASE("forced open refuses every call until it is released [R13]") {
  Trial trial;
  const Ticket early = trial.ticket();
  CHECK(force_open(trial.breaker) == BreakerState::forced_open);
  const Breaker before = trial.breaker;
  for (const Verdict verdict : kEveryVerdict) {
    CHECK(trial.kind() == PermitKind::denied);
    CHECK_FALSE(trial.report(early, verdict, 5s).counted);
    trial.pass(24h);
  }
  trial.reboot();
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.breaker == before);
  CHECK(trial.left() == 0ms);
}

TEST_CASE("disabled admits every call and counts nothing [R13]") {
  Trial trial;
  CHECK(disable(trial.breaker) == BreakerState::disabled);
  const Breaker before = trial.breaker;
  for (int i = 0; i < 20; ++i)
    for (const Verdict verdict : kEveryVerdict) {
      const Ticket ticket = trial.ticket();
      CHECK(ticket.kind == PermitKind::normal);
      CHECK_FALSE(trial.report(ticket, verdict, 5s).counted);
    }
  CHECK(trial.breaker == before);
  CHECK(trial.seen().failures == 0);
}

TEST_CASE("a call started while disabled counts nothing after enabling [R8] [R13]") {
  Trial trial;
  disable(trial.breaker);
  const Ticket early = trial.ticket();
  enable(trial.breaker);
  CHECK_FALSE(trial.report(early, Verdict::failure).counted);
  CHECK(trial.seen().failures == 0);
}

TEST_CASE("release and enable act on their own state only, reset on any [R13]") {
  Trial trial;
  SECTION("closed") {}
  SECTION("open") { trial.trip(); }
  SECTION("half-open with a probe") {
    trial.trip_and_cool();
    trial.ticket();
  }
  SECTION("forced open") { force_open(trial.breaker); }
  SECTION("disabled") { disable(trial.breaker); }
  const BreakerState state = trial.breaker.state;
  const Breaker before = trial.breaker;
  if (state != BreakerState::forced_open) {
    CHECK_FALSE(release(trial.breaker));
    CHECK(trial.breaker == before);
  }
  if (state != BreakerState::disabled) {
    CHECK_FALSE(enable(trial.breaker));
    CHECK(trial.breaker == before);
  }
  CHECK(reset(trial.breaker).has_value() == (state != BreakerState::closed));
  CHECK(trial.state() == BreakerState::closed);
  CHECK(trial.kind() == PermitKind::normal);
}

TEST_CASE("release, enable and reset all give a new closed breaker [R13]") {
  Trial trial;
  trial.call(Verdict::drop);
  trial.trip();
  trial.pass(60s);
  trial.fail_times(1);
  REQUIRE(trial.breaker.cooldowns_in_a_row == 2);
  trial.pass(120s);
  trial.call(Verdict::drop);  // a burst is running
  SECTION("release") {
    force_open(trial.breaker);
    release(trial.breaker);
  }
  SECTION("enable") {
    disable(trial.breaker);
    enable(trial.breaker);
  }
  SECTION("reset") { reset(trial.breaker); }
  CHECK(trial.seen().failures == 0);
  CHECK(trial.breaker.cooldowns_in_a_row == 0);
  CHECK(trial.breaker.bursts_in_a_row == 0);
  trial.call(Verdict::connect_failure);  // no longer part of a burst
  CHECK(trial.seen().failures == 1);
  trial.fail_times(2);
  CHECK(trial.left() == 60s);
}

TEST_CASE("a reset invalidates running calls and the probe [R8] [R13]") {
  Trial trial;
  const Ticket early = trial.ticket();
  SECTION("closed") {}
  SECTION("half-open") { trial.trip_and_cool(); }
  const Ticket running = trial.breaker.state == BreakerState::open ? trial.ticket() : early;
  reset(trial.breaker);
  CHECK_FALSE(trial.report(running, Verdict::failure).counted);
  CHECK(trial.seen().failures == 0);
}

TEST_CASE("the same change twice equals one change") {
  Trial trial;
  force_open(trial.breaker);
  CHECK_FALSE(force_open(trial.breaker));
  CHECK(trial.state() == BreakerState::forced_open);
  disable(trial.breaker);
  CHECK_FALSE(disable(trial.breaker));
  CHECK(trial.state() == BreakerState::disabled);
  reset(trial.breaker);
  CHECK_FALSE(reset(trial.breaker));
  CHECK(trial.state() == BreakerState::closed);
  open_for(trial.breaker, trial.now, 10s);
  CHECK_FALSE(open_for(trial.breaker, trial.now, 10s));
  CHECK(trial.left() == 10s);
}

TEST_CASE("a manual cooldown ends like any other: one probe decides, and there is no notification") {
  Trial trial;
  CHECK(open_for(trial.breaker, trial.now, 10min) == BreakerState::open);
  CHECK(trial.breaker.trips == 0);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.left() == 10min);
  trial.pass(10min);
  CHECK(trial.kind() == PermitKind::probe);
  CHECK(trial.kind() == PermitKind::denied);
}

TEST_CASE("states are known by the names they are stored under") {
  for (const BreakerState state : {BreakerState::closed, BreakerState::open, BreakerState::half_open,
                                   BreakerState::forced_open, BreakerState::disabled})
    CHECK(breaker_state_named(to_string(state)) == state);
  CHECK_FALSE(breaker_state_named("OPEN"));
  CHECK_FALSE(breaker_state_named(""));
  CHECK(to_string(PermitKind::normal) == "normal");
  CHECK(to_string(PermitKind::probe) == "probe");
  CHECK(to_string(PermitKind::unguarded) == "unguarded");
  CHECK(to_string(PermitKind::denied) == "denied");
}

TEST_CASE("a manual cooldown stays manual over an early probe, and is no longer manual after the next failure") {
  Trial trial;
  open_for(trial.breaker, trial.now, 1h);
  CHECK(trial.breaker.manual);
  const Acquired early = trial.ask(1, ProbeTime::immediate);
  CHECK(trial.breaker.manual);
  trial.report(early.ticket, Verdict::neutral, 0ms);
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.breaker.manual);
  trial.pass(1h);
  trial.report(trial.ask(2).ticket, Verdict::failure, 0ms);
  CHECK(trial.state() == BreakerState::open);
  CHECK_FALSE(trial.breaker.manual);
}
