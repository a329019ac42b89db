#include "tests/conformance/queue.hpp"

// The queue of runs in the background: lines, turns, cancels and ends.
using namespace delegate;
using namespace delegate::test;

TEST_CASE("the oldest job of each line is next, and lines do not block each other") {
  Queue queue;
  queue.add("a");
  queue.add("b", kAutoLine);
  queue.add("c");
  CHECK(queue.heads() == std::vector<std::string>{"a", "b"});
  CHECK(queue.jobs.heads()->at(1).line == kAutoLine);
  CHECK(queue.give("a") == Jobs::Turn::given);
  CHECK(queue.heads() == std::vector<std::string>{"b", "c"});
  CHECK(queue.jobs.ahead_of("c").value() == 1);
}

TEST_CASE("no more jobs have a turn than are allowed, and none has it twice") {
  Queue queue;
  for (const char* id : {"a", "b", "c"}) queue.add(id);
  const JobRow before = queue.jobs.find("a").value();
  CHECK(queue.give("a", 1) == Jobs::Turn::given);
  CHECK(queue.jobs.give_turn(before, kLeader, 5).value() == Jobs::Turn::gone);
  CHECK(queue.give("b", 1) == Jobs::Turn::full);
  CHECK(queue.give("b", 2) == Jobs::Turn::given);
  CHECK(queue.jobs.running()->size() == 2);
  queue.finish("a");
  CHECK(queue.give("c", 2) == Jobs::Turn::given);
}

TEST_CASE("a turn is taken once, by the process that has its number") {
  Queue queue;
  queue.add("a");
  CHECK(queue.jobs.request("a")->request == "request of a");
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  CHECK_FALSE(queue.jobs.take("a", 7, kAnn).value());
  CHECK(queue.jobs.take("a", 1, kAnn).value());
  CHECK_FALSE(queue.jobs.take("a", 1, kBen).value());
  const JobRow row = queue.jobs.find("a").value();
  CHECK(row.owner == kAnn);
  CHECK(row.is_taken());
  CHECK_FALSE(row.has_started());
}

TEST_CASE("a job is started once, by the process that took its turn, and then the store has no request of it") {
  Queue queue;
  queue.add("a");
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  CHECK(queue.jobs.start("a", kLeader).value() == Jobs::Start::lost);  // before it is taken
  REQUIRE(queue.jobs.take("a", 1, kAnn).value());
  CHECK(queue.jobs.start("a", kBen).value() == Jobs::Start::lost);
  CHECK(queue.has_request("a"));
  CHECK(queue.jobs.start("a", kAnn).value() == Jobs::Start::started);
  CHECK_FALSE(queue.has_request("a"));
  CHECK(queue.jobs.start("a", kAnn).value() == Jobs::Start::started);
  CHECK(queue.jobs.find("a")->has_started());
  queue.finish("a");
  CHECK(queue.jobs.start("a", kAnn).value() == Jobs::Start::lost);
}

TEST_CASE("a job that is to be stopped is not started") {
  Queue queue;
  queue.add("a");
  queue.take("a", kAnn);
  CHECK(queue.cancel("a") == Jobs::Cancel::requested);
  CHECK(queue.jobs.start("a", kAnn).value() == Jobs::Start::cancelled);
}

TEST_CASE("a queue that is full refuses a job and says how long it is") {
  Queue queue;
  queue.limits.queued = 1;
  queue.add("a");
  const auto refused = queue.jobs.add(queue.row("b", kCodex), {"r", "s"}, queue.limits);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::resource_exhausted);
  CHECK_THAT(refused.error().what, Catch::Contains("1 runs are queued"));
  CHECK(queue.jobs.find("b").error().code == Code::not_found);
}

TEST_CASE("a job with a process of its own starts at once if no other waits before it") {
  Queue queue;
  CHECK(queue.jobs.add_own(queue.row("a", kCodex, kAnn), {"r", "s"}, queue.limits).value());
  CHECK(queue.state("a") == JobRow::State::running);
  CHECK_FALSE(queue.has_request("a"));
  queue.add("b");
  CHECK_FALSE(queue.jobs.add_own(queue.row("c", kCodex, kBen), {"r", "s"}, queue.limits).value());
  CHECK(queue.has_request("c"));
  CHECK(queue.jobs.add_own(queue.row("d", kAutoLine, kEve), {"r", "s"}, queue.limits).value());  // in another line
  SECTION("and otherwise takes its turn itself") {
    queue.finish("a");
    queue.start("b", kAnn);
    queue.finish("b");
    REQUIRE(queue.give("c") == Jobs::Turn::given);
    CHECK(queue.jobs.find("c")->owner == kBen);
    CHECK(queue.jobs.take("c", 1, kBen).value());
  }
}

TEST_CASE("a turn that is given back waits again, in its place or apart from the others") {
  Queue queue;
  for (const char* id : {"a", "b"}) queue.add(id);
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  const JobRow given = queue.jobs.find("a").value();
  SECTION("in its place") {
    CHECK(queue.jobs.return_turn(given).value());
    CHECK(queue.heads() == std::vector<std::string>{"a"});
    CHECK_FALSE(queue.jobs.find("a")->has_owner());
    CHECK_FALSE(queue.jobs.return_turn(given).value());
  }
  SECTION("in a line with those that have the same reason, in the order of their submission") {
    queue.add("c");
    CHECK(queue.jobs.return_turn(queue.jobs.find("b").value(), "reason").value());
    CHECK(queue.jobs.return_turn(given, "reason").value());
    CHECK(queue.heads() == std::vector<std::string>{"a", "c"});
    CHECK(queue.jobs.find("a")->line.candidates == kCodex.candidates);
    CHECK(queue.jobs.find("a")->line.is_named);
    CHECK(queue.jobs.find("a")->line.apart == "reason");
  }
  SECTION("not if it was taken meanwhile") {
    REQUIRE(queue.jobs.take("a", 1, kAnn).value());
    CHECK_FALSE(queue.jobs.return_turn(given).value());
  }
  SECTION("not once it has started") {
    REQUIRE(queue.jobs.take("a", 1, kAnn).value());
    REQUIRE(queue.jobs.start("a", kAnn).value() == Jobs::Start::started);
    CHECK_FALSE(queue.jobs.return_turn(queue.jobs.find("a").value()).value());
  }
}

TEST_CASE("a nested job with a process of its own starts at once, because the run around it waits for it") {
  Queue queue;
  queue.add("a");
  JobLine nested = kCodex;
  nested.is_nested = true;
  CHECK(queue.jobs.add_own(queue.row("b", nested, kBen), {"r", "s"}, {.parallel = 0, .queued = 10}).value());
}

TEST_CASE(
    "there is work for a dispatcher as long as a job may have to go back into the queue, or is to be marked as "
    "killed") {
  Queue queue;
  CHECK_FALSE(queue.jobs.has_work(queue.is_dead).value());
  queue.add("a");
  CHECK(queue.jobs.has_work(queue.is_dead).value());
  queue.take("a", kAnn);
  CHECK(queue.jobs.has_work(queue.is_dead).value());
  REQUIRE(queue.jobs.start("a", kAnn).value() == Jobs::Start::started);
  CHECK_FALSE(queue.jobs.has_work(queue.is_dead).value());
  queue.dead = {kAnn};
  CHECK(queue.jobs.has_work(queue.is_dead).value());
  REQUIRE(queue.jobs.recover(queue.is_gone, 1h));
  CHECK_FALSE(queue.jobs.has_work(queue.is_dead).value());
}

TEST_CASE("a cancel ends a job that no process would stop, in the same step") {
  Queue queue;
  queue.add("a");
  CHECK(queue.cancel("a") == Jobs::Cancel::ended);
  CHECK(queue.state("a") == JobRow::State::ended);
  CHECK_FALSE(queue.has_request("a"));
  CHECK(queue.heads().empty());
  CHECK(queue.cancel("a") == Jobs::Cancel::too_late);
  queue.add("given");
  REQUIRE(queue.give("given") == Jobs::Turn::given);
  CHECK(queue.cancel("given") == Jobs::Cancel::ended);
  CHECK_FALSE(queue.jobs.take("given", 1, kAnn).value());
  queue.add("taken");
  queue.take("taken", kAnn);
  queue.dead = {kAnn};
  CHECK(queue.cancel("taken") == Jobs::Cancel::ended);
}

TEST_CASE("a cancel asks the process of a job that has one") {
  Queue queue;
  queue.limits.parallel = 0;
  queue.add("started");
  queue.start("started", kAnn);
  CHECK(queue.cancel("started") == Jobs::Cancel::requested);
  CHECK(queue.jobs.is_cancel_requested("started").value());
  REQUIRE_FALSE(queue.jobs.add_own(queue.row("own", kCodex, kBen), {"r", "s"}, queue.limits).value());
  CHECK(queue.cancel("own") == Jobs::Cancel::requested);
  CHECK(queue.give("own") == Jobs::Turn::gone);
  SECTION("and if that dies first, the job is still to be stopped") {
    queue.dead = {kBen};
    REQUIRE(queue.jobs.recover(queue.is_gone, 1h)->changed);
    REQUIRE(queue.heads() == std::vector<std::string>{"own"});
    CHECK(queue.jobs.heads()->at(0).cancel_requested);
    CHECK_FALSE(queue.jobs.resign(kLeader, true).value());
  }
}

TEST_CASE("a job that has not started is ended as it was seen, or not at all") {
  Queue queue;
  queue.add("a");
  const JobRow seen = queue.jobs.find("a").value();
  const JobRow end{.id = "a", .ended_at = 9ms, .result = "{}"};
  REQUIRE(queue.give("a") == Jobs::Turn::given);
  CHECK_FALSE(queue.jobs.finish_unstarted(seen, end, 0ms).value());
  const JobRow given = queue.jobs.find("a").value();
  CHECK(queue.jobs.finish_unstarted(given, end, 0ms).value());
  CHECK_FALSE(queue.has_request("a"));
  CHECK_FALSE(queue.jobs.finish_unstarted(given, end, 0ms).value());
  queue.add("b");
  queue.start("b", kBen);
  CHECK_FALSE(queue.jobs.finish_unstarted(queue.jobs.find("b").value(), {.id = "b", .ended_at = 9ms}, 0ms).value());
}

TEST_CASE("what a job is busy with is kept while it runs, and its end whole") {
  Queue queue;
  queue.add("a");
  queue.start("a", kAnn);
  REQUIRE(queue.jobs.note_doing("a", "asking codex"));
  CHECK(queue.jobs.find("a").value().doing == "asking codex");
  const std::string answer(2'000'000, 'x');
  REQUIRE(queue.jobs.finish({.id = "a", .ended_at = 9ms, .result = answer, .remarks = "delegate: said", .exit_code = 4},
                            kAnn, 0ms));
  const JobRow row = queue.jobs.find("a").value();
  CHECK(row.state == JobRow::State::ended);
  CHECK(row.result == answer);
  CHECK(row.remarks == "delegate: said");
  CHECK(row.exit_code == 4);
  CHECK(row.ended_at == 9ms);
  CHECK(row.doing.empty());
}

TEST_CASE("what ended or was killed long ago is forgotten when another ends, what has not ended is not") {
  Queue queue;
  for (const char* id : {"old", "new", "killed", "running"}) queue.add(id);
  queue.start("killed", kAnn);
  queue.dead = {kAnn};
  REQUIRE(queue.jobs.recover(queue.is_gone, 1h));
  const milliseconds killed_at = queue.jobs.find("killed")->ended_at.value();
  CHECK(queue.jobs.killed(10)->size() == 1);
  queue.finish("old", killed_at - 100ms);
  queue.finish("new", killed_at + 100ms, killed_at);
  CHECK(queue.jobs.find("old").error().code == Code::not_found);
  CHECK(queue.jobs.find("killed"));
  CHECK(queue.jobs.find("running"));
  queue.finish("running", killed_at + 200ms, killed_at + 1ms);
  CHECK(queue.jobs.find("killed").error().code == Code::not_found);
  REQUIRE(queue.jobs.remove("new"));
  CHECK(queue.jobs.find("new").error().code == Code::not_found);
}

TEST_CASE("a job that yields lets others run, and goes on when there is room again") {
  Queue queue;
  for (const char* id : {"a", "b", "c"}) queue.add(id);
  queue.start("a", kAnn);
  CHECK(queue.give("b", 1) == Jobs::Turn::full);
  REQUIRE(queue.jobs.yield("a", kAnn, "waits for a slot"));
  CHECK(queue.state("a") == JobRow::State::yielded);
  CHECK(queue.jobs.find("a")->doing == "waits for a slot");
  CHECK(queue.give("b", 1) == Jobs::Turn::given);
  CHECK_FALSE(queue.jobs.resume("a", kAnn, 1).value());
  queue.finish("b");
  CHECK(queue.jobs.resume("a", kAnn, 1).value());
  CHECK(queue.give("c", 1) == Jobs::Turn::full);
  REQUIRE(queue.jobs.yield("c", kAnn, "it has not begun"));
  CHECK(queue.state("c") == JobRow::State::waiting);
  SECTION("and is killed with its process") {
    REQUIRE(queue.jobs.yield("a", kAnn, ""));
    queue.dead = {kAnn};
    REQUIRE(queue.jobs.recover(queue.is_gone, 1h));
    CHECK(queue.state("a") == JobRow::State::killed);
  }
}

TEST_CASE("the next free place is kept for jobs that have yielded and ask to go on") {
  Queue queue;
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g"}) queue.add(id);
  for (const char* id : {"a", "b"}) {
    queue.start(id, kAnn);
    REQUIRE(queue.jobs.yield(id, kAnn, "waits for a slot"));
  }
  for (const char* id : {"c", "d", "e"}) REQUIRE(queue.give(id, 3) == Jobs::Turn::given);
  SECTION("before jobs that have not had their turn") {
    CHECK_FALSE(queue.jobs.resume("b", kAnn, 3).value());
    queue.finish("c");
    CHECK(queue.give("f", 3) == Jobs::Turn::full);
    CHECK(queue.jobs.resume("a", kAnn, 3).value());  // the one that has its slot, even if another asked first
    CHECK_FALSE(queue.jobs.resume("b", kAnn, 3).value());
  }
  SECTION("and only that one, however many ask") {
    for (const char* id : {"a", "b"}) CHECK_FALSE(queue.jobs.resume(id, kAnn, 3).value());
    for (const char* id : {"c", "d"}) queue.finish(id);
    CHECK(queue.give("f", 3) == Jobs::Turn::given);
    CHECK(queue.give("g", 3) == Jobs::Turn::full);
  }
  SECTION("also before one with a process of its own") {
    CHECK_FALSE(queue.jobs.resume("a", kAnn, 3).value());
    queue.finish("c");
    queue.limits.parallel = 3;
    CHECK_FALSE(queue.jobs.add_own(queue.row("h", kAutoLine, kBen), {"r", "s"}, queue.limits).value());
  }
  SECTION("as long as they ask, not while they wait for a slot") {
    queue.finish("c");
    CHECK(queue.give("f", 3) == Jobs::Turn::given);
    CHECK_FALSE(queue.jobs.resume("a", kAnn, 3).value());
    queue.clock.pass(2s);
    CHECK_FALSE(queue.jobs.resume("a", kAnn, 3).value());
    queue.finish("d");
    queue.clock.pass(2s);
    CHECK(queue.give("g", 3) == Jobs::Turn::full);
    queue.clock.pass(2s);
    CHECK(queue.give("g", 3) == Jobs::Turn::given);
  }
}

TEST_CASE("few jobs of a line wait as processes, and those of other lines go on") {
  Queue queue;
  for (const char* id : {"a", "b", "c"}) queue.add(id);
  queue.add("d", kAutoLine);
  for (const char* id : {"a", "b"}) {
    queue.start(id, kAnn);
    REQUIRE(queue.jobs.yield(id, kAnn, "waits for a slot"));
  }
  CHECK(queue.give("c", 1) == Jobs::Turn::full);
  CHECK(queue.give("d", 1) == Jobs::Turn::given);
  queue.finish("d");
  REQUIRE(queue.jobs.resume("a", kAnn, 1).value());
  queue.finish("a");
  CHECK(queue.give("c", 1) == Jobs::Turn::given);
}

TEST_CASE("a job yields, goes on and ends only for the process that runs it") {
  Queue queue;
  queue.add("a");
  queue.start("a", kAnn);
  REQUIRE(queue.jobs.yield("a", kBen, ""));
  CHECK(queue.state("a") == JobRow::State::running);
  REQUIRE(queue.jobs.yield("a", kAnn, ""));
  CHECK_FALSE(queue.jobs.resume("a", kBen, 1).value());
  CHECK(queue.jobs.resume("a", kAnn, 1).value());
  CHECK_FALSE(queue.jobs.finish({.id = "a", .ended_at = 9ms}, kBen, 0ms).value());
  CHECK(queue.state("a") == JobRow::State::running);
  CHECK(queue.jobs.finish({.id = "a", .ended_at = 9ms}, kAnn, 0ms).value());
  CHECK(queue.state("a") == JobRow::State::ended);
}

TEST_CASE("a job is found by an unambiguous beginning of its id, and by nothing else") {
  Queue queue;
  for (const char* id : {"abc", "abcd", "xyz"}) queue.add(id);
  CHECK(queue.jobs.find("abc").value().id == "abc");
  CHECK(queue.jobs.find("x").value().id == "xyz");
  CHECK(queue.jobs.find("ab").error().code == Code::invalid_argument);
  for (const char* nothing : {"", "%", "_yz", "q", "\\"})
    CHECK(queue.jobs.find(nothing).error().code == Code::not_found);
  const auto rows = queue.jobs.unended(2).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows.front().id == "xyz");
  CHECK(queue.jobs.counts()->waiting == 3);
}
