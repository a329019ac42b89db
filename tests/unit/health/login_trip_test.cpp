#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

// Several calls share one login. When its token expires, one of them renews it, and the others may be refused because
// it was used already: the breaker opens for a login that is good, as the first one's answer proves.
using namespace delegate;

namespace {

const CallReport kSignedOut{.verdict = Verdict::failure, .trip = Trip::revocable, .outcome = "unauthenticated"};
const CallReport kAnswered{.verdict = Verdict::success};

}  // namespace

TEST_CASE("an answer of a call that was running when the login was rejected closes the breaker again, once [R23]") {
  Trial trial;
  const Ticket first = trial.ticket(1);
  const Ticket second = trial.ticket(2);
  const Ticket third = trial.ticket(3);
  CHECK(trial.report(third, kSignedOut).tripped);
  CHECK_FALSE(trial.report(second, kSignedOut).counted);
  trial.pass(GENERATE(0s, 1s, 60s, 10h));  // also when the cooldown is over, while there was no probe
  const Breaker before = trial.breaker;
  const Settled settled = trial.report(first, kAnswered);
  CHECK(settled.counted);
  CHECK(settled.recovered);
  CHECK(settled.entered == BreakerState::closed);
  CHECK(edge_between(before, trial.breaker) == Edge::recovery);
  CHECK(trial.kind() == PermitKind::normal);
  CHECK(trial.breaker.cooldowns_in_a_row == 0);

  SECTION("the next rejected login trips as before") {
    CHECK(trial.report(trial.ticket(), kSignedOut).tripped);
    CHECK(trial.breaker.trips == 2);
  }
  SECTION("a late failure counts nothing") {
    CHECK_FALSE(trial.report(second, kSignedOut).counted);
    CHECK(trial.state() == BreakerState::closed);
  }
}

TEST_CASE("a call that began two generations before the rejected login was running then, too [R23]") {
  Trial trial;
  const Ticket slow = trial.ticket();
  trial.trip_and_cool();
  trial.call(Verdict::success);
  trial.report(trial.ticket(), kSignedOut);
  CHECK(trial.report(slow, kAnswered).recovered);
}

TEST_CASE("the answer must be of the same login [R23]") {
  Trial trial;
  const Ticket early = trial.ticket();
  const auto [of_trip, of_answer] = GENERATE(table<std::string, std::string>({{"A", "B"}, {"A", ""}, {"", "B"}}));
  CallReport signed_out = kSignedOut;
  signed_out.login = of_trip;
  trial.report(trial.ticket(), signed_out);
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(early, {.verdict = Verdict::success, .login = of_answer}).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("only an answer undoes it [R23]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.report(trial.ticket(), kSignedOut);
  const Breaker before = trial.breaker;
  const auto verdict =
      GENERATE(Verdict::failure, Verdict::neutral, Verdict::drop, Verdict::connect_failure, Verdict::rate_limited);
  CHECK_FALSE(trial.report(early, verdict).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("no other opening is undone: not by failures, a limit, a quota, a person, or a probe that failed [R23]") {
  Trial trial;
  const Ticket early = trial.ticket();
  SECTION("failures in a row") { trial.trip(); }
  SECTION("another failure that opens at once") {
    trial.report(trial.ticket(), {.verdict = Verdict::failure, .trip = Trip::immediate});
  }
  SECTION("a limit") { trial.call(Verdict::rate_limited, 10min); }
  SECTION("a quota") { trial.report(trial.ticket(), {.verdict = Verdict::rate_limited, .trip = Trip::immediate}); }
  SECTION("a limit that was heard after the rejected login") {
    const Ticket other = trial.ticket();
    trial.report(trial.ticket(), kSignedOut);
    trial.report(other, Verdict::rate_limited, 10min);
  }
  SECTION("a manual cooldown after it") {
    trial.report(trial.ticket(), kSignedOut);
    open_for(trial.breaker, trial.now, 1h);
  }
  SECTION("forced open after it") {
    trial.report(trial.ticket(), kSignedOut);
    force_open(trial.breaker);
  }
  SECTION("reset after it, and another trip") {
    trial.report(trial.ticket(), kSignedOut);
    reset(trial.breaker);
    trial.trip();
  }
  SECTION("a probe that found the login rejected again") {
    trial.report(trial.ticket(), kSignedOut);
    trial.pass(60s);
    CHECK(trial.report(trial.ticket(), kSignedOut).entered == BreakerState::open);
  }
  SECTION("an early probe that failed within the cooldown") {
    trial.policy.cooldown = 1h;
    trial.report(trial.ticket(), kSignedOut);
    trial.policy.cooldown = 1s;
    trial.report(trial.ask(2, ProbeTime::immediate).ticket, Verdict::failure);
    CHECK(trial.left() == 1h);
  }
  SECTION("a probe that is running: it decides") {
    trial.report(trial.ticket(), kSignedOut);
    trial.pass(60s);
    CHECK(trial.kind() == PermitKind::probe);
  }
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(early, kAnswered).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("an early probe without a verdict leaves the trip as it was [R6] [R23]") {
  Trial trial;
  const Ticket early = trial.ticket();
  trial.report(trial.ticket(), kSignedOut);
  const Ticket probe = trial.ask(2, ProbeTime::immediate).ticket;
  CHECK(trial.report(probe, Verdict::neutral).entered == BreakerState::open);
  CHECK(trial.report(early, kAnswered).recovered);
}

TEST_CASE("calls after the trip undo nothing, and neither do refused and unguarded ones [R10] [R18] [R23]") {
  Trial trial;
  trial.report(trial.ticket(), kSignedOut);
  const Ticket refused = trial.ticket();
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(refused, kAnswered).counted);
  CHECK_FALSE(trial.report(Ticket{.kind = PermitKind::unguarded}, kAnswered).counted);
  CHECK(trial.breaker == before);
}
