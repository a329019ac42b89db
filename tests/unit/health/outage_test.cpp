#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

// What a change of a breaker is to a person.
using namespace delegate;

namespace {

/// The edge that `step` makes.
template <class Step>
std::optional<Edge> edge_of(Trial& trial, const Step& step) {
  const Breaker before = trial.breaker;
  step();
  return edge_between(before, trial.breaker);
}

std::optional<Edge> edge_of_call(Trial& trial, Verdict verdict) {
  return edge_of(trial, [&] { trial.call(verdict); });
}

}  // namespace

TEST_CASE("an outage has one trip and one recovery, however many probes fail in between [R12]") {
  Trial trial;
  CHECK_FALSE(edge_of_call(trial, Verdict::failure));
  CHECK_FALSE(edge_of_call(trial, Verdict::failure));
  CHECK(edge_of_call(trial, Verdict::failure) == Edge::trip);
  for (int i = 0; i < 5; ++i) {
    trial.pass(trial.left());
    const Ticket probe = trial.ticket();
    trial.pass(1s);
    const auto failed = [&] {
      settle(trial.breaker, trial.policy, trial.now, probe,
             {.verdict = Verdict::failure, .outcome = "timed_out", .message = std::to_string(i)});
    };
    CHECK(edge_of(trial, failed) == Edge::failed_probe);
  }
  trial.pass(trial.left());
  CHECK(edge_of_call(trial, Verdict::success) == Edge::recovery);
  CHECK(trial.breaker.trips == 1);
  CHECK(trial.breaker.recoveries == 1);
  CHECK_FALSE(trial.breaker.outage);
}

TEST_CASE("a trip after a recovery is a new outage immediately") {
  Trial trial;
  trial.trip_and_cool();
  CHECK(edge_of_call(trial, Verdict::success) == Edge::recovery);
  trial.fail_times(2);
  CHECK(edge_of_call(trial, Verdict::failure) == Edge::trip);
  CHECK(trial.breaker.trips == 2);
}

TEST_CASE("taking over a probe, or a probe without a verdict, causes no notification") {
  Trial trial;
  trial.trip_and_cool();
  Ticket probe;
  CHECK_FALSE(edge_of(trial, [&] { probe = trial.ticket(); }));
  CHECK_FALSE(edge_of(trial, [&] { trial.report(probe, Verdict::neutral); }));
  CHECK(trial.breaker.outage);
}

TEST_CASE("a stated limit is an outage, and an answer to its limit probe the recovery") {
  Trial trial;
  CHECK(edge_of(trial, [&] { trial.call(Verdict::rate_limited, 10h); }) == Edge::trip);
  trial.pass(trial.policy.limit_probe);
  const Ticket slow = trial.slow_ticket();
  CHECK(edge_of(trial, [&] { trial.report(slow, Verdict::success); }) == Edge::recovery);
}

TEST_CASE("a manual change is a dismissal, not a recovery") {
  const auto by_hand = GENERATE(
      +[](Breaker& breaker) { reset(breaker); }, +[](Breaker& breaker) { disable(breaker); });
  Trial trial;
  trial.trip();
  CHECK(edge_of(trial, [&] { by_hand(trial.breaker); }) == Edge::dismissal);
  CHECK(trial.breaker.recoveries == 0);
}

TEST_CASE("a manual cooldown is no outage, and its end no recovery") {
  Trial trial;
  CHECK_FALSE(edge_of(trial, [&] { open_for(trial.breaker, trial.now, 1h); }));
  trial.pass(1h);
  CHECK_FALSE(edge_of_call(trial, Verdict::success));
  CHECK(trial.breaker.recoveries == 0);
}

TEST_CASE("a manual cooldown during an outage does not end the outage; an answer does") {
  Trial trial;
  trial.trip();
  CHECK_FALSE(edge_of(trial, [&] { open_for(trial.breaker, trial.now, 1h); }));
  trial.pass(1h);
  CHECK(edge_of_call(trial, Verdict::success) == Edge::recovery);
}

TEST_CASE("the first failure after a manual cooldown is a trip, and the answer that ends it a recovery [R12]") {
  Trial trial;
  open_for(trial.breaker, trial.now, 1s);
  trial.pass(1s);
  const auto verdict = GENERATE(Verdict::failure, Verdict::rate_limited);
  Settled settled;
  CHECK(edge_of(trial, [&] { settled = trial.call(verdict, 1min); }) == Edge::trip);
  CHECK(settled.tripped);
  trial.pass(trial.left());
  CHECK(edge_of(trial, [&] { settled = trial.call(Verdict::failure); }) != Edge::trip);
  CHECK_FALSE(settled.tripped);
  trial.pass(trial.left());
  CHECK(edge_of_call(trial, Verdict::success) == Edge::recovery);
  CHECK(trial.breaker.trips == 1);
}

TEST_CASE("a probe that fails during a longer manual cooldown leaves it manual, and is no outage") {
  Trial trial;
  open_for(trial.breaker, trial.now, 1h);
  const Ticket probe = trial.ask(1, ProbeTime::immediate).ticket;
  CHECK_FALSE(edge_of(trial, [&] { trial.report(probe, Verdict::failure); }));
  CHECK(trial.breaker.manual);
  trial.pass(1h);
  CHECK(edge_of_call(trial, Verdict::failure) == Edge::trip);
}

TEST_CASE("a limit replaces a manual cooldown, and the limit probe that gets it again is a trip") {
  Trial trial;
  const Ticket before = trial.ticket();
  open_for(trial.breaker, trial.now, 1min);
  CHECK_FALSE(edge_of(trial, [&] { trial.report(before, Verdict::rate_limited, 10h); }));  // R8: no event
  trial.pass(trial.policy.limit_probe);
  const Ticket slow = trial.slow_ticket();
  Settled settled;
  CHECK(edge_of(trial, [&] { settled = trial.report(slow, Verdict::rate_limited, 9h); }) == Edge::trip);
  CHECK(settled.tripped);
}
