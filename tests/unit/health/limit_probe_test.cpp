#include <catch2/catch.hpp>

#include "tests/unit/health/trial.hpp"

using namespace delegate;

namespace {

/// Open for a limit that ends in ten hours; its first limit probe is due.
struct Limited : Trial {
  Limited() {
    call(Verdict::rate_limited, 10h);
    pass(5min);
  }
};

}  // namespace

TEST_CASE("during a stated limit one limit probe is admitted after five minutes, and no call [R22]") {
  Trial trial;
  trial.call(Verdict::rate_limited, 10h);
  CHECK(trial.seen().limit_probe_in == 5min);
  trial.pass(5min - 1ms);
  CHECK(trial.slow_ticket().kind == PermitKind::denied);
  trial.pass(1ms);
  CHECK(trial.seen().limit_probe_in == 0ms);
  CHECK(trial.kind() == PermitKind::denied);
  CHECK(trial.slow_ticket(1).kind == PermitKind::limit_probe);
  CHECK(trial.slow_ticket(2).kind == PermitKind::denied);
  CHECK(trial.kind(3) == PermitKind::denied);
  CHECK(trial.state() == BreakerState::open);
  CHECK(trial.left() == 10h - 5min);
}

TEST_CASE("limit probes come after 5, 10, 20 and 40 minutes, then every hour [R22]") {
  Trial trial;
  trial.call(Verdict::rate_limited, 10h);
  for (const milliseconds wait : {5min, 10min, 20min, 40min, 60min, 60min}) {
    trial.pass(wait - 1ms);
    CHECK(trial.slow_ticket().kind == PermitKind::denied);
    trial.pass(1ms);
    const Ticket ticket = trial.slow_ticket();
    CHECK(ticket.kind == PermitKind::limit_probe);
    trial.report(ticket, Verdict::failure);
  }
  CHECK(trial.left() == 10h - 195min);
}

TEST_CASE("a first wait of more than an hour stays as it is [R22]") {
  Trial trial;
  trial.policy.limit_probe = 2h;
  trial.call(Verdict::rate_limited, 10h);
  for (int i = 0; i < 3; ++i) {
    trial.pass(2h);
    const Ticket ticket = trial.slow_ticket();
    CHECK(ticket.kind == PermitKind::limit_probe);
    trial.report(ticket, Verdict::neutral);
  }
}

TEST_CASE("a limit probe's answer closes the breaker: a recovery [R22]") {
  Limited trial;
  const Settled settled = trial.report(trial.slow_ticket(), Verdict::success);
  CHECK(settled.counted);
  CHECK(settled.recovered);
  CHECK(settled.entered == BreakerState::closed);
  CHECK(trial.kind() == PermitKind::normal);
  CHECK(trial.breaker.limit_probe == std::nullopt);
}

TEST_CASE("a limit probe that ends without an answer leaves the cooldown and its message unchanged [R22]") {
  Limited trial;
  const auto words = trial.breaker.last_failure;
  const Verdict verdict =
      GENERATE(Verdict::failure, Verdict::neutral, Verdict::drop, Verdict::connect_failure, Verdict::rate_limited);
  const Settled settled = trial.report(trial.slow_ticket(), verdict);
  CHECK(settled.neutral);
  CHECK_FALSE(settled.entered.has_value());
  CHECK(trial.left() == 10h - 5min);
  CHECK(trial.breaker.last_failure == words);
  CHECK(trial.breaker.cooldowns_in_a_row == 0);
  CHECK(trial.slow_ticket().kind == PermitKind::denied);
  CHECK(trial.seen().limit_probe_in == 10min);
}

TEST_CASE("a limit probe that gets a new time moves the end in either direction, up to the maximum [R22]") {
  Limited trial;
  const auto [stated, left] =
      GENERATE(std::pair<milliseconds, milliseconds>{20min, 20min}, std::pair<milliseconds, milliseconds>{20h, 20h},
               std::pair<milliseconds, milliseconds>{200h, 24h});
  CHECK_FALSE(trial.report(trial.slow_ticket(), Verdict::rate_limited, stated).tripped);
  CHECK(trial.left() == left);
  CHECK(trial.seen().limit_probe_in == 10min);
  CHECK(trial.breaker.trips == 1);
}

TEST_CASE(
    "a limit probe whose process died or whose lease is over is not repeated before the next one is due [R7] [R22]") {
  Limited trial;
  const Ticket lost = trial.slow_ticket(9);
  SECTION("died") { trial.gone.insert(9); }
  SECTION("late") { trial.pass(trial.lease); }
  CHECK(trial.slow_ticket().kind == PermitKind::denied);
  trial.pass(10min);
  CHECK(trial.slow_ticket().kind == PermitKind::limit_probe);
  CHECK_FALSE(trial.report(lost, Verdict::success).counted);
  CHECK(trial.state() == BreakerState::open);
}

TEST_CASE("there is one probe at a time, limit probe or not [R5] [R22]") {
  Limited trial;
  SECTION("a limit probe prevents an early probe") {
    trial.slow_ticket(1);
    CHECK(trial.ask(2, ProbeTime::immediate).ticket.kind == PermitKind::denied);
  }
  SECTION("an early probe prevents limit probes, and they go on when it fails") {
    const Ticket probe = trial.ask(1, ProbeTime::immediate).ticket;
    CHECK(trial.slow_ticket(2).kind == PermitKind::denied);
    trial.report(probe, GENERATE(Verdict::failure, Verdict::neutral));
    CHECK(trial.left() == 10h - 5min);
    CHECK(trial.slow_ticket(2).kind == PermitKind::limit_probe);
  }
  SECTION("a limit probe that outlasts the cooldown delays the probe until it ends") {
    trial.pass(10h - 5min - 1s);
    const Ticket slow = trial.slow_ticket(1);
    trial.pass(1s);
    CHECK(trial.kind(2) == PermitKind::denied);
    CHECK(trial.state() == BreakerState::half_open);
    CHECK(trial.left() == trial.lease - 1s);
    trial.report(slow, Verdict::failure);
    CHECK(trial.kind(2) == PermitKind::probe);
  }
}

TEST_CASE("no limit probe where none is due: closed, over, an ordinary cooldown, manual, switched off [R22]") {
  Trial trial;
  SECTION("closed") {}
  SECTION("an ordinary cooldown") {
    trial.trip();
    trial.pass(59s);
  }
  SECTION("over: a call probes") {
    trial.call(Verdict::rate_limited, 1h);
    trial.pass(1h);
    CHECK(trial.slow_ticket().kind == PermitKind::denied);
    CHECK(trial.kind() == PermitKind::probe);
  }
  SECTION("reset") {
    trial.call(Verdict::rate_limited, 1h);
    reset(trial.breaker);
    trial.pass(6min);
  }
  SECTION("forced open") {
    trial.call(Verdict::rate_limited, 1h);
    force_open(trial.breaker);
    trial.pass(6min);
  }
  SECTION("a manual cooldown") {
    open_for(trial.breaker, trial.now, 1h);
    trial.pass(6min);
  }
  SECTION("switched off") {
    trial.policy.limit_probe = 0ms;
    trial.call(Verdict::rate_limited, 1h);
    trial.pass(59min);
  }
  CHECK(trial.slow_ticket().kind == PermitKind::denied);
}

TEST_CASE("a manual decision during a limit probe stays [R13] [R22]") {
  Limited trial;
  const Ticket slow = trial.slow_ticket();
  SECTION("reset") { reset(trial.breaker); }
  SECTION("forced open") { force_open(trial.breaker); }
  const Breaker before = trial.breaker;
  CHECK_FALSE(trial.report(slow, Verdict::success).counted);
  CHECK(trial.breaker == before);
}

TEST_CASE("limit probes go on after a reboot [R15] [R22]") {
  Trial trial;
  trial.call(Verdict::rate_limited, 10h);
  trial.pass(2min);
  trial.reboot();
  trial.kind();  // the first question anchors
  trial.pass(3min - 1ms);
  CHECK(trial.slow_ticket().kind == PermitKind::denied);
  trial.pass(1ms);
  CHECK(trial.slow_ticket().kind == PermitKind::limit_probe);
  trial.reboot();
  CHECK(trial.slow_ticket().kind == PermitKind::denied);
  trial.pass(10min);
  CHECK(trial.slow_ticket().kind == PermitKind::limit_probe);
}
