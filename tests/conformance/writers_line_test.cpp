#include "core/run/writers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "core/os/launch.hpp"
#include "core/state/sqlite.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/writers_desk.hpp"

// Runs that wait for a directory: the line in which they do, over every store and over processes.

using namespace delegate;

TEST_CASE("runs that wait for a directory get it in the order in which they came, whichever looks first") {
  WritersDesk desk;
  std::optional<WriterAdmission> holder = desk.acquire(desk.path("a/b"), "run1");
  const WriterRequest first = desk.waiter(desk.path("a"), "run2");
  const WriterRequest second = desk.waiter(desk.path("a/b/c"), "run3");
  CHECK_FALSE(has_lease(desk.writers.acquire(first)));
  CHECK_FALSE(has_lease(desk.writers.acquire(second)));
  CHECK_FALSE(has_lease(desk.writers.acquire(first)));
  const std::string refused = refusal_of(desk.acquire(desk.path("a/b"), "run4"));
  CHECK(refused.starts_with("run run1 of pid"));
  CHECK(refused.ends_with(", and 2 other runs wait"));
  CHECK(desk.length_of_line() == 2);
  holder.reset();
  CHECK_FALSE(desk.has_turn(second));
  CHECK_FALSE(has_lease(desk.writers.acquire(second)));
  std::optional<WriterAdmission> taken = desk.writers.acquire(first);
  CHECK(has_lease(*taken));
  CHECK(desk.length_of_line() == 1);
  CHECK_FALSE(has_lease(desk.writers.acquire(second)));
  taken.reset();
  CHECK(desk.has_turn(second));
  CHECK(has_lease(desk.writers.acquire(second)));
  CHECK(desk.store->writers().value() == WritersState{});
}

TEST_CASE("a run that does not wait comes after all that wait for a directory with the same files") {
  WritersDesk desk;
  REQUIRE(desk.has_turn(desk.waiter(desk.path("a/b"), "run1")));  // and is about to take it
  const WriterAdmission refused = desk.acquire(desk.path("a"));
  const std::string place = std::filesystem::canonical(desk.path("a/b")).string();
  REQUIRE(refusal_of(refused) == "run run1 of pid " + std::to_string(::getpid()) + " is the next to write in " + place);
  const auto& refusal = std::get<WriterRefusal>(refused);
  CHECK(refusal.reason == WriterRefusal::Reason::directory_in_use);
  CHECK(refusal.hint == "`ask --wait-slot` and `submit` wait behind it; or ask again later");
  CHECK(refusal.holder->run_id == "run1");
  CHECK(refusal.ahead == 1);
  CHECK(desk.length_of_line() == 1);
  for (const char* name : {"a/bc", "d"}) CHECK(desk.may_write(desk.path(name)));
  CHECK(has_lease(desk.writers.acquire(desk.waiter(desk.path("d"), "run3"))));
}

TEST_CASE("a run that has left the line, was killed or is from before a reboot prevents no run") {
  WritersDesk desk;
  const WriterRequest first = desk.waiter(desk.path("a"), "run1");
  const WriterRequest second = desk.waiter(desk.path("a"), "run2");
  REQUIRE(desk.has_turn(first));
  REQUIRE_FALSE(desk.has_turn(second));
  SECTION("left") { desk.writers.leave_line(first.place); }
  SECTION("killed") {
    REQUIRE(desk.store->change_writers(
        [&](WritersState& state, const HostTime&) { state.waiting[0].row.lease.owner = desk.dead_process(); }));
  }
  SECTION("from before a reboot") {
    desk.clock.reboot();
    CHECK(desk.has_turn(second));
  }
  CHECK(desk.has_turn(second));
  CHECK(desk.length_of_line() == 1);
  CHECK(has_lease(desk.writers.acquire(second)));
  CHECK(desk.may_write(desk.path("a")));
}

TEST_CASE("a run that is stopped prevents no run for longer than its lease, and keeps its place") {
  WritersDesk desk;
  const WriterRequest stopped = desk.waiter(desk.path("a"), "run1");
  const WriterRequest second = desk.waiter(desk.path("a"), "run2");
  REQUIRE(desk.has_turn(stopped));
  desk.clock.pass(kWriterPlaceLease - 1ms);
  CHECK_FALSE(desk.has_turn(second));
  SECTION("one that looks is not stopped") {
    REQUIRE(desk.has_turn(stopped));
    desk.clock.pass(kWriterPlaceLease - 1ms);
    CHECK_FALSE(desk.has_turn(second));
  }
  SECTION("for good") {
    desk.clock.pass(1ms);
    CHECK(desk.has_turn(second));
    CHECK(desk.may_write(desk.path("d")));
    desk.clock.pass(25h);
    CHECK(desk.has_turn(second));
    CHECK(desk.length_of_line() == 1);
  }
  SECTION("for a while") {
    desk.clock.pass(1ms);
    CHECK(desk.has_turn(second));
    CHECK(desk.has_turn(stopped));
    CHECK_FALSE(desk.has_turn(second));
  }
}

TEST_CASE("a run inside another one comes before all that may wait for that, but not before others inside it") {
  WritersDesk desk;
  const WriterAdmission outer = desk.acquire(desk.path("a"), "run1");
  REQUIRE_FALSE(has_lease(desk.writers.acquire(desk.waiter(desk.directory.path(), "run2"))));
  REQUIRE_FALSE(desk.has_turn(desk.waiter(desk.path("d"), "run3")));  // behind run2, which waits for run1
  std::optional<WriterAdmission> inner = desk.writers.acquire(desk.waiter(desk.path("a"), "run1.1/run5"));
  CHECK(has_lease(*inner));
  CHECK(has_lease(desk.acquire(desk.path("d"), "run1.1/run6")));
  CHECK_FALSE(desk.has_turn(desk.waiter(desk.path("a"), "run1.1/run7")));
  CHECK_FALSE(desk.has_turn(desk.waiter(desk.path("a"), "run1.2/run8")));
  CHECK(has_lease(desk.acquire(desk.path("a"), "run1.1/run5.1/run9")));
  inner.reset();
  CHECK_FALSE(desk.has_turn(desk.waiter(desk.path("a"), "run1.2/run8")));
  CHECK(desk.has_turn(desk.waiter(desk.path("a"), "run1.1/run7")));
}

TEST_CASE("a run that waits for a place among the background runs lets all others write meanwhile") {
  WritersDesk desk;
  WriterRequest first = desk.waiter(desk.path("a"), "run1");
  WriterRequest second = desk.waiter(desk.path("a"), "run2");
  first.in_background = second.in_background = true;
  REQUIRE(desk.has_turn(first));
  CHECK_FALSE(desk.may_write(desk.path("a")));
  first.stands_aside = true;
  REQUIRE(desk.has_turn(first));
  CHECK(desk.may_write(desk.path("a")));
  CHECK(desk.has_turn(desk.waiter(desk.path("a"), "run3")));
  CHECK_FALSE(desk.has_turn(second));  // needs such a place, too
  first.stands_aside = false;
  REQUIRE(desk.has_turn(first));
  CHECK_FALSE(desk.has_turn(desk.waiter(desk.path("a"), "run3")));
}

TEST_CASE("a line of runs that wait has an end; those that found it full come after it") {
  WritersDesk desk;
  std::optional<WriterAdmission> holder = desk.acquire(desk.path("a"), "run1");
  for (int i = 0; i < 256; ++i) CHECK_FALSE(desk.has_turn(desk.waiter(desk.path("a"), "w" + std::to_string(i))));
  const WriterRequest last = desk.waiter(desk.path("a"), "last");
  CHECK_FALSE(desk.has_turn(last));
  CHECK(desk.length_of_line() == 256);
  holder.reset();
  CHECK_FALSE(desk.has_turn(last));
  CHECK(desk.has_turn(desk.waiter(desk.path("a"), "w0")));
}

TEST_CASE("of processes that wait for a directory each gets it in its turn, without those that were killed") {
  TempDirectory directory;
  const TestClock clock;
  const Path ended = directory / "ended";
  const int killed = GENERATE(-1, 3, 4);
  CAPTURE(killed);
  constexpr std::size_t kWaiters = 5;
  const Whistle holds;
  const Whistle may_end;
  const Whistle may_come[kWaiters];
  const Whistle waits[kWaiters];
  Children children;
  children.add([&] {
    const auto store = open_in(directory.path(), clock);
    if (!store) return 1;
    Breakers breakers(store.get(), {}, this_process("boot-1"));
    const auto held = Writers(store.get(), breakers)
                          .acquire({.directory = directory.path(), .run_id = "h", .tag = "h", .lease = kLease});
    holds.blow();
    may_end.wait();
    return has_lease(held) ? 0 : 2;
  });
  for (std::size_t i = 0; i < kWaiters; ++i)
    children.add([&, i] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      Breakers breakers(store.get(), {}, this_process("boot-1"));
      Writers writers(store.get(), breakers);
      const std::string run = std::to_string(i);
      const WriterRequest wanted{
          .directory = directory.path(), .run_id = run, .tag = run, .lease = kLease, .place = breakers.new_place()};
      may_come[i].wait();
      if (has_lease(writers.acquire(wanted))) return 2;
      waits[i].blow();
      if (static_cast<int>(i) == killed) ::raise(SIGKILL);
      for (;;) {
        const WriterAdmission admission = writers.acquire(wanted);
        if (!has_lease(admission)) continue;
        const Fd order(::open(ended.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600));
        return ::write(order.get(), run.data(), run.size()) == 1 ? 0 : 3;
      }
    });
  children.open_gate();
  holds.wait();
  for (const std::size_t next : {3u, 0u, 4u, 2u, 1u}) {
    may_come[next].blow();
    waits[next].wait();
  }
  may_end.blow();
  std::vector<int> ends(kWaiters + 1, 0);
  std::string order = "30421";
  if (killed >= 0) ends[static_cast<std::size_t>(killed) + 1] = -SIGKILL;
  std::erase(order, static_cast<char>('0' + killed));
  CHECK(children.finish() == ends);
  CHECK(read_file(ended).value() == order);
  CHECK(open_in(directory.path(), clock)->writers().value() == WritersState{});
}
