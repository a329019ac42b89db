#include "tests/unit/canary/lab.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("S-01: a slot whose process lives but runs no CLI is a violation until it is released") {
  CanaryLab lab;
  IdleProcess owner;
  lab.set("codex", [&](BackendState& state, const HostTime&) { state.slots = {lab.slot(kRunA + ".1", owner.id())}; });
  CHECK(lab.verdict("S-01") == "held");  // its CLI may be about to start
  lab.clock.pass(61s);
  CHECK(lab.verdict("S-01") == "violated");
  CHECK(lab.found("S-01") == Lines{"codex: a slot is held by process " + std::to_string(owner.pid()) +
                                   ", which runs no CLI (run " + kRunA + ")"});
  lab.set("codex", [](BackendState& state, const HostTime&) { state.slots.clear(); });
  CHECK(lab.verdict("S-01") == "held");
}

TEST_CASE("S-01: a slot with its CLI, of a killed process, of an earlier version or of a server is none") {
  CanaryLab lab;
  IdleProcess owner;
  IdleProcess cli(kRunA + ".1");
  const auto hold = [&](const std::string& backend, const SlotLease& slot) {
    lab.set(backend, [&](BackendState& state, const HostTime&) { state.slots = {slot}; });
    lab.clock.pass(61s);
    return lab.verdict("S-01");
  };
  CHECK(hold("codex", lab.slot(kRunA + ".1", owner.id())) == "held");
  CHECK(hold("codex", lab.slot(kRunA, owner.id())) == "violated");  // only a whole mark is one
  CHECK(hold("codex", lab.slot(kRunA, lab.self())) == "held");      // a CLI that hides its mark: there is a child
  ProcessId elsewhere = owner.id();
  elsewhere.pid_namespace = 1;
  CHECK(hold("codex", lab.slot(kRunA, elsewhere)) == "held");  // cannot be seen from here
  CHECK(hold("codex", lab.slot("", owner.id())) == "held");
  CHECK(hold("ollama", lab.slot(kRunB + ".1", owner.id())) == "held");
  owner.end();
  CHECK(hold("codex", lab.slot(run_id("c") + ".1", owner.id())) == "held");  // the next call takes it
}

TEST_CASE("S-01: a CLI of a run that goes on without a slot is a violation until the slot is there") {
  CanaryLab lab;
  IdleProcess cli(kRunA + ".1");  // a child of this process, which is the run's
  lab.add_run(kRunA, lab.self());
  lab.clock.pass(61s);
  CHECK(lab.verdict("S-01") == "violated");
  CHECK(lab.found("S-01") ==
        Lines{"sleep (process " + std::to_string(cli.pid()) + ") of run " + kRunA + " runs without a slot"});
  lab.set("codex", [&](BackendState& state, const HostTime&) { state.slots = {lab.slot(kRunA + ".1", lab.self())}; });
  CHECK(lab.verdict("S-01") == "held");
}

TEST_CASE("S-02: more slots or background runs than allowed are a violation until one ends") {
  CanaryLab lab;
  IdleProcess owner;
  lab.set("codex", [&](BackendState& state, const HostTime&) {
    state.slots = {lab.slot("a.1", owner.id()), lab.slot("b.1", owner.id()), lab.slot("c.1", owner.id())};
  });
  CHECK(lab.verdict("S-02") == "violated");
  CHECK(lab.found("S-02") == Lines{"codex: 3 in use, 2 allowed"});
  lab.set("codex", [](BackendState& state, const HostTime&) { state.slots.pop_back(); });
  CHECK(lab.verdict("S-02") == "held");
  lab.config.background.max_parallel = 1;
  lab.add_job(kRunA, JobRow::State::running, owner.id());
  lab.add_job(kRunB, JobRow::State::running, owner.id());
  CHECK(lab.verdict("S-02") == "violated");
  CHECK(lab.found("S-02") == Lines{"background runs: 2 in use, 1 allowed"});
  lab.tamper("UPDATE jobs SET state = 2 WHERE id = '" + kRunB + "'");
  CHECK(lab.verdict("S-02") == "held");
}

TEST_CASE("S-02: slots that were taken before the cap was lowered, or whose process was killed, do not count") {
  CanaryLab lab;
  IdleProcess owner;
  const auto fill = [&](BackendState& state, const HostTime&) {
    state.slots = {lab.slot("a.1", owner.id()), lab.slot("b.1", owner.id())};
  };
  lab.set("codex", fill);
  lab.options.config_changed_at = lab.clock.now().wall + 1s;
  lab.config.backends["codex"].max_parallel = 1;
  CHECK(lab.verdict("S-02") == "held");
  lab.clock.pass(2s);
  lab.set("codex", [](BackendState& state, const HostTime&) { state.slots.clear(); });
  lab.set("codex", fill);
  CHECK(lab.verdict("S-02") == "violated");
  owner.end();
  CHECK(lab.verdict("S-02") == "held");
}

TEST_CASE("S-03: a lease that is over while its process goes on is a violation until it is given up") {
  CanaryLab lab;
  IdleProcess owner;
  lab.set("codex", [&](BackendState& state, const HostTime&) {
    state.slots = {lab.slot("a.1", owner.id(), 10s)};
    state.breaker.state = BreakerState::half_open;
    state.breaker.probe = ProbeLease{"p", owner.id(), {lab.clock.now(), 10s}};
  });
  lab.clock.pass(60s);
  CHECK(lab.verdict("S-03") == "held");  // about to be settled
  lab.clock.pass(11s);
  CHECK(lab.verdict("S-03") == "violated");
  CHECK(lab.found("S-03").size() == 2);
  lab.set("codex", [&](BackendState& state, const HostTime&) { state = {}; });
  CHECK(lab.verdict("S-03") == "held");
}

TEST_CASE("S-03: a dispatcher that does not renew its lease is a violation while a run waits") {
  CanaryLab lab;
  IdleProcess worker;
  REQUIRE(lab.store().jobs()->lead(worker.id(), 10s, [](const ProcessId&) { return false; }));
  lab.clock.pass(100s);
  CHECK(lab.verdict("S-03") == "held");
  lab.add_job(kRunA, JobRow::State::waiting, {});
  CHECK(lab.verdict("S-03") == "violated");
  worker.end();
  CHECK(lab.verdict("S-03") == "held");  // the next one takes over
}

TEST_CASE("S-03: a run that has a directory beyond its time while it goes on is a violation until it ends") {
  CanaryLab lab;
  IdleProcess owner;
  REQUIRE(lab.store().change_writers([&](WritersState& state, const HostTime&) {
    state.writing.push_back({"/home/me/project", kRunA, lab.slot(kRunA, owner.id(), 10s)});
  }));
  lab.clock.pass(60s);
  CHECK(lab.verdict("S-03") == "held");  // about to be released
  lab.clock.pass(11s);
  CHECK(lab.verdict("S-03") == "violated");
  CHECK(lab.found("S-03") == Lines{"the directory of run " + kRunA + ": held by process " +
                                   std::to_string(owner.pid()) + ", over for 1 m 1 s"});
  lab.unreadable = {SurveyPart::writers};
  CHECK(lab.verdict("S-03") == "error");
  lab.unreadable = {};
  owner.end();
  CHECK(lab.verdict("S-03") == "held");  // the next run that writes drops it
}

TEST_CASE("S-03: a process that cannot be seen from here is not judged") {
  CanaryLab lab;
  IdleProcess owner;
  ProcessId elsewhere = owner.id();
  elsewhere.pid_namespace = 1;
  lab.set("codex", [&](BackendState& state, const HostTime&) { state.slots = {lab.slot("a.1", elsewhere, 10s)}; });
  lab.clock.pass(1h);
  CHECK(lab.verdict("S-03") == "held");
}

TEST_CASE("after the machine was asleep, slots, leases and times are not judged for an hour") {
  CanaryLab lab;
  IdleProcess owner;
  lab.set("codex", [&](BackendState& state, const HostTime&) { state.slots = {lab.slot("a.1", owner.id(), 10s)}; });
  lab.cycle();
  lab.clock.pass(2h);
  lab.asleep = 2h;
  for (const char* id : {"S-01", "S-03", "E-05"}) CHECK(lab.verdict(id) == "skipped");
  lab.cycle();  // notes that it was asleep
  lab.clock.pass(59min);
  CHECK(lab.verdict("S-03") == "skipped");
  CHECK(lab.reason("S-03") == "this machine was asleep until 59 m ago");
  lab.clock.pass(2min);
  CHECK(lab.verdict("S-03") == "violated");
}
