#include "core/run/hedged_attempts.hpp"

#include "tests/unit/run/asking.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

NoListener nobody;

AttemptOrder order(Asking& asking, const std::string& name, int number, ProbeTime when = ProbeTime::when_due) {
  auto candidate = find_candidate(asking.engine, name);
  REQUIRE(candidate);
  candidate->task.prompt = "hello";
  auto admission = asking.breakers.admit(admission_request(asking.engine, *candidate, when));
  REQUIRE(std::holds_alternative<Permit>(admission));
  return {.run_id = "run-of-this-test",
          .number = number,
          .candidate = *std::move(candidate),
          .permit = std::move(std::get<Permit>(admission)),
          .depth = 1};
}

std::string name_of(const std::optional<Attempt>& attempt) { return attempt ? attempt->backend : "(nobody)"; }

}  // namespace

TEST_CASE("without attempts there is no next one to end") {
  Asking asking;
  HedgedAttempts attempts(asking.engine, asking.never);
  CHECK_FALSE(attempts.next(Deadline::never(), nobody).has_value());
  CHECK(attempts.stop_all_but_probes().empty());
  CHECK(attempts.all_ended());
}

TEST_CASE("runners come in as they end, each once") {
  Asking asking;
  asking.backend("slow", {"--wait-file", asking.file("go"), "--say", "slow"});
  asking.backend("fast", {"--say", "fast"});
  HedgedAttempts attempts(asking.engine, asking.never);
  attempts.start(order(asking, "slow", 1));
  attempts.start(order(asking, "fast", 2));
  CHECK(name_of(attempts.next(Deadline::never(), nobody)) == "fast");
  CHECK_FALSE(attempts.under_way(2));
  CHECK(attempts.under_way(1));
  asking.touch("go");
  CHECK(name_of(attempts.next(Deadline::never(), nobody)) == "slow");
  CHECK_FALSE(attempts.next(Deadline::never(), nobody).has_value());
}

TEST_CASE("next returns at its deadline, and the attempt goes on") {
  Asking asking;
  asking.backend("slow", {"--wait-file", asking.file("go"), "--say", "slow"});
  HedgedAttempts attempts(asking.engine, asking.never);
  attempts.start(order(asking, "slow", 1));
  CHECK_FALSE(attempts.next(Deadline::in(10ms), nobody).has_value());
  CHECK(attempts.under_way(1));
  asking.touch("go");
  CHECK(name_of(attempts.next(Deadline::never(), nobody)) == "slow");
}

TEST_CASE("what is decided stops all but the probes") {
  Asking asking;
  asking.backend("probe", {"--wait-file", asking.file("go"), "--say", "back"});
  asking.backend("loser", {"--hang"});
  asking.make_half_open("probe");
  HedgedAttempts attempts(asking.engine, asking.never);
  attempts.start(order(asking, "probe", 1));
  CHECK(attempts.only_probes_left());
  attempts.start(order(asking, "loser", 2));
  CHECK_FALSE(attempts.only_probes_left());
  REQUIRE(eventually([&] { return asking.lines("loser.spawns") == 1; }));

  CHECK(attempts.stop_all_but_probes() == std::vector<std::string>{"probe"});
  const auto loser = attempts.next(Deadline::never(), nobody);
  REQUIRE(name_of(loser) == "loser");
  CHECK(loser->outcome == Outcome::cancelled);
  CHECK_FALSE(loser->counted);
  CHECK(asking.state("loser").slots.empty());
  CHECK_FALSE(attempts.all_ended());
  CHECK(attempts.only_probes_left());

  asking.touch("go");
  const auto probe = attempts.next(Deadline::never(), nobody);
  REQUIRE(name_of(probe) == "probe");
  CHECK(probe->recovered);
  CHECK(attempts.all_ended());
}

TEST_CASE("the output of a background probe is not shown, and only the destructor waits for it") {
  Asking asking;
  asking.backend("limited", {"--wait-file", asking.file("go"), "--say", "OK"});
  asking.make_limited("limited");
  {
    HedgedAttempts attempts(asking.engine, asking.never);
    attempts.start(order(asking, "limited", 1, ProbeTime::rate_limited));
    CHECK_FALSE(attempts.next(Deadline::never(), nobody).has_value());
    CHECK(attempts.stop_all_but_probes().empty());
    CHECK_FALSE(attempts.all_ended());
    asking.touch("go");
  }
  CHECK(asking.state("limited").breaker.state == BreakerState::closed);
  const auto attempts = asking.store->ledger().attempts("run-of-this-test");
  REQUIRE(attempts->size() == 1);
  CHECK(attempts->front().probe);
  CHECK(attempts->front().recovered);
}

TEST_CASE("a cancel stops everybody, the probes too") {
  Asking asking;
  asking.backend("probe", {"--hang"});
  asking.backend("other", {"--hang"});
  asking.make_half_open("probe");
  CancelToken cancel;
  HedgedAttempts attempts(asking.engine, cancel);
  attempts.start(order(asking, "probe", 1));
  attempts.start(order(asking, "other", 2));
  REQUIRE(eventually([&] { return asking.lines("probe.spawns") + asking.lines("other.spawns") == 2; }));
  cancel.cancel();
  for (int i = 0; i < 2; ++i) {
    const auto attempt = attempts.next(Deadline::never(), nobody);
    REQUIRE(attempt.has_value());
    CHECK(attempt->outcome == Outcome::cancelled);
  }
  CHECK_FALSE(asking.state("probe").breaker.probe.has_value());
  CHECK(asking.state("other").slots.empty());
}

TEST_CASE("the destructor waits for all attempts, and every permit is settled") {
  Asking asking;
  asking.backend("codex", {"--delay", "20", "--say", "hi"}).max_parallel = 4;
  {
    HedgedAttempts attempts(asking.engine, asking.never);
    for (int i = 1; i <= 4; ++i) attempts.start(order(asking, "codex", i));
  }
  CHECK(asking.state("codex").slots.empty());
  CHECK(asking.lines("codex.spawns") == 4);
  CHECK(asking.store->ledger().attempts("run-of-this-test")->size() == 4);
}

TEST_CASE("an attempt that trips the breaker says so, one that comes too late does not count") {
  Asking asking;
  asking.backend("codex", {"--wait-file", asking.file("go"), "--exit", "3"}).breaker.threshold = 1;
  HedgedAttempts attempts(asking.engine, asking.never);
  attempts.start(order(asking, "codex", 1));
  attempts.start(order(asking, "codex", 2));
  asking.touch("go");
  const auto first = attempts.next(Deadline::never(), nobody);
  const auto second = attempts.next(Deadline::never(), nobody);
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(first->tripped != second->tripped);
  CHECK(first->counted != second->counted);
  CHECK(asking.state("codex").breaker.trips == 1);
}
