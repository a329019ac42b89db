#include "tests/unit/run/asking.hpp"

using namespace delegate;
using namespace delegate::test;

TEST_CASE("a limit that is over sooner than it said is found out beside a call that goes elsewhere") {
  Asking asking;
  asking.backend("limited", {"--say", "OK"});
  asking.backend("codex", {"--say", "hi"});
  asking.make_limited("limited");
  RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  CHECK(result.answer->backend == "codex");
  CHECK(result.attempts.size() == 1);
  CHECK(result.still_probing.empty());
  const std::string run = result.run_id;
  result.pending.reset();
  CHECK(asking.state("limited").breaker.state == BreakerState::closed);
  CHECK(asking.lines("limited.spawns") == 1);
  CHECK(asking.store->ledger().attempts(run)->size() == 2);
  CHECK(asking.ask().answer->backend == "limited");
}

TEST_CASE("a call at a limited backend alone is refused at once, and its slow probe goes on without it") {
  Asking asking;
  asking.backend("limited", {"--wait-file", asking.file("go"), "--say", "OK"});
  asking.make_limited("limited");
  RunResult result = asking.ask("limited");
  CHECK(result.outcome == Outcome::breaker_open);
  CHECK(result.attempts.empty());
  REQUIRE(result.pending != nullptr);
  CHECK(asking.ask("limited").pending == nullptr);  // there is one at a time
  asking.touch("go");
  result.pending.reset();
  CHECK(asking.lines("limited.spawns") == 1);
  CHECK(asking.state("limited").breaker.state == BreakerState::closed);
}

TEST_CASE("a slow probe that fails says nothing to the person and leaves the limit") {
  Asking asking;
  asking.backend("limited", {"--err", "still limited", "--exit", "3"});
  asking.backend("codex", {"--say", "hi"});
  asking.make_limited("limited");
  Listener listener;
  RunResult result = asking.ask("auto", asking.never, listener);
  CHECK(result.answer->backend == "codex");
  result.pending.reset();
  CHECK(listener.heard ==
        std::vector<std::string>{"skipped limited: breaker_open", "asking codex", "ended codex: answered"});
  const Breaker breaker = asking.state("limited").breaker;
  CHECK(breaker.state == BreakerState::open);
  CHECK(breaker.last_failure->message == "resets in 10 hours");
  CHECK(asking.state("limited").slots.empty());
}

TEST_CASE("where the person's own prompt is the last resort, no slow probe is in its way") {
  Asking asking;
  asking.backend("codex", {"--exit", "3"});
  asking.backend("local", {"--say", "local"});
  asking.config.router.order.names = {"local", "codex"};
  asking.config.router.local = "local";
  asking.make_limited("local");
  const RunResult result = asking.ask();
  REQUIRE(result.answer.has_value());
  CHECK(result.answer->backend == "local");
  CHECK(result.answer->text == "local\n");
  CHECK(asking.lines("local.spawns") == 1);
}
