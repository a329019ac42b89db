#include "core/run/writers.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "core/os/launch.hpp"
#include "core/state/sqlite.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/writers_desk.hpp"

// Runs that write, over every store and over processes: one at a time in a directory.

using namespace delegate;

namespace {

/// Processes of other tests that run at the same time have other marks.
std::string unique_run(const char* letter) { return "run" + std::to_string(::getpid()) + letter; }

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
