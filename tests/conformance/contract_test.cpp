#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/conformance/stores.hpp"

// What every store promises, whatever it is made of.

using namespace delegate;

namespace {

constexpr auto kAllStates = {BreakerState::closed, BreakerState::open, BreakerState::half_open,
                             BreakerState::forced_open, BreakerState::disabled};

struct Shop {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
};

}  // namespace

TEST_CASE("a new store is empty, describes itself, and has no notice") {
  Shop shop;
  CAPTURE(shop.kind.name);
  REQUIRE(shop.store);
  CHECK(shop.store->describe().kind == shop.kind.name);
  CHECK(shop.store->describe().ok);
  CHECK(shop.store->notice().empty());
  const auto reading = shop.store->read();
  REQUIRE(reading);
  CHECK(reading->backends.empty());
  CHECK(reading->now == shop.clock.now());
}

TEST_CASE("an update starts from a default state and gets the store's time") {
  Shop shop;
  bool called = false;
  REQUIRE(shop.store->update("codex", [&](BackendState& state, const HostTime& now) {
    called = true;
    CHECK(state == BackendState{});
    CHECK(now == shop.clock.now());
  }));
  CHECK(called);
}

TEST_CASE("backends with one peer share the state of drops, and nothing else [R20]") {
  Shop shop;
  CAPTURE(shop.kind.name);
  const auto come_to = [&](const char* backend, const char* peer) {
    REQUIRE(shop.store->update(backend, [&](BackendState& state, const HostTime&) { state.peer = peer; }));
  };
  come_to("one", "http://host:1");
  come_to("two", "http://host:1");
  come_to("elsewhere", "http://host:2");
  come_to("unknown", "");
  const Span burst{shop.clock.now(), 2s};
  REQUIRE(shop.store->update("one", [&](BackendState& state, const HostTime& now) {
    state.breaker.burst = burst;
    state.breaker.bursts_in_a_row = 2;
    state.breaker.streak.push_back(now);
  }));
  CHECK(state_of(*shop.store, "two").breaker.burst == burst);
  CHECK(state_of(*shop.store, "two").breaker.bursts_in_a_row == 2);
  CHECK(state_of(*shop.store, "two").breaker.streak.empty());
  for (const char* other : {"elsewhere", "unknown"}) CHECK_FALSE(state_of(*shop.store, other).breaker.burst);
  come_to("late", "http://host:1");
  CHECK(state_of(*shop.store, "late").breaker.bursts_in_a_row == 2);
  REQUIRE(shop.store->update("late", [](BackendState& state, const HostTime&) { state.breaker.bursts_in_a_row = 0; }));
  for (const char* backend : {"one", "two", "late"}) CHECK(state_of(*shop.store, backend).breaker.bursts_in_a_row == 0);
  CHECK(state_of(*shop.store, "one").breaker.burst == burst);
}

TEST_CASE("every field of a state survives: save, change, restore") {
  Shop shop;
  for (const BreakerState kind : kAllStates) {
    const BackendState state = latest_state(kind);
    REQUIRE(put(*shop.store, "codex", state));
    CHECK(state_of(*shop.store, "codex") == state);
    REQUIRE(put(*shop.store, "codex", BackendState{}));
    CHECK(state_of(*shop.store, "codex") == BackendState{});
    REQUIRE(put(*shop.store, "codex", state));
    BackendState seen;
    REQUIRE(shop.store->update("codex", [&](BackendState& stored, const HostTime&) { seen = stored; }));
    CHECK(seen == state);
  }
}

TEST_CASE("an update touches its own backend only, whatever its name") {
  Shop shop;
  for (const std::string name : {"codex", "Codex", "", "a b", "ollama:8b/\"x\"", "\u00fc'; DROP TABLE runs; --"}) {
    BackendState state;
    state.endpoint = "of " + name;
    REQUIRE(put(*shop.store, name, state));
  }
  const auto reading = shop.store->read();
  REQUIRE(reading);
  CHECK(reading->backends.size() == 6);
  for (const auto& [name, state] : reading->backends) CHECK(state.endpoint == "of " + name);
}

TEST_CASE("nothing is stored when nothing changed") {
  Shop shop;
  REQUIRE(shop.store->update("codex", [](BackendState&, const HostTime&) {}));
  CHECK(shop.store->read()->backends.empty());
  REQUIRE(put(*shop.store, "codex", elaborate_state(BreakerState::open)));
  REQUIRE(shop.store->update("codex", [](BackendState& state, const HostTime&) {
    state.breaker.trips += 1;
    state.breaker.trips -= 1;
  }));
  CHECK(state_of(*shop.store, "codex") == elaborate_state(BreakerState::open));
}

TEST_CASE("what was read does not change behind the reader's back") {
  Shop shop;
  REQUIRE(put(*shop.store, "codex", elaborate_state(BreakerState::closed)));
  const auto reading = shop.store->read();
  REQUIRE(put(*shop.store, "codex", BackendState{}));
  CHECK(reading->backends.at("codex") == elaborate_state(BreakerState::closed));
}

TEST_CASE("a snapshot is of one moment: two fields that change together are never seen apart") {
  Shop shop;
  std::atomic<int> failed = 0;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 1; i <= 300; ++i)
      failed += !shop.store->update("codex", [&](BackendState& state, const HostTime&) {
        state.breaker.trips = i;
        state.endpoint = std::to_string(i);
        state.breaker.last_failure = LastFailure{"timed_out", std::to_string(i), 1ms};
      });
    done = true;
  });
  std::int64_t last = 0;
  int torn = 0;
  while (!done) {
    const BackendState state = state_of(*shop.store, "codex");
    torn += state.breaker.trips < last;
    last = state.breaker.trips;
    if (last > 0)
      torn += state.endpoint != std::to_string(last) || state.breaker.last_failure->message != state.endpoint;
  }
  writer.join();
  CHECK(torn == 0);
  CHECK(failed == 0);
  CHECK(state_of(*shop.store, "codex").breaker.trips == 300);
}

TEST_CASE("eight threads with two hundred updates each lose nothing") {
  Shop shop;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n)
        while (!shop.store->update("codex", [](BackendState& state, const HostTime&) { ++state.breaker.trips; })) {}
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(state_of(*shop.store, "codex").breaker.trips == 1600);
}

TEST_CASE("a cooldown follows the boot clock: with the wall clock set back an hour, it still ends on time [R14]") {
  Shop shop;
  REQUIRE(shop.store->update("codex", [](BackendState& s, const HostTime& now) { open_for(s.breaker, now, 60s); }));
  shop.clock.set_wall_clock(-1h);
  shop.clock.pass(59s);
  const auto ask = [&] {
    PermitKind kind = PermitKind::denied;
    CHECK(shop.store->update("codex", [&](BackendState& state, const HostTime& now) {
      const LeaseRequest request{.owner = {"boot-1", 1, 1}, .token = "t", .lease = 1min};
      kind = try_acquire(state.breaker, now, request, [](const ProcessId&) { return false; }).ticket.kind;
    }));
    return kind;
  };
  CHECK(ask() == PermitKind::denied);
  SECTION("one second later") { shop.clock.pass(1s); }
  SECTION("after a reboot it is clamped and moved to the new clock [R15]") {
    shop.clock.reboot();
    shop.clock.set_wall_clock(-5h);
    CHECK(ask() == PermitKind::denied);
    CHECK(state_of(*shop.store, "codex").breaker.cooldown == Span{shop.clock.now(), 60s});
    shop.clock.pass(60s - 1ms);
    CHECK(ask() == PermitKind::denied);
    shop.clock.pass(1ms);
  }
  CHECK(ask() == PermitKind::probe);
}

TEST_CASE("manual decisions survive the process [R13]") {
  TempDirectory directory;
  TestClock clock;
  for (const StoreKind& kind : store_kinds()) {
    if (kind.reach == Reach::one_process) continue;
    for (const BreakerState by_hand : {BreakerState::forced_open, BreakerState::disabled}) {
      REQUIRE(put(*kind.open(clock, directory.path()), "codex", elaborate_state(by_hand)));
      clock.reboot();
      CHECK(state_of(*kind.open(clock, directory.path()), "codex").breaker.state == by_hand);
    }
  }
}
