#include <catch2/catch.hpp>

#include "core/state/jobs.hpp"
#include "tests/conformance/stores.hpp"

// The queue of runs in the background.
using namespace delegate;

namespace {

struct Queue {
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = open_in(directory.path(), clock);
  Jobs& jobs = *store->jobs();
  std::vector<ProcessId> dead;
  Jobs::IsDead is_dead = [this](const ProcessId& who) {
    return std::find(dead.begin(), dead.end(), who) != dead.end();
  };

  void add(const std::string& id, const ProcessId& owner) {
    REQUIRE(jobs.add({.id = id, .submitted_at = 5ms, .owner = owner}));
  }
  JobStart take(const std::string& id, const ProcessId& owner, int most = 1) {
    const auto turn = jobs.try_start(id, owner, most, is_dead);
    REQUIRE(turn);
    return *turn;
  }
};

ProcessId process(int pid) { return {"boot-1", pid, 1000 + pid, 4026531836}; }

const ProcessId kAnn = process(1), kBen = process(2), kEve = process(3);

}  // namespace

TEST_CASE("jobs start in the order of submission, as many at a time as are allowed") {
  Queue queue;
  queue.add("a", kAnn);
  queue.add("b", kBen);
  queue.add("c", kEve);
  const JobStart early = queue.take("b", kBen);
  CHECK(early.decision == JobStart::Decision::waits);
  CHECK(early.ahead == 1);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::started);
  CHECK(queue.take("b", kBen).decision == JobStart::Decision::waits);
  CHECK(queue.take("b", kBen, 2).decision == JobStart::Decision::started);
  CHECK(queue.take("c", kEve, 2).decision == JobStart::Decision::waits);
  REQUIRE(queue.jobs.finish({.id = "a", .ended_at = 9ms, .result = "{}"}, 0ms));
  CHECK(queue.take("c", kEve, 2).decision == JobStart::Decision::started);
}

TEST_CASE("a job is started once, and by its own process") {
  Queue queue;
  queue.add("a", kAnn);
  CHECK(queue.take("a", kBen).decision == JobStart::Decision::lost);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::started);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::lost);
  CHECK(queue.take("nobody", kAnn).decision == JobStart::Decision::lost);
}

TEST_CASE("jobs of dead processes delay no other job") {
  Queue queue;
  queue.add("a", kAnn);
  queue.add("b", kBen);
  queue.add("c", kEve);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::started);
  queue.dead = {kAnn, kBen};
  CHECK(queue.take("c", kEve).decision == JobStart::Decision::started);
}

TEST_CASE("orphaned waiting jobs are adopted once, the oldest first; started jobs are not run again") {
  Queue queue;
  queue.add("begun", kAnn);
  CHECK(queue.take("begun", kAnn).decision == JobStart::Decision::started);
  queue.add("a", kBen);
  queue.add("b", kBen);
  CHECK_FALSE(queue.jobs.adopt(kEve, queue.is_dead).value());
  queue.dead = {kAnn, kBen};
  const auto first = queue.jobs.adopt(kEve, queue.is_dead).value();
  REQUIRE(first);
  CHECK(first->id == "a");
  CHECK(first->owner == kEve);
  CHECK(queue.take("a", kEve).decision == JobStart::Decision::started);
  CHECK(queue.jobs.adopt(kEve, queue.is_dead).value()->id == "b");
  CHECK_FALSE(queue.jobs.adopt(kEve, queue.is_dead).value());
}

TEST_CASE("a job that is cancelled while it waits never starts") {
  Queue queue;
  queue.add("a", kAnn);
  CHECK_FALSE(queue.jobs.is_cancel_requested("a").value());
  REQUIRE(queue.jobs.request_cancel("a"));
  CHECK(queue.jobs.is_cancel_requested("a").value());
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::cancelled);
  queue.add("b", kBen);
  CHECK(queue.take("b", kBen).decision == JobStart::Decision::started);
}

TEST_CASE("what a job is busy with is kept while it runs, and its end whole") {
  Queue queue;
  queue.add("a", kAnn);
  queue.take("a", kAnn);
  REQUIRE(queue.jobs.note_doing("a", "asking codex"));
  CHECK(queue.jobs.find("a").value().doing == "asking codex");
  const std::string answer(2'000'000, 'x');
  REQUIRE(queue.jobs.finish({.id = "a", .ended_at = 9ms, .result = answer, .remarks = "delegate: said", .exit_code = 4},
                            0ms));
  const JobRow row = queue.jobs.find("a").value();
  CHECK(row.state == JobRow::State::ended);
  CHECK(row.result == answer);
  CHECK(row.remarks == "delegate: said");
  CHECK(row.exit_code == 4);
  CHECK(row.ended_at == 9ms);
  CHECK(row.doing.empty());
}

TEST_CASE("what ended long ago is forgotten when another ends, what has not ended is not") {
  Queue queue;
  for (const char* id : {"old", "new", "running"}) queue.add(id, kAnn);
  REQUIRE(queue.jobs.finish({.id = "old", .ended_at = 100ms, .result = "{}"}, 0ms));
  REQUIRE(queue.jobs.finish({.id = "new", .ended_at = 200ms, .result = "{}"}, 150ms));
  CHECK(queue.jobs.find("old").error().code == Code::not_found);
  CHECK(queue.jobs.find("new"));
  CHECK(queue.jobs.find("running"));
  REQUIRE(queue.jobs.remove("new"));
  CHECK(queue.jobs.find("new").error().code == Code::not_found);
}

TEST_CASE("a job whose process was killed is reported as killed, and deleted when it expires") {
  Queue queue;
  queue.add("a", kAnn);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::started);
  queue.dead = {kAnn};
  queue.add("b", kBen);
  CHECK(queue.take("b", kBen).decision == JobStart::Decision::started);
  const JobRow killed = queue.jobs.find("a").value();
  CHECK(killed.state == JobRow::State::killed);
  CHECK(killed.ended_at == queue.clock.now().wall);
  int asked = 0;
  const auto counted = [&](const ProcessId& who) {
    if (who == kAnn) ++asked;
    return queue.is_dead(who);
  };
  queue.add("c", kEve);
  REQUIRE(queue.jobs.try_start("c", kEve, 5, counted));
  CHECK(asked == 0);
  REQUIRE(queue.jobs.finish({.id = "b", .ended_at = queue.clock.now().wall, .result = "{}"}, *killed.ended_at));
  CHECK(queue.jobs.find("a"));
  REQUIRE(queue.jobs.finish({.id = "c", .ended_at = queue.clock.now().wall, .result = "{}"}, *killed.ended_at + 1ms));
  CHECK(queue.jobs.find("a").error().code == Code::not_found);
}

TEST_CASE("a job that yields lets others run, and goes on when there is room again") {
  Queue queue;
  for (const auto& [id, who] : {std::pair("a", kAnn), std::pair("b", kBen), std::pair("c", kEve)}) queue.add(id, who);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::started);
  CHECK(queue.take("b", kBen).decision == JobStart::Decision::waits);
  REQUIRE(queue.jobs.yield("a", "waits for a slot"));
  CHECK(queue.jobs.find("a").value().state == JobRow::State::yielded);
  CHECK(queue.jobs.find("a").value().doing == "waits for a slot");
  CHECK(queue.take("b", kBen).decision == JobStart::Decision::started);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::waits);
  REQUIRE(queue.jobs.finish({.id = "b", .ended_at = 9ms, .result = "{}"}, 0ms));
  CHECK(queue.take("a", kBen).decision == JobStart::Decision::lost);
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::started);  // before c, which came later
  CHECK(queue.take("c", kEve).decision == JobStart::Decision::waits);
  REQUIRE(queue.jobs.yield("c", "it has not begun"));
  CHECK(queue.jobs.find("c").value().state == JobRow::State::waiting);
}

TEST_CASE("a job that yielded can be cancelled, and is killed with its process") {
  Queue queue;
  queue.add("a", kAnn);
  queue.add("b", kBen);
  CHECK(queue.take("a", kAnn, 2).decision == JobStart::Decision::started);
  CHECK(queue.take("b", kBen, 2).decision == JobStart::Decision::started);
  for (const char* id : {"a", "b"}) REQUIRE(queue.jobs.yield(id, ""));
  REQUIRE(queue.jobs.request_cancel("a"));
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::cancelled);
  queue.dead = {kBen};
  CHECK_FALSE(queue.jobs.adopt(kEve, queue.is_dead).value());
  CHECK(queue.take("a", kAnn).decision == JobStart::Decision::cancelled);
  CHECK(queue.jobs.find("b").value().state == JobRow::State::killed);
}

TEST_CASE("a job is found by an unambiguous beginning of its id, and by nothing else") {
  Queue queue;
  for (const char* id : {"abc", "abcd", "xyz"}) queue.add(id, kAnn);
  CHECK(queue.jobs.find("abc").value().id == "abc");
  CHECK(queue.jobs.find("x").value().id == "xyz");
  CHECK(queue.jobs.find("ab").error().code == Code::invalid_argument);
  for (const char* nothing : {"", "%", "_yz", "q", "\\"})
    CHECK(queue.jobs.find(nothing).error().code == Code::not_found);
  const auto rows = queue.jobs.list().value();
  REQUIRE(rows.size() == 3);
  CHECK(rows.front().id == "xyz");
}
