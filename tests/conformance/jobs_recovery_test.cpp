#include "tests/conformance/queue.hpp"

// The queue when processes die: the dispatcher's lease, and what a kill at any point leaves behind.
using namespace delegate;
using namespace delegate::test;

TEST_CASE("a job whose process died before it started waits again; one that had started is never run again") {
  Queue queue;
  for (const char* id : {"started", "taken", "given"}) queue.add(id);
  queue.start("started", kAnn);
  queue.take("taken", kAnn);
  REQUIRE(queue.give("given", 5) == Jobs::Turn::given);
  queue.dead = {kAnn, kLeader};
  CHECK(queue.jobs.recover(queue.is_gone, 1h)->changed);
  CHECK(queue.state("started") == JobRow::State::killed);
  for (const char* id : {"taken", "given"}) {
    CHECK(queue.state(id) == JobRow::State::waiting);
    CHECK(queue.has_request(id));
    CHECK_FALSE(queue.jobs.take(id, 1, kBen).value());  // its turn is over
  }
  CHECK(queue.jobs.start("taken", kAnn).value() == Jobs::Start::lost);
  REQUIRE(queue.jobs.lead(kEve, 10s, queue.is_dead).value());
  CHECK(queue.jobs.give_turn(queue.jobs.find("given").value(), kEve, 5).value() == Jobs::Turn::given);
  CHECK(queue.jobs.take("given", 2, kBen).value());
  CHECK_FALSE(queue.jobs.recover(queue.is_gone, 1h)->changed);
  SECTION("and the end that comes late changes nothing") {
    queue.finish("started");
    CHECK(queue.state("started") == JobRow::State::killed);
  }
}

TEST_CASE("a job whose process died while it waited for a slot waits again, unless it had started") {
  Queue queue;
  for (const char* id : {"started", "taken"}) queue.add(id);
  queue.start("started", kAnn);
  queue.take("taken", kBen);
  REQUIRE(queue.jobs.yield("started", kAnn, ""));
  REQUIRE(queue.jobs.yield("taken", kBen, ""));
  queue.dead = {kAnn, kBen};
  REQUIRE(queue.jobs.recover(queue.is_gone, 1h)->changed);
  CHECK(queue.state("started") == JobRow::State::killed);
  CHECK(queue.heads() == std::vector<std::string>{"taken"});
}

TEST_CASE("a place is not free as long as something runs that a killed process had started") {
  Queue queue;
  queue.add("a");
  queue.start("a", kAnn);
  queue.dead = {kAnn};
  CHECK_FALSE(queue.jobs.recover([](const JobRow&) { return false; }, 1h)->changed);
  queue.add("b");
  CHECK(queue.give("b", 1) == Jobs::Turn::full);
  CHECK(queue.jobs.recover(queue.is_gone, 1h)->changed);
  CHECK(queue.give("b", 1) == Jobs::Turn::given);
}

TEST_CASE("a turn that no process takes is given again, and those behind that job pass it") {
  Queue queue;
  for (const char* id : {"a", "b"}) queue.add(id);
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  queue.clock.pass(29s);
  CHECK_FALSE(queue.jobs.recover(queue.is_gone, 30s)->changed);
  queue.clock.pass(2s);
  CHECK(queue.jobs.recover(queue.is_gone, 30s)->late.size() == 1);
  CHECK(queue.heads() == std::vector<std::string>{"a", "b"});
  CHECK(queue.jobs.recover(queue.is_gone, 30s)->late.empty());
}

TEST_CASE("a job whose own process died is run by another, unless only that one had its keys") {
  Queue queue;
  queue.limits.parallel = 0;
  REQUIRE_FALSE(queue.jobs.add_own(queue.row("a", kCodex, kAnn), {"r", "s"}, queue.limits).value());
  JobRow with_key = queue.row("b", kCodex, kBen);
  with_key.needs = "MY_KEY";
  REQUIRE_FALSE(queue.jobs.add_own(with_key, {"r", "s"}, queue.limits).value());
  queue.dead = {kAnn, kBen};
  const auto recovered = queue.jobs.recover(queue.is_gone, 1h).value();
  CHECK_FALSE(queue.jobs.find("a")->has_owner());
  REQUIRE(recovered.stranded.size() == 1);
  CHECK(recovered.stranded[0].needs == "MY_KEY");
}

TEST_CASE("a process that is late for the turn of its own job keeps the job, but does not hold up others") {
  Queue queue;
  queue.limits.parallel = 0;
  JobRow own = queue.row("a", kCodex, kAnn);
  own.needs = "MY_KEY";
  REQUIRE_FALSE(queue.jobs.add_own(own, {"r", "s"}, queue.limits).value());
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  queue.clock.pass(1h);
  const auto recovered = queue.jobs.recover(queue.is_gone, 30s).value();
  CHECK(recovered.stranded.empty());
  CHECK_FALSE(queue.jobs.take("a", 1, kAnn).value());
  queue.add("b");
  CHECK(queue.heads() == std::vector<std::string>{"a", "b"});
  CHECK(queue.jobs.find("a")->owner == kAnn);
  REQUIRE(queue.jobs.lead(kLeader, 10s, queue.is_dead).value());
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  CHECK(queue.jobs.take("a", 2, kAnn).value());
}

TEST_CASE("one process dispatches, for as long as it renews its lease") {
  Queue queue;
  CHECK_FALSE(queue.jobs.lead(kAnn, 10s, queue.is_dead).value());
  CHECK(queue.jobs.is_led(queue.is_dead).value());
  queue.clock.pass(6s);
  CHECK(queue.jobs.lead(kLeader, 10s, queue.is_dead).value());
  queue.clock.pass(9s);
  CHECK_FALSE(queue.jobs.lead(kAnn, 10s, queue.is_dead).value());
  queue.clock.pass(2s);
  CHECK_FALSE(queue.jobs.is_led(queue.is_dead).value());
  CHECK(queue.jobs.lead(kAnn, 10s, queue.is_dead).value());
  queue.add("a");
  CHECK(queue.give("a") == Jobs::Turn::deposed);  // it slept through the end of its lease
  queue.dead = {kAnn};
  CHECK(queue.jobs.lead(kBen, 10s, queue.is_dead).value());
}

TEST_CASE("the dispatcher resigns only when no job waits for it") {
  Queue queue;
  queue.add("a");
  CHECK_FALSE(queue.jobs.resign(kLeader, true).value());
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  CHECK_FALSE(queue.jobs.resign(kLeader, true).value());
  REQUIRE(queue.jobs.take("a", 1, kAnn).value());
  CHECK_FALSE(queue.jobs.resign(kLeader, true).value());  // if its process is killed, it waits again
  REQUIRE(queue.jobs.start("a", kAnn).value() == Jobs::Start::started);
  CHECK(queue.jobs.resign(kLeader, true).value());
  CHECK_FALSE(queue.jobs.is_led(queue.is_dead).value());
}
