#include "tests/unit/canary/lab.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("R-01: a run that got its turn before an earlier one of its line is a violation until that has it, too") {
  CanaryLab lab;
  lab.add_job(kRunA, JobRow::State::waiting, {});
  lab.add_job(kRunB, JobRow::State::waiting, {});
  CHECK(lab.verdict("R-01") == "held");
  lab.tamper("UPDATE jobs SET state = 1, turn = 1 WHERE id = '" + kRunB + "'");
  CHECK(lab.verdict("R-01") == "violated");
  CHECK(lab.found("R-01") ==
        Lines{"run " + kRunB + " got its turn before run " + kRunA + ", which has waited longer in the same line"});
  lab.tamper("UPDATE jobs SET state = 1, turn = 1 WHERE id = '" + kRunA + "'");
  CHECK(lab.verdict("R-01") == "held");
}

TEST_CASE("R-01: a run of another line, one that came back, one that is cancelled and one of its own may be passed") {
  CanaryLab lab;
  lab.add_job(kRunA, JobRow::State::waiting, {});
  lab.add_job(kRunB, JobRow::State::running, lab.self());
  CHECK(lab.verdict("R-01") == "violated");
  const auto change = GENERATE(as<std::string>{}, "line = ':gemini'", "turn = 1", "cancel_wanted = 1", "own = 1");
  CAPTURE(change);
  lab.tamper("UPDATE jobs SET " + change + " WHERE id = '" + kRunA + "'");
  CHECK(lab.verdict("R-01") == "held");
}

TEST_CASE("R-02: a run that waits for a minute while no process starts queued runs is a violation until one does") {
  CanaryLab lab;
  IdleProcess worker;
  lab.add_job(kRunA, JobRow::State::waiting, {}, 60s);
  CHECK(lab.verdict("R-02") == "held");
  lab.clock.pass(1s);
  CHECK(lab.verdict("R-02") == "violated");
  CHECK(lab.found("R-02") == Lines{"run " + kRunA + " has been queued for 1 m 1 s, and no process starts queued runs"});
  REQUIRE(lab.store().jobs()->lead(worker.id(), 1h, [](const ProcessId&) { return false; }));
  CHECK(lab.verdict("R-02") == "held");
}

TEST_CASE("R-02: a run that could start for a minute is a violation until it does") {
  CanaryLab lab;
  IdleProcess worker;
  REQUIRE(lab.store().jobs()->lead(worker.id(), 1h, [](const ProcessId&) { return false; }));
  lab.add_job(kRunA, JobRow::State::waiting, {}, 10min);
  CHECK(lab.verdict("R-02") == "held");  // a slot may have become free just now
  lab.clock.pass(61s);
  CHECK(lab.verdict("R-02") == "violated");
  CHECK(lab.found("R-02") ==
        Lines{"run " + kRunA + " has been queued for 11 m 1 s, although a backend and a place are free"});
  lab.tamper("UPDATE jobs SET state = 1, begun = 1, turn = 1");
  CHECK(lab.verdict("R-02") == "held");
}

TEST_CASE(
    "R-02: a run that waits for a slot, a place, a breaker, its own process or the next attempt is no violation") {
  CanaryLab lab;
  IdleProcess worker;
  IdleProcess owner;
  REQUIRE(lab.store().jobs()->lead(worker.id(), 1h, [](const ProcessId&) { return false; }));
  lab.add_job(kRunA, JobRow::State::waiting, {}, 10min);
  std::optional<IdleProcess> remains;
  SECTION("a slot") {
    lab.set("codex", [&](BackendState& state, const HostTime&) {
      state.slots = {lab.slot("a.1", owner.id()), lab.slot("b.1", owner.id())};
    });
  }
  SECTION("a place") {
    lab.config.background.max_parallel = 1;
    lab.add_job(kRunB, JobRow::State::running, owner.id());
  }
  SECTION("the place of a killed run, whose processes are about to end") {
    lab.config.background.max_parallel = 1;
    lab.add_job(kRunB, JobRow::State::running, owner.id());
    remains.emplace(kRunB + ".1");
    owner.end();
  }
  SECTION("a breaker") {
    lab.set("codex", [](BackendState& state, const HostTime&) { force_open(state.breaker); });
  }
  SECTION("its own process") { lab.tamper("UPDATE jobs SET own = 1"); }
  SECTION("the next attempt") { lab.tamper("UPDATE jobs SET turn = 5"); }
  CHECK(lab.verdict("R-02") == "held");
  lab.clock.pass(61s);
  CHECK(lab.verdict("R-02") == "held");
}

TEST_CASE("R-02: a run that waits for longer than its result would be kept is a violation, whatever it waits for") {
  CanaryLab lab;
  IdleProcess worker;
  REQUIRE(lab.store().jobs()->lead(worker.id(), 1h, [](const ProcessId&) { return false; }));
  lab.set("codex", [](BackendState& state, const HostTime&) { force_open(state.breaker); });
  lab.add_job(kRunA, JobRow::State::waiting, {}, 169h);
  CHECK(lab.verdict("R-02") == "violated");
  lab.config.background.keep = 170h;
  CHECK(lab.verdict("R-02") == "held");
}

TEST_CASE("G-04: a notification that is not delivered within 90 s is a violation until it is") {
  CanaryLab lab;
  REQUIRE(lab.store().change_notifications([](NotificationRows& rows, const HostTime& now) {
    raise(rows, {.kind = "trip", .subject = "codex", .first_seen = now.wall, .last_seen = now.wall});
  }));
  CHECK(lab.verdict("G-04") == "held");
  lab.clock.pass(91s);
  CHECK(lab.verdict("G-04") == "violated");
  CHECK(lab.found("G-04") == Lines{"notification 1 (trip, codex) is owed since 1 m 31 s"});
  const auto set = [&](DeliveryState delivery) {
    REQUIRE(lab.store().change_notifications([&](NotificationRows& rows, const HostTime& now) {
      rows.at(0).delivery = delivery;
      rows.at(0).sender = lab.self();
      rows.at(0).taken_at = now.boot;
    }));
    return lab.verdict("G-04");
  };
  CHECK(set(DeliveryState::sending) == "held");
  lab.clock.pass(91s);
  CHECK(lab.verdict("G-04") == "violated");
  CHECK(set(DeliveryState::delivered) == "held");
}
