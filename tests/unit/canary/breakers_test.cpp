#include "tests/unit/canary/lab.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("B-01: a breaker that is open for longer than anything is configured is a violation until it is reset") {
  CanaryLab lab;
  const auto open_for = [&](milliseconds length, bool manual) {
    lab.set("codex", [&](BackendState& state, const HostTime& now) {
      state.breaker.state = BreakerState::open;
      state.breaker.cooldown = {now, length};
      state.breaker.manual = manual;
    });
    return lab.verdict("B-01");
  };
  CHECK(open_for(24h, false) == "held");  // a stated limit is trusted for this long
  CHECK(open_for(26h, true) == "held");   // a person's decision
  CHECK(open_for(26h, false) == "violated");
  CHECK(lab.found("B-01") == Lines{"breaker of codex: open for another 1 d 2 h, at most 1 d are configured"});
  lab.set("codex", [](BackendState& state, const HostTime&) { reset(state.breaker); });
  CHECK(lab.verdict("B-01") == "held");
}

TEST_CASE("B-01: states that no rule leads to are violations") {
  CanaryLab lab;
  const auto make = [&](const StateStore::Change& change) {
    lab.set("codex", [&](BackendState& state, const HostTime& now) {
      state = {};
      change(state, now);
    });
    const std::string verdict = lab.verdict("B-01");
    return verdict == "violated" ? lab.found("B-01").at(0) : verdict;
  };
  CHECK(make([](BackendState&, const HostTime&) {}) == "held");
  CHECK(make([&](BackendState& state, const HostTime& now) {
          state.breaker.probe = ProbeLease{"p", lab.self(), {now, 10s}};
        }) == "breaker of codex: closed, and has a probe");
  CHECK(make([](BackendState& state, const HostTime&) { state.breaker.state = BreakerState::open; }) ==
        "held");  // breaker.cooldown = 0: the next call probes
  CHECK(make([](BackendState& state, const HostTime& now) {
          state.breaker.state = BreakerState::half_open;
          state.breaker.streak = {now};
        }) == "breaker of codex: not closed, and counts failures");
  CHECK(make([](BackendState& state, const HostTime&) { state.breaker.recoveries = 1; }) ==
        "breaker of codex: recovered more often than it opened");
  lab.tamper("UPDATE backend_state SET state = 'nonsense'");
  CHECK(lab.verdict("B-01") == "violated");
  CHECK(lab.found("B-01") == Lines{"backend codex: its stored state cannot be read, so it counts as new"});
}

TEST_CASE("B-02: calls that are refused for a probe whose lease is over are a violation until one takes over") {
  CanaryLab lab;
  lab.set("codex", [&](BackendState& state, const HostTime& now) {
    state.breaker.state = BreakerState::half_open;
    state.breaker.probe = ProbeLease{"p", lab.self(), {now, 10s}};
  });
  const auto refuse = [&](const std::string& id) {
    lab.add_run(id, lab.self());
    REQUIRE(lab.store().ledger().finish_run(
        {.id = id, .outcome = "all_failed", .skips = {{"codex", "probe_running", "", std::nullopt}}}, 100));
  };
  refuse("run-a");
  CHECK(lab.verdict("B-02") == "held");
  lab.clock.pass(11s);
  CHECK(lab.verdict("B-02") == "held");  // no call has come since
  lab.clock.set_wall_clock(-1h);
  CHECK(lab.verdict("B-02") == "held");
  refuse("run-b");
  CHECK(lab.verdict("B-02") == "violated");  // in the hour that came twice
  CHECK(lab.found("B-02") == Lines{"breaker of codex: half-open, its probe is over, and calls are still refused"});
  CHECK(lab.verdict("B-02") == "violated");
  lab.set("codex", [](BackendState& state, const HostTime&) { reset(state.breaker); });
  CHECK(lab.verdict("B-02") == "held");
}

TEST_CASE("G-01: a side job that is paused for longer than configured is a violation until its guard is reset") {
  CanaryLab lab;
  const auto pause = [&](milliseconds length) {
    REQUIRE(lab.store().update_guard("history", [&](GuardState& state, const HostTime& now) {
      state.breaker.state = BreakerState::open;
      state.breaker.cooldown = {now, length};
    }));
    return lab.verdict("G-01");
  };
  CHECK(pause(5min) == "held");
  CHECK(pause(10min) == "violated");
  CHECK(lab.found("G-01") == Lines{"the side job history is paused for another 10 m, at most 5 m are configured"});
  REQUIRE(lab.store().update_guard("history", [](GuardState& state, const HostTime&) { state = {}; }));
  CHECK(lab.verdict("G-01") == "held");
  lab.config.guards.reset_after = 0ms;
  CHECK(pause(10min) == "skipped");
}
