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

TEST_CASE("a late retry time starts no cooldown: not when it is over, not after a manual close [R8] [R17]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.trip();
  SECTION("over") { trial.pass(60s); }
  SECTION("a probe is running") {
    trial.pass(60s);
    trial.ticket();
  }
  SECTION("reset") { reset(trial.breaker); }
  SECTION("forced open") { force_open(trial.breaker); }
  SECTION("disabled") { disable(trial.breaker); }
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(early, Verdict::rate_limited, 10min).counted);
  CHECK(trial.breaker == before);
}
