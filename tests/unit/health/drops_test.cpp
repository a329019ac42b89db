#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

TEST_CASE("ten calls that drop together are one burst and count nothing [R20]") {
  Trial trial;
  std::vector<Ticket> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(trial.ticket());
  for (const Ticket& ticket : calls) CHECK(trial.report(ticket, Verdict::drop).counted);
  CHECK(trial.seen().failures == 0);
  CHECK(trial.breaker.bursts_in_a_row == 1);
}

TEST_CASE("inside a burst connect failures are collateral, right up to its last millisecond [R20]") {
  Trial trial;
  trial.call(Verdict::drop);
  trial.pass(2s);
  trial.call(Verdict::connect_failure);
  CHECK(trial.seen().failures == 0);
  trial.pass(1ms);
  trial.call(Verdict::connect_failure);
  CHECK(trial.seen().failures == 1);
}

TEST_CASE("a burst is anchored at its first drop and not made longer by the next [R20]") {
  Trial trial;
  trial.call(Verdict::drop);
  trial.pass(1900ms);
  trial.call(Verdict::drop);
  trial.pass(200ms);
  trial.call(Verdict::connect_failure);
  CHECK(trial.seen().failures == 1);
}

TEST_CASE("other failures count inside a burst, too [R20]") {
  Trial trial;
  trial.call(Verdict::drop);
  trial.call(Verdict::failure);
  CHECK(trial.seen().failures == 1);
}

TEST_CASE("a backend that always drops is detected: from the third burst in a row each counts one [R20]") {
  Trial trial;
  int drops = 0;
  while (trial.state() == BreakerState::closed && drops < 100'000) {
    trial.call(Verdict::drop);
    ++drops;
    trial.pass(100ms);
  }
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.breaker.bursts_in_a_row == 5);  // two are forgiven, three count
}

TEST_CASE("a success between bursts resets the count of bursts [R20]") {
  Trial trial;
  for (int i = 0; i < 20; ++i) {
    trial.call(Verdict::drop);
    trial.pass(3s);
    if (i % 2 == 1) trial.call(Verdict::success);
  }
  CHECK(trial.breaker.trips == 0);
  CHECK(trial.seen().failures == 0);
}

TEST_CASE("a neutral end between bursts does not [R20]") {
  Trial trial;
  for (int i = 0; i < 5; ++i) {
    trial.call(Verdict::drop);
    trial.pass(3s);
    trial.call(Verdict::neutral);
  }
  CHECK(trial.breaker.trips == 1);
}

TEST_CASE("with drops never counted, no number of bursts trips [R20]") {
  Trial trial;
  trial.policy.drop_counts_after = 0;
  for (int i = 0; i < 1000; ++i) {
    trial.call(Verdict::drop);
    trial.pass(3s);
  }
  CHECK(trial.breaker.trips == 0);
}

TEST_CASE("without grace there is no burst: a connect failure counts in the millisecond of a drop [R20]") {
  Trial trial;
  trial.policy.grace = 0ms;
  trial.call(Verdict::drop);
  trial.call(Verdict::connect_failure);
  CHECK(trial.seen().failures == 1);
  trial.call(Verdict::drop);
  trial.call(Verdict::drop);
  CHECK(trial.seen().failures == 2);
}

TEST_CASE("without a drop a connect failure is a failure") {
  Trial trial;
  for (int i = 0; i < 3; ++i) trial.call(Verdict::connect_failure);
  CHECK(trial.state() == BreakerState::open);
}

TEST_CASE("a burst does not outlive its boot or a clock set back [R15] [R20]") {
  Trial trial;
  trial.call(Verdict::drop);
  SECTION("reboot, and the clock an hour behind") {
    trial.reboot();
    trial.set_wall_clock(-1h);
  }
  SECTION("a server's clock goes back") {
    trial.now.boot -= 1h;
    trial.now.wall -= 1h;
  }
  for (int i = 0; i < 3; ++i) {
    trial.pass(1min);
    trial.call(Verdict::connect_failure);
  }
  CHECK(trial.breaker.trips == 1);
}

TEST_CASE("a dropped probe frees the permit, and one burst too many opens the breaker again [R6] [R20]") {
  Trial trial;
  trial.trip_and_cool();
  for (int i = 0; i < 2; ++i) {
    trial.call(Verdict::drop);
    CHECK(trial.state() == BreakerState::half_open);
    trial.pass(3s);
  }
  CHECK(trial.call(Verdict::drop).entered == BreakerState::open);
}
