#include "core/run/writers.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <utility>

#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/state/sqlite.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/stores.hpp"

// Runs that write, over every store and over processes: one at a time in a directory.

using namespace delegate;

namespace {

constexpr milliseconds kLease = 600s;

/// Processes of other tests that run at the same time have other marks.
std::string unique_run(const char* letter) { return "run" + std::to_string(::getpid()) + letter; }

bool has_lease(const WriterAdmission& admission) {
  const auto* lease = std::get_if<WriterLease>(&admission);
  return lease != nullptr && lease->unguarded_because().find("cannot be used") == std::string::npos;
}

std::string refusal_of(const WriterAdmission& admission) {
  const auto* refusal = std::get_if<WriterRefusal>(&admission);
  return refusal == nullptr ? "(admitted)" : refusal->message;
}

struct WritersDesk {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Breakers breakers{store.get(), {}, this_process("boot-1")};
  Writers writers{store.get(), breakers};

  WritersDesk() {
    for (const char* name : {"a/b/c", "a/bc", "d"}) std::filesystem::create_directories(directory / name);
  }
  std::string path(const char* name) const { return (directory / name).string(); }
  WriterAdmission acquire(const std::string& where, const std::string& tag = "run2") {
    return writers.acquire({.directory = where, .run_id = tag.substr(tag.rfind('/') + 1), .tag = tag, .lease = kLease});
  }
  bool may_write(const std::string& where) { return has_lease(acquire(where)); }
  /// Its place in the line is its tag.
  WriterRequest waiter(const std::string& where, const std::string& tag) const {
    return {.directory = where, .run_id = tag.substr(tag.rfind('/') + 1), .tag = tag, .lease = kLease, .place = tag};
  }
  bool has_turn(const WriterRequest& waiter) { return !writers.line_up(waiter); }
  std::size_t length_of_line() { return store->writers()->waiting.size(); }
  /// What is stored, past all rules.
  void put_writer(const std::string& where, const ProcessId& owner, const std::string& tag, milliseconds length) {
    REQUIRE(store->change_writers([&](WritersState& state, const HostTime& now) {
      state.writing.push_back(
          {where, tag, {.token = "token of " + tag, .owner = owner, .span = {now, length}, .tag = tag}});
    }));
  }
  ProcessId dead_process() const {
    ProcessId dead = breakers.self();
    dead.start_time -= 2;
    return dead;
  }
};

/// A CLI that a run has left behind.
class LeftProcess {
 public:
  explicit LeftProcess(const std::string& mark) : mark_(mark) {
    const Program sleeper{
        .executable = "/bin/sleep", .argv = {"sleep", "60"}, .env = {std::string(kRunIdVariable) + "=" + mark}};
    pid_ = start_in_session(sleeper, STDERR_FILENO, "/").value();
    const Deadline patience = Deadline::in(20s);
    while (processes_tagged(std::string(kRunIdVariable), mark).empty() && !patience.passed()) ::usleep(1000);
  }
  LeftProcess(const LeftProcess&) = delete;
  LeftProcess& operator=(const LeftProcess&) = delete;
  ~LeftProcess() { end(); }
  void end() {
    if (pid_ == 0) return;
    kill_child(std::exchange(pid_, 0));
    const Deadline patience = Deadline::in(20s);
    while (!processes_tagged(std::string(kRunIdVariable), mark_).empty() && !patience.passed()) ::usleep(1000);
  }

 private:
  std::string mark_;
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("a run that writes keeps others out of its directory, of those around it and of those in it") {
  WritersDesk desk;
  std::optional<WriterAdmission> first = desk.acquire(desk.path("a/b"), "run1");
  REQUIRE(has_lease(*first));
  for (const char* name : {"a/b", "a", "a/b/c", "a/b/c/../../b/", "a/b/not-there/yet", "."}) {
    CAPTURE(name);
    CHECK_FALSE(desk.may_write(desk.path(name)));
  }
  CHECK_FALSE(desk.may_write("/"));
  for (const char* name : {"a/bc", "d"}) CHECK(desk.may_write(desk.path(name)));
  std::filesystem::create_directory_symlink(desk.path("a/b/c"), desk.path("d/link"));
  CHECK_FALSE(desk.may_write(desk.path("d/link")));
  first.reset();
  CHECK(desk.may_write(desk.path("a")));
  CHECK(desk.store->writers()->writing.empty());
}

TEST_CASE("a run that is kept out learns which run has the directory, since when, and what can be done") {
  WritersDesk desk;
  const WriterAdmission first = desk.acquire(desk.path("a/b"), "run1");
  desk.clock.pass(12s);
  const WriterAdmission second = desk.acquire(desk.path("a"));
  const std::string pid = std::to_string(::getpid());
  const std::string place = std::filesystem::canonical(desk.path("a/b")).string();
  REQUIRE(refusal_of(second) == "run run1 of pid " + pid + " has been writing in " + place + " for 12 s");
  const auto& refusal = std::get<WriterRefusal>(second);
  CHECK(refusal.reason == WriterRefusal::Reason::directory_in_use);
  CHECK(to_string(refusal.reason) == "directory_in_use");
  CHECK(refusal.hint == "wait until it ends: `ask --wait-slot` and `submit` do; or stop process " + pid);
  CHECK(refusal.holder->run_id == "run1");
  CHECK(desk.store->writers()->writing.size() == 1);
}

TEST_CASE("a store that ends with its process keeps out no run of another one, and the lease says so") {
  WritersDesk desk;
  const WriterAdmission first = desk.acquire(desk.path("a/b"), "run1");
  const std::string place = std::filesystem::canonical(desk.path("a/b")).string();
  CHECK(std::get<WriterLease>(first).unguarded_because() ==
        (desk.kind.reach == Reach::whole_host ? ""
                                              : "a run of another process may write in " + place +
                                                    " at the same time, because state.store is \"memory\""));
}

TEST_CASE("a lease that was moved is released once, by its last holder") {
  WritersDesk desk;
  {
    auto first = desk.acquire(desk.path("a"), "run1");
    REQUIRE(has_lease(first));
    const WriterLease moved = std::get<WriterLease>(std::move(first));
    CHECK_FALSE(desk.may_write(desk.path("a")));
  }
  CHECK(desk.may_write(desk.path("a")));
}

TEST_CASE("a directory is free when the time of its lease is over, and after a reboot") {
  WritersDesk desk;
  const WriterAdmission hung = desk.acquire(desk.path("a"), "run1");
  SECTION("the time") {
    desk.clock.pass(kLease - 1ms);
    CHECK_FALSE(desk.may_write(desk.path("a")));
    desk.clock.pass(1ms);
  }
  SECTION("the boot") { desk.clock.reboot(); }
  CHECK(desk.may_write(desk.path("a")));
}

TEST_CASE(
    "a run whose CLI goes on keeps the directory beyond its time, as after a suspend; what a killed one left not") {
  WritersDesk desk;
  LeftProcess cli(unique_run("a") + ".1");
  const bool is_killed = GENERATE(false, true);
  desk.put_writer(std::filesystem::canonical(desk.path("a")).string(),
                  is_killed ? desk.dead_process() : desk.breakers.self(), unique_run("a"), kLease);
  CHECK_FALSE(desk.may_write(desk.path("a")));
  desk.clock.pass(kLease);
  CHECK(desk.may_write(desk.path("a")) == is_killed);
  cli.end();
  CHECK(desk.may_write(desk.path("a")));
  CHECK(desk.store->writers()->writing.empty());
}

TEST_CASE("what a killed run has started keeps others out until it ends, whichever of its calls that was") {
  WritersDesk desk;
  const std::string run = unique_run("b");
  const std::string call = GENERATE(".1", ".12", ".3/inner.1");
  LeftProcess cli(run + call);
  desk.put_writer(std::filesystem::canonical(desk.path("a")).string(), desk.dead_process(), run, kLease);
  desk.clock.pass(3s);
  CHECK(refusal_of(desk.acquire(desk.path("a/b"))).find("left behind when it was killed") != std::string::npos);
  CHECK(desk.may_write(desk.path("d")));
  cli.end();
  CHECK(desk.may_write(desk.path("a/b")));
}

TEST_CASE("processes of another run do not keep the directory of a killed one") {
  WritersDesk desk;
  const std::string run = unique_run("c");
  LeftProcess cli(run + GENERATE("1.1", "", ".x", "/inner.1"));
  desk.put_writer(std::filesystem::canonical(desk.path("a")).string(), desk.dead_process(), run, kLease);
  CHECK(desk.may_write(desk.path("a")));
}

TEST_CASE("a run that another one has started may write where that one does, but only one of them at a time") {
  WritersDesk desk;
  const WriterAdmission outer = desk.acquire(desk.path("a"), "run1");
  for (const char* other : {"run11.2/run5", "run1", "run1.2", "run2", ""}) {
    CAPTURE(other);
    CHECK_FALSE(has_lease(desk.acquire(desk.path("a"), other)));
  }
  const WriterAdmission inner = desk.acquire(desk.path("a"), "run1.2/run5");
  CHECK(has_lease(inner));
  CHECK(has_lease(desk.acquire(desk.path("a/b"), "run1.2/run5.1/run6")));
  CHECK(refusal_of(desk.acquire(desk.path("a/b"), "run1.2/run7")).starts_with("run run5 of pid"));
}

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

TEST_CASE("a row that no version writes keeps no run out") {
  WritersDesk desk;
  desk.put_writer("", desk.breakers.self(), "", kLease);
  CHECK(desk.may_write(desk.path("a")));
  CHECK(desk.may_write("/"));
}

TEST_CASE("of eight processes never two write in one directory") {
  TempDirectory directory;
  const TestClock clock;
  const Path work = directory / "work";
  std::filesystem::create_directories(work / "inner");
  const Path mark = directory / "someone-writes";
  Children children;
  for (int i = 0; i < 8; ++i)
    children.add([&, i] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      Breakers breakers(store.get(), {}, this_process("boot-1"));
      Writers writers(store.get(), breakers);
      const std::string run = "run" + std::to_string(i);
      for (int writes = 0; writes < 20;) {
        const Path place = i % 2 == 0 ? work : work / "inner";
        const auto admission = writers.acquire({.directory = place, .run_id = run, .tag = run, .lease = kLease});
        if (!has_lease(admission)) continue;
        const Fd writing(::open(mark.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!writing || ::unlink(mark.c_str()) != 0) return 2;
        ++writes;
      }
      return 0;
    });
  CHECK(children.finish() == std::vector<int>(8, 0));
  CHECK(open_in(directory.path(), clock)->writers()->writing.empty());
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

TEST_CASE("the directory of a killed process is free once the CLI that it had started has ended") {
  TempDirectory directory;
  const TestClock clock;
  const std::string run = unique_run("d");
  const bool has_cli = GENERATE(false, true);
  const Whistle ready;
  Children owner;
  owner.add([&] {
    const auto store = open_in(directory.path(), clock);
    if (!store) return 1;
    Breakers breakers(store.get(), {}, this_process("boot-1"));
    Writers writers(store.get(), breakers);
    const auto held = writers.acquire({.directory = directory.path(), .run_id = run, .tag = run, .lease = kLease});
    if (!has_lease(held)) return 2;
    std::optional<LeftProcess> cli;
    if (has_cli) cli.emplace(run + ".1");
    ready.blow();
    for (;;) ::pause();
  });
  owner.open_gate();
  ready.wait();
  const auto store = open_in(directory.path(), clock);
  Breakers breakers(store.get(), {}, this_process("boot-1"));
  Writers writers(store.get(), breakers);
  const auto may_write = [&] {
    return has_lease(writers.acquire({.directory = directory.path(), .run_id = "b", .tag = "b", .lease = kLease}));
  };
  CHECK_FALSE(may_write());
  owner.kill_all();
  CHECK(may_write() != has_cli);
  if (!has_cli) return;
  CHECK(kill_tagged(std::string(kRunIdVariable), run + ".1") == 1);
  CHECK(may_write());
}

TEST_CASE("a store that is locked is no permission to write, and the refusal says by which process") {
  TempDirectory directory;
  const TestClock clock;
  const auto store = open_sqlite_store(directory / "state.db", clock, 1ms);
  REQUIRE(store);
  Breakers breakers(store->get(), {}, this_process("boot-1"));
  Writers writers(store->get(), breakers);
  const WriterRequest wanted{.directory = directory.path(), .run_id = "run1", .tag = "run1", .lease = kLease};
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((directory / "state.db").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  {
    const WriterAdmission refused = writers.acquire(wanted);
    REQUIRE(refusal_of(refused).starts_with("the state is locked"));
    CHECK(std::get<WriterRefusal>(refused).reason == WriterRefusal::Reason::state_locked);
  }
  REQUIRE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  CHECK(has_lease(writers.acquire(wanted)));
  SECTION("also while it is opened") {
    Breakers unopened(nullptr, Error{Code::busy, "state.db: locked", {}}, this_process("boot-1"));
    CHECK(refusal_of(Writers(nullptr, unopened).acquire(wanted)) == "the state is locked");
  }
}
