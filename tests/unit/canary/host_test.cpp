#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/config/paths.hpp"
#include "tests/unit/canary/lab.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Lines = std::vector<std::string>;

/// No file of this process grows meanwhile: as on a full disk, also for root.
class NoRoom {
 public:
  NoRoom() {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoRoom() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("L-03: what grows beyond its bound is a violation until it is smaller") {
  CanaryLab lab;
  SECTION("a directory") {
    std::filesystem::create_directory(lab.path("scratch"));
    for (int i = 0; i < 1001; ++i) std::filesystem::create_directory(lab.path("scratch/" + std::to_string(i)));
    CHECK(lab.verdict("L-03") == "violated");
    CHECK(lab.found("L-03") == Lines{"private directories of calls: 1001, at most 1000"});
    std::filesystem::remove_all(lab.path("scratch"));
  }
  SECTION("requests that could not be read") {
    for (int i = 0; i < 1001; ++i) lab.write(lab.path("set-aside/" + std::to_string(i) + ".json"));
    CHECK(lab.verdict("L-03") == "violated");
    CHECK(lab.found("L-03") == Lines{"requests in set-aside: 1001, at most 1000"});
    std::filesystem::remove_all(lab.path("set-aside"));
  }
  SECTION("damaged files") {
    for (int i = 0; i < 21; ++i) lab.write(lab.path("state.db.damaged-" + std::to_string(i)));
    CHECK(lab.verdict("L-03") == "violated");
    CHECK(lab.found("L-03") == Lines{"damaged state files: 21, at most 20"});
    for (int i = 0; i < 21; ++i) std::filesystem::remove(lab.path("state.db.damaged-" + std::to_string(i)));
  }
  SECTION("notifications") {
    for (int i = 1; i <= 201; ++i)
      REQUIRE(lab.store().change_notifications([&](NotificationRows& rows, const HostTime&) {
        rows.push_back({.id = i, .delivery = DeliveryState::delivered});
      }));
    CHECK(lab.verdict("L-03") == "violated");
    CHECK(lab.found("L-03") == Lines{"notifications: 201, at most 200"});
    REQUIRE(lab.store().change_notifications([](NotificationRows& rows, const HostTime&) { rows.clear(); }));
  }
  SECTION("the history, if it does not even get smaller as runs end") {
    lab.config.history.limit = 1;
    const auto add = [&](int first, int count) {
      for (int i = first; i < first + count; ++i) lab.add_run("run-" + std::to_string(i), lab.self());
    };
    add(0, 202);
    CHECK(lab.verdict("L-03") == "held");  // the limit may have been lowered just now
    add(202, 199);
    CHECK(lab.verdict("L-03") == "held");
    add(401, 1);
    CHECK(lab.verdict("L-03") == "violated");
    CHECK(lab.found("L-03") == Lines{"runs in the history: 402, at most 201"});
    CHECK(lab.verdict("L-03") == "violated");
    lab.tamper("DELETE FROM runs WHERE number < 300");
  }
  CHECK(lab.verdict("L-03") == "held");
}

TEST_CASE("H-01: a record from the future is a violation until its time has come") {
  CanaryLab lab;
  lab.add_run("run-a", lab.self());
  CHECK(lab.verdict("H-01") == "held");
  lab.clock.set_wall_clock(-30s);
  CHECK(lab.verdict("H-01") == "held");  // time servers set it so
  lab.clock.set_wall_clock(-10min);
  CHECK(lab.verdict("H-01") == "violated");
  CHECK(lab.found("H-01").at(0).starts_with("the newest record is 10 m "));
  lab.clock.pass(10min);
  CHECK(lab.verdict("H-01") == "held");
}

TEST_CASE("H-01: a clock since the boot that goes back is a violation in the cycle that sees it") {
  CanaryLab lab;
  lab.clock.set_boot_clock(2min);
  CHECK(lab.verdict("H-01") == "held");
  lab.clock.set_boot_clock(-2min);
  CHECK(lab.verdict("H-01") == "violated");
  CHECK(lab.found("H-01") == Lines{"the clock since the boot has gone back by 2 m, or two boots have the same id"});
  CHECK(lab.verdict("H-01") == "held");
}

TEST_CASE("H-01: a breaker that opened later in this boot than it is now is a violation until then") {
  CanaryLab lab;
  lab.set("codex", [](BackendState& state, const HostTime& now) {
    state.breaker.state = BreakerState::open;
    state.breaker.cooldown = {{now.boot_id, now.boot + 2min, now.wall}, 1min};
  });
  CHECK(lab.verdict("H-01") == "violated");
  lab.clock.pass(1min);
  CHECK(lab.verdict("H-01") == "held");
}

TEST_CASE("C-01: a worker that was started before its configuration changed is a violation until it ends") {
  CanaryLab lab;
  IdleProcess worker("", "XDG_CONFIG_HOME=" + lab.path("config"));
  REQUIRE(lab.store().jobs()->lead(worker.id(), 1h, [](const ProcessId&) { return false; }));
  CHECK(lab.verdict("C-01") == "held");
  lab.set_variable("XDG_CONFIG_HOME", lab.path("config"));
  const std::string file = user_config_path(lab.process());
  lab.set_variable("XDG_CONFIG_HOME", lab.path("mine"));
  lab.clock.pass(10min);
  lab.write(file, -5min);
  CHECK(lab.verdict("C-01") == "violated");
  CHECK(lab.found("C-01") == Lines{"`delegate worker` (process " + std::to_string(worker.pid()) +
                                   ") was started before the configuration file changed"});
  lab.write(file, -1h);
  CHECK(lab.verdict("C-01") == "held");
  lab.write(file, 1h);
  CHECK(lab.verdict("C-01") == "skipped");  // a clock was wrong
  lab.write(file, -5min);
  worker.end();
  CHECK(lab.verdict("C-01") == "held");
}

TEST_CASE("C-02: state files that others may read are a violation until their mode is right") {
  CanaryLab lab;
  CHECK(lab.verdict("C-02") == "held");
  ::chmod(lab.path("state.db").c_str(), 0644);
  CHECK(lab.verdict("C-02") == "violated");
  CHECK(lab.found("C-02") == Lines{"state.db is open to other users (mode 0644)"});
  ::chmod(lab.path("state.db").c_str(), 0600);
  CHECK(lab.verdict("C-02") == "held");
  ::chmod(lab.path("").c_str(), 0755);
  CHECK(lab.verdict("C-02") == "held");
  ::chmod(lab.path("").c_str(), 0777);
  CHECK(lab.verdict("C-02") == "violated");
  CHECK(lab.found("C-02") == Lines{"the directory of the state is open to other users (mode 0777)"});
}

TEST_CASE("C-02: a state that cannot be written is a violation, and the cycle says that it is not remembered") {
  CanaryLab lab;
  lab.cycle();
  {
    const NoRoom full;
    const canary::CycleReport report = lab.cycle();
    CHECK(lab.found("C-02").at(0).starts_with("the state cannot be written: state.db: "));
    CHECK_FALSE(report.is_remembered());
    CHECK_FALSE(report.is_clean());
  }
  CHECK(lab.verdict("C-02") == "held");
}

TEST_CASE("C-02: a state that another process keeps locked is an error that names it") {
  CanaryLab lab;
  lab.cycle();
  sqlite3* other = nullptr;
  REQUIRE(::sqlite3_open(lab.path("state.db").c_str(), &other) == SQLITE_OK);
  REQUIRE(::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  lab.open(10ms);
  const canary::CycleReport report = lab.cycle();
  CHECK(lab.reason("C-02") == "the state is locked by process " + std::to_string(::getpid()));
  CHECK_FALSE(report.is_clean());
  CHECK_FALSE(report.is_remembered());
  ::sqlite3_close(other);
  CHECK(lab.verdict("C-02") == "held");
}
