#include <catch2/catch.hpp>
#include <limits>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

namespace {

/// Lengths of the next breaks, each ended by a probe that fails.
std::vector<milliseconds> next_breaks(Trial& trial, int count) {
  std::vector<milliseconds> lengths;
  for (int i = 0; i < count; ++i) {
    lengths.push_back(trial.left());
    trial.pass(trial.left());
    trial.call(Verdict::failure);
  }
  return lengths;
}

}  // namespace

TEST_CASE("each failed probe makes the next cooldown longer, up to the cap [R11]") {
  Trial trial;
  trial.policy.max_cooldown = 5min;
  trial.trip();
  CHECK(next_breaks(trial, 6) == std::vector<milliseconds>{60s, 120s, 240s, 300s, 300s, 300s});
}

TEST_CASE("the cooldown after a failed probe is a full one, counted from its end [R6]") {
  Trial trial;
  trial.policy.backoff_multiplier = 1;
  trial.trip_and_cool();
  const Ticket probe = trial.ticket();
  trial.pass(100s);
  trial.report(probe, Verdict::failure);
  CHECK(trial.left() == 60s);
}

TEST_CASE("a cap below the cooldown does not shorten it [R11]") {
  CHECK(cooldown_for({.cooldown = 60s, .max_cooldown = 10s}, 1) == 60s);
  CHECK(cooldown_for({.cooldown = 60s, .max_cooldown = 10s}, 9) == 60s);
}

TEST_CASE("closing and resetting start the back-off again [R11]") {
  Trial trial;
  trial.trip();
  next_breaks(trial, 3);
  REQUIRE(trial.left() > 60s);
  SECTION("close") {
    trial.pass(trial.left());
    trial.call(Verdict::success);
  }
  SECTION("reset") { reset(trial.breaker); }
  trial.trip();
  CHECK(trial.left() == 60s);
}

TEST_CASE("a cooldown of zero is a cooldown of zero, not the default") {
  Trial trial;
  trial.policy.cooldown = 0ms;
  trial.trip();
  CHECK(trial.state() == BreakerState::half_open);
  CHECK(trial.left() == 0ms);
  CHECK(next_breaks(trial, 4) == std::vector<milliseconds>{0ms, 0ms, 0ms, 0ms});
}

TEST_CASE("a refusal states the remaining time, never the whole length and never zero") {
  Trial trial;
  trial.trip();
  for (milliseconds passed = 0ms; passed < 60s; passed += 100ms) {
    CHECK(trial.left() == 60s - passed);
    CHECK(trial.kind() == PermitKind::denied);
    trial.pass(100ms);
  }
}

TEST_CASE("the back-off stays a number after very many steps [R11]") {
  const BreakerPolicy policy{.cooldown = 60s, .max_cooldown = 15min};
  for (const int n : {100, 1024, 2000, 1'000'000, std::numeric_limits<int>::max()})
    CHECK(cooldown_for(policy, n) == 15min);
  CHECK(cooldown_for({.cooldown = 0ms, .max_cooldown = 15min}, 5000) == 0ms);
  CHECK(cooldown_for({.cooldown = 60s, .max_cooldown = 15min, .backoff_multiplier = 1}, 5000) == 60s);
}

TEST_CASE("the longest possible cooldown neither overflows nor wraps [R11]") {
  Trial trial;
  trial.policy.cooldown = trial.policy.max_cooldown = milliseconds::max();
  trial.trip();
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.left() == milliseconds::max());
  SECTION("the clock is set back") {
    trial.now.boot = -1h;
    CHECK(trial.left() == milliseconds::max());
  }
  SECTION("a reboot with a clock from before the epoch") {
    trial.reboot();
    trial.now.wall = -1h;
    CHECK(trial.kind() == PermitKind::denied);
    CHECK(trial.left() == milliseconds::max());
  }
}

TEST_CASE("a backend that is down for a fortnight is still probed at least every quarter of an hour [R11]") {
  Trial trial;
  trial.trip();
  int probes = 0;
  for (milliseconds day = 0ms; day < 14 * 24h; day += 1min) {
    const Ticket ticket = trial.ticket();
    probes += ticket.kind == PermitKind::probe;
    trial.report(ticket, Verdict::failure);
    trial.pass(1min);
  }
  CHECK(probes >= 14 * 24 * 4);
}

TEST_CASE("no timer is needed: the first call after any time is the probe [R2]") {
  Trial trial;
  trial.trip();
  trial.pass(GENERATE(as<milliseconds>{}, 60s, 1h, 24h * 365));
  CHECK(trial.kind() == PermitKind::probe);
}

TEST_CASE("an incident that hits many callers is one trip and one step of the back-off") {
  Trial trial;
  std::vector<Ticket> calls;
  for (int i = 0; i < 40; ++i) calls.push_back(trial.ticket());
  int counted = 0;
  for (const Ticket& ticket : calls) counted += trial.report(ticket, Verdict::failure).counted;
  CHECK(counted == 3);
  CHECK(trial.breaker.trips == 1);
  CHECK(trial.breaker.cooldowns_in_a_row == 1);
  CHECK(trial.left() == 60s);
}

TEST_CASE("each trip is reported once, and a failed probe reports no second one [R12]") {
  Trial trial;
  const auto tell = [&](Verdict verdict) { return trial.call(verdict).tripped; };
  CHECK_FALSE(tell(Verdict::failure));
  CHECK_FALSE(tell(Verdict::failure));
  CHECK(tell(Verdict::failure));
  CHECK(trial.breaker.trips == 1);
  CHECK(trial.seen().failures == 0);
  for (int i = 0; i < 5; ++i) {
    trial.pass(1h);
    CHECK_FALSE(tell(Verdict::failure));
  }
  trial.pass(1h);
  CHECK(trial.call(Verdict::success).recovered);
  trial.fail_times(2);
  CHECK(tell(Verdict::failure));
  CHECK(trial.breaker.trips == 2);
}

// The four sentences of the tool that this breaker took its purpose from.

TEST_CASE("closed until the threshold: two failures pass, the third trips exactly once") {
  Trial trial;
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(trial.call(Verdict::failure).tripped);
    CHECK(trial.kind() == PermitKind::normal);
  }
  CHECK(trial.call(Verdict::failure).tripped);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.state() == BreakerState::open);
}

TEST_CASE("a success closes the breaker and leaves no wait") {
  Trial trial;
  trial.policy.threshold = 2;
  trial.trip_and_cool();
  trial.call(Verdict::success);
  CHECK(trial.kind() == PermitKind::normal);
  CHECK(trial.left() == 0ms);
  CHECK(trial.state() == BreakerState::closed);
}

TEST_CASE("half-open: refused, later admitted, and a failure re-arms without a new trip") {
  Trial trial;
  trial.policy.threshold = 1;
  trial.policy.cooldown = 50ms;
  CHECK(trial.call(Verdict::failure).tripped);
  CHECK(trial.kind() == PermitKind::denied);
  trial.pass(80ms);
  const Ticket probe = trial.ticket();
  CHECK(probe.kind == PermitKind::probe);
  CHECK_FALSE(trial.report(probe, Verdict::failure).tripped);
  CHECK(trial.kind() == PermitKind::denied);
}

TEST_CASE("the remaining time of a cooldown of 30 s is positive and at most 30 s") {
  Trial trial;
  trial.policy.cooldown = 30s;
  trial.trip();
  CHECK(trial.left() > 0ms);
  CHECK(trial.left() <= 30s);
}
