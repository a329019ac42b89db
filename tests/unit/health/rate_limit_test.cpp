#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

TEST_CASE("a rate limit with a time opens until then, outside streak and back-off [R16]") {
  Trial trial;
  const Settled settled = trial.call(Verdict::rate_limited, 7min);
  CHECK(settled.counted);
  CHECK(settled.tripped);
  CHECK(settled.entered == BreakerState::open);
  CHECK(trial.left() == 7min);
  CHECK(trial.breaker.cooldowns_in_a_row == 0);
  trial.pass(7min);
  trial.call(Verdict::failure);
  CHECK(trial.left() == 60s);  // the first step
}

TEST_CASE("a rate limit's time counts for a day at most, then a probe runs [R16]") {
  Trial trial;
  trial.call(Verdict::rate_limited, 48h);
  CHECK(trial.left() == 24h);
  trial.pass(24h);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("a probe's rate limit opens until its time and costs no step [R16]") {
  Trial trial;
  trial.trip_and_cool();
  const Settled settled = trial.call(Verdict::rate_limited, 5min);
  CHECK(settled.entered == BreakerState::open);
  CHECK_FALSE(settled.tripped);
  CHECK(trial.left() == 5min);
  trial.pass(5min);
  trial.call(Verdict::failure);
  CHECK(trial.left() == 120s);
}

TEST_CASE("a used-up quota without a time opens at the first failure, for its own cooldown with limit probes [R16]") {
  const CallReport quota{.verdict = Verdict::rate_limited, .trip = Trip::immediate, .outcome = "quota_exhausted"};
  Trial trial;
  SECTION("closed") {
    CHECK(trial.report(trial.ticket(), quota).tripped);
    CHECK(trial.left() == 1h);
    CHECK(trial.breaker.cooldowns_in_a_row == 0);
  }
  SECTION("found by the probe of an ordinary cooldown: no step of the back-off") {
    trial.trip_and_cool();
    CHECK(trial.report(trial.ticket(), quota).entered == BreakerState::open);
    CHECK(trial.left() == 1h);
    CHECK(trial.breaker.cooldowns_in_a_row == 1);
  }
  SECTION("again, after the whole hour") {
    trial.report(trial.ticket(), quota);
    trial.pass(1h);
    CHECK_FALSE(trial.report(trial.ticket(), quota).tripped);
    CHECK(trial.left() == 1h);
  }
  CHECK(trial.seen().limit_probe_in == 5min);
  trial.pass(5min);
  CHECK(trial.slow_ticket().kind == PermitKind::limit_probe);
}

TEST_CASE("the cooldown of a quota without a time is configurable, and at most as long as a stated one [R16]") {
  struct Row {
    milliseconds quota_cooldown;
    milliseconds max_retry_after;
    std::optional<milliseconds> stated;
    milliseconds left;  // 0: closed, one failure
  };
  const Row row = GENERATE(values<Row>({{1h, 24h, {}, 1h},
                                        {1h, 24h, 0ms, 1h},
                                        {1h, 24h, -5s, 1h},
                                        {1h, 24h, 7min, 7min},
                                        {3h, 24h, {}, 3h},
                                        {3h, 2h, {}, 2h},
                                        {0ms, 24h, {}, 0ms},
                                        {0ms, 24h, 7min, 7min},
                                        {1h, 0ms, 7min, 0ms}}));
  Trial trial;
  trial.policy.quota_cooldown = row.quota_cooldown;
  trial.policy.max_retry_after = row.max_retry_after;
  trial.report(trial.ticket(), {.verdict = Verdict::rate_limited, .trip = Trip::immediate, .retry_after = row.stated});
  CHECK(trial.left() == row.left);
  CHECK(trial.seen().failures == (row.left == 0ms ? 1 : 0));
}

TEST_CASE("a rate limit without a time is a failure, a time of zero too [R16]") {
  Trial trial;
  const auto hint = GENERATE(as<std::optional<milliseconds>>{}, std::nullopt, 0ms, -5s);
  trial.call(Verdict::rate_limited, hint);
  CHECK(trial.seen().failures == 1);
  trial.call(Verdict::rate_limited, hint);
  CHECK(trial.call(Verdict::rate_limited, hint).tripped);
  CHECK(trial.left() == 60s);
  for (int i = 0; i < 113; ++i) CHECK(trial.kind() == PermitKind::denied);
  trial.pass(60s);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("where retry times are ignored, a rate limit is a failure [R16]") {
  Trial trial;
  trial.policy.max_retry_after = 0ms;
  CHECK_FALSE(trial.call(Verdict::rate_limited, 5min).tripped);
  CHECK(trial.seen().failures == 1);
}

TEST_CASE("a later retry time lengthens a running cooldown, also from a call that started before it [R17]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.call(Verdict::rate_limited, 1min);
  trial.pass(30s);
  SECTION("longer: until then") {
    CHECK_FALSE(trial.report(early, Verdict::rate_limited, 10min).counted);
    CHECK(trial.left() == 10min);
  }
  SECTION("shorter: never") {
    trial.report(early, Verdict::rate_limited, 10s);
    CHECK(trial.left() == 30s);
  }
  SECTION("absurd: capped") {
    trial.report(early, Verdict::rate_limited, milliseconds::max());
    CHECK(trial.left() == 24h);
  }
  SECTION("no hint: nothing") {
    const Breaker before = trial.breaker;
    trial.report(early, Verdict::rate_limited);
    CHECK(trial.breaker == before);
  }
  CHECK(trial.breaker.trips == 1);
}

TEST_CASE("a late retry time opens until then while the cooldown is over and there was no probe [R17]") {
  const milliseconds later = GENERATE(0h, 5h);
  Trial trial;
  const Ticket early = trial.ticket();
  SECTION("after failures") { trial.trip(); }
  SECTION("after an earlier limit") { trial.call(Verdict::rate_limited, 20min); }
  SECTION("after a manual cooldown") { open_for(trial.breaker, trial.now, 1min); }
  trial.pass(trial.left() + later);
  const Breaker before = trial.breaker;
  CHECK(trial.state() == BreakerState::half_open);
  CHECK_FALSE(trial.report(early, Verdict::rate_limited, 10min).counted);
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.left() == 10min);
  CHECK(trial.seen().limit_probe_in == 5min);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.breaker.trips == before.trips);
  CHECK_FALSE(trial.breaker.manual);
  trial.pass(10min);
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("a late retry time starts no cooldown: not once a probe was admitted, not after a manual close [R8] [R17]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.trip();
  SECTION("a probe is running") {
    trial.pass(60s);
    trial.ticket();
  }
  SECTION("a probe has ended without a verdict") {
    trial.pass(60s);
    trial.call(Verdict::neutral);
  }
  SECTION("a limit probe is still running") {
    trial.report(early, Verdict::rate_limited, 6min);
    trial.pass(6min - 1s);
    CHECK(trial.slow_ticket().kind == PermitKind::limit_probe);
    trial.pass(1s);
  }
  SECTION("reset") { reset(trial.breaker); }
  SECTION("forced open") { force_open(trial.breaker); }
  SECTION("disabled") { disable(trial.breaker); }
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(early, Verdict::rate_limited, 10min).counted);
  CHECK(trial.breaker == before);
}
