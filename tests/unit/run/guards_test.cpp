#include "core/run/guards.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "core/state/memory.hpp"
#include "tests/helpers/hand_clock.hpp"

// The guards of our own side jobs: a job that keeps failing is paused for a while.
using namespace delegate;
using namespace std::chrono_literals;
using delegate::test::HandClock;

namespace {

struct House {
  HandClock clock;
  std::unique_ptr<StateStore> store = make_memory_store(clock);
  ProcessId self{"boot-1", ::getpid(), 1};
  GuardSettings settings{.threshold = 3, .reset_after = 5min};
  Guards guards{store.get(), self, settings};
  int calls = 0;
  std::string said;

  Guarded<std::string> job(bool works) {
    auto done = guard_fail_open(
        guards, "cache",
        [&]() -> Result<std::string> {
          ++calls;
          if (works) return std::string("fresh");
          return fail(Code::unavailable, "disk is full");
        },
        "stale");
    if (!done.remark.text.empty()) said += done.remark.text + "\n";
    return done;
  }
  void fail_times(int times) {
    for (int i = 0; i < times; ++i) job(false);
  }
  GuardState state() { return store->guard("cache").value(); }
};

}  // namespace

TEST_CASE("a side job that works leaves no trace") {
  House house;
  const auto done = house.job(true);
  CHECK(done.value == "fresh");
  CHECK(done.ran);
  CHECK_FALSE(done.error);
  CHECK(house.said.empty());
  CHECK(house.store->read()->guards.empty());
}

TEST_CASE("a job that fails open returns its fallback, and its failure is still reported") {
  House house;
  const auto done = house.job(false);
  CHECK(done.value == "stale");
  CHECK(done.ran);
  REQUIRE(done.error);
  CHECK(done.error->what == "disk is full");
}

TEST_CASE("after three failures in a row a job is paused, with one remark") {
  House house;
  house.fail_times(3);
  CHECK(house.said ==
        "cache failed: disk is full\n"
        "cache failed: disk is full\n"
        "cache: failed 3 times in a row, paused for 5m (last: disk is full)\n");
  house.said.clear();
  const auto left_out = house.job(true);
  CHECK(left_out.value == "stale");
  CHECK_FALSE(left_out.ran);
  CHECK(house.calls == 3);
  CHECK(house.said == "cache: skipped once so far (last: disk is full)\n");
}

TEST_CASE("the first skipped job is reported, and then every twentieth") {
  House house;
  house.fail_times(3);
  house.said.clear();
  for (int i = 0; i < 41; ++i) house.job(true);
  CHECK(house.said ==
        "cache: skipped once so far (last: disk is full)\n"
        "cache: skipped 20 times so far (last: disk is full)\n"
        "cache: skipped 40 times so far (last: disk is full)\n");
  CHECK(house.state().skipped == 41);
}

TEST_CASE("a success in between restarts the count") {
  House house;
  house.fail_times(2);
  house.job(true);
  house.fail_times(2);
  CHECK(house.state().breaker.state == BreakerState::closed);
  CHECK(house.state().failures == 2);
}

TEST_CASE("after the wait one job is tried, and its failure is not reported again") {
  House house;
  house.fail_times(3);
  house.said.clear();
  house.clock.pass(5min);
  house.job(false);
  CHECK(house.calls == 4);
  CHECK(house.said.empty());
  house.job(true);
  CHECK(house.calls == 4);
  CHECK(house.state().breaker.trips == 1);
}

TEST_CASE("when the trial works the guard closes and says how often the job was skipped") {
  House house;
  house.fail_times(3);
  for (int i = 0; i < 7; ++i) house.job(true);
  house.said.clear();
  house.clock.pass(5min);
  CHECK(house.job(true).value == "fresh");
  CHECK(house.said == "cache: works again, was skipped 7 times\n");
  CHECK(house.state().failures == 0);
  CHECK(house.state().skipped == 0);
}

TEST_CASE("only one is tried at a time, over all processes") {
  House house;
  house.fail_times(3);
  house.clock.pass(5min);
  Guards others(house.store.get(), {"boot-1", 5, 7, 1}, house.settings);  // of another pid namespace: it may well live
  const Guards::Entry first = others.enter("cache");
  CHECK(first.may_run);
  CHECK_FALSE(house.guards.enter("cache").may_run);
  CHECK(others.leave("cache", first, nullptr).text == "cache: works again, was skipped once");
}

TEST_CASE("a job that others keep waiting has not failed: it is said, and never counted") {
  House house;
  const Error busy{Code::busy, "others hold it", ""};
  for (int i = 0; i < 5; ++i)
    CHECK(house.guards.leave("cache", house.guards.enter("cache"), &busy).text == "cache failed: others hold it");
  CHECK(house.state() == GuardState{});
}

TEST_CASE("a job that began before the trip and fails after it is said, and not counted") {
  House house;
  const Guards::Entry early = house.guards.enter("cache");
  house.fail_times(3);
  const Error late{Code::unavailable, "too late", ""};
  CHECK(house.guards.leave("cache", early, &late).text == "cache failed: too late");
  CHECK(house.state().failures == 3);
}

TEST_CASE("a single try that others keep waiting is given back, for the next one to take") {
  House house;
  house.fail_times(3);
  house.clock.pass(5min);
  const Error busy{Code::busy, "others hold it", ""};
  for (int i = 0; i < 2; ++i) {
    const Guards::Entry entry = house.guards.enter("cache");
    REQUIRE(entry.is_trial);
    CHECK(house.guards.leave("cache", entry, &busy).text == "cache failed: others hold it");
  }
  CHECK(house.state().failures == 3);
  CHECK(house.job(true).remark.text == "cache: works again");
}

TEST_CASE("a job that was stopped says nothing of itself: neither counted nor said, and its single try given back") {
  House house;
  const Error stopped{Code::cancelled, "was interrupted", ""};
  for (int i = 0; i < 5; ++i) CHECK(house.guards.leave("cache", house.guards.enter("cache"), &stopped).text.empty());
  CHECK(house.state() == GuardState{});
  house.fail_times(3);
  house.clock.pass(5min);
  const Guards::Entry entry = house.guards.enter("cache");
  REQUIRE(entry.is_trial);
  CHECK(house.guards.leave("cache", entry, &stopped).text.empty());
  CHECK(house.state().failures == 3);
  CHECK(house.job(true).remark.text == "cache: works again");
}

TEST_CASE("with reset_after 0 a job stays paused until the guard is reset") {
  House house;
  house.settings.reset_after = 0ms;
  Guards guards(house.store.get(), house.self, house.settings);
  const Error broken{Code::unavailable, "broken", ""};
  std::string said;
  for (int i = 0; i < 3; ++i) said = guards.leave("cache", guards.enter("cache"), &broken).text;
  CHECK(said == "cache: failed 3 times in a row, paused until it is reset (last: broken)");
  house.clock.pass(24h * 365);
  CHECK_FALSE(guards.enter("cache").may_run);
  CHECK(guards.reset("cache").value() == 1);
  CHECK(guards.enter("cache").may_run);
}

TEST_CASE("a reset of all closes each, of an unknown name none") {
  House house;
  house.fail_times(3);
  CHECK(house.guards.reset("nobody").value() == 0);
  CHECK(house.guards.reset("").value() == 1);
  CHECK(house.guards.reset("").value() == 0);
  CHECK(house.job(true).value == "fresh");
}

TEST_CASE("the fallback is made again for each call") {
  House house;
  const auto broken = []() -> Result<std::vector<int>> { return fail(Code::internal, "no"); };
  const std::vector<int> otherwise{1};
  auto first = guard_fail_open(house.guards, "list", broken, otherwise);
  first.value.push_back(2);
  CHECK(guard_fail_open(house.guards, "list", broken, otherwise).value == std::vector<int>{1});
  int made = 0;
  const auto factory = [&] { return std::vector<int>(static_cast<std::size_t>(++made)); };
  CHECK(guard_fail_open(house.guards, "list", broken, factory).value.size() == 1);
  CHECK(guard_fail_open(house.guards, "list", broken, factory).value.size() == 2);
}

TEST_CASE("a paused job that fails closed is an error, like one that fails") {
  House house;
  const auto broken = []() -> Result<bool> { return fail(Code::data_loss, "unreadable"); };
  for (int i = 0; i < 3; ++i) CHECK(guard_fail_closed(house.guards, "claim", broken).error().code == Code::data_loss);
  int asked = 0;
  const auto refused = guard_fail_closed(house.guards, "claim", [&]() -> Result<bool> {
    ++asked;
    return true;
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unavailable);
  CHECK(refused.error().what == "claim is paused: unreadable");
  CHECK(asked == 0);
}

TEST_CASE("a guard's trip is on record, acknowledged when it works again, and never sent") {
  House house;
  house.fail_times(3);
  auto rows = house.store->notifications().value();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == "guard");
  CHECK(rows[0].delivery == DeliveryState::unwanted);
  CHECK_FALSE(rows[0].acknowledged_at);
  house.clock.pass(5min);
  house.job(true);
  rows = house.store->notifications().value();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].acknowledged_at);
}

TEST_CASE("the notification of a guard has the newest remark about it, for jobs whose output is not read") {
  House house;
  const auto newest = [&] { return house.store->notifications().value().back().detail; };
  const auto broken = []() -> Result<bool> { return fail(Code::data_loss, "unreadable"); };
  const auto gate = [&] { return guard_fail_closed(house.guards, "cache", broken).has_value(); };
  for (int i = 0; i < 3; ++i) CHECK_FALSE(gate());
  CHECK(newest() == "cache: failed 3 times in a row, paused for 5m (last: unreadable)");
  CHECK_FALSE(gate());
  CHECK(newest() == "cache: skipped once so far (last: unreadable)");
  for (int i = 0; i < 19; ++i) CHECK_FALSE(gate());
  CHECK(newest() == "cache: skipped 20 times so far (last: unreadable)");
  house.clock.pass(5min);
  house.job(true);
  CHECK(newest() == "cache: works again, was skipped 20 times");
}

TEST_CASE("what a guard keeps and says of an error has no directories; who keeps count gets all of it") {
  House house;
  const std::string what = "/home/jo smith/state.db: query: no such table: runs (see '/var/log/x y.log', and/or a/b)";
  const auto broken = [&]() -> Status { return fail(Code::unavailable, what); };
  const auto done = guard_fail_open(house.guards, "history", broken);
  CHECK(done.error->what == what);
  CHECK(done.remark.text == "history failed: state.db: query: no such table: runs (see 'x y.log', and/or a/b)");
  CHECK(house.store->guard("history").value().breaker.streak.size() == 1);
}

TEST_CASE("a success of one process ends the failures of another, whichever began first") {
  House house;
  const Guards::Entry early = house.guards.enter("cache");
  house.fail_times(2);
  CHECK(house.guards.leave("cache", early, nullptr).text.empty());
  CHECK(house.state().failures == 0);
}

TEST_CASE("without a store every side job runs, and its failures are said") {
  Guards none(nullptr, {}, {});
  for (int i = 0; i < 10; ++i) {
    const Guards::Entry entry = none.enter("history");
    CHECK(entry.may_run);
    const Error error{Code::internal, "x", ""};
    CHECK(none.leave("history", entry, &error).text == "history failed: x");
    CHECK(none.leave("history", entry, nullptr).text.empty());
  }
}
