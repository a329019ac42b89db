#include "core/run/breakers.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <utility>

#include "core/os/process.hpp"
#include "tests/conformance/stores.hpp"

// Breakers and their permits, over every store.

using namespace delegate;

namespace {

struct Desk {
  StoreKind kind = GENERATE(from_range(store_kinds()));
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = kind.open(clock, directory.path());
  Breakers breakers{store.get(), {}, this_process("boot-1")};
  AdmissionRequest codex{.backend = "codex", .max_parallel = 4, .lease = 150s, .endpoint = "/bin/codex\n1"};

  Breaker breaker() { return state_of(*store, "codex").breaker; }
  std::size_t slots() { return state_of(*store, "codex").slots.size(); }
  Permit permit() {
    auto admission = breakers.admit(codex);
    if (auto* skip = std::get_if<Skip>(&admission)) FAIL("refused: " << to_string(skip->reason) << skip->message);
    return std::get<Permit>(std::move(admission));
  }
  Skip refusal() {
    auto admission = breakers.admit(codex);
    if (std::holds_alternative<Permit>(admission)) FAIL("admitted");
    return std::get<Skip>(admission);
  }
  void trip() {
    for (int i = 0; i < 3; ++i)
      permit().settle({.verdict = Verdict::failure, .outcome = "timed_out", .message = "no answer"});
  }
};

}  // namespace

TEST_CASE("a permit holds a slot until it is settled, once") {
  Desk desk;
  {
    Permit permit = desk.permit();
    CHECK(permit.kind() == PermitKind::normal);
    CHECK(desk.slots() == 1);
    CHECK(permit.settle({.verdict = Verdict::failure}).counted);
    CHECK(desk.slots() == 0);
    CHECK_FALSE(permit.settle({.verdict = Verdict::failure}).counted);  // [R10]
  }
  CHECK(desk.breaker().streak.size() == 1);
}

TEST_CASE("a permit that is not settled is neutral when it goes away [R6]") {
  Desk desk;
  desk.trip();
  desk.clock.pass(60s);
  {
    const Permit probe = desk.permit();
    CHECK(probe.kind() == PermitKind::probe);
    CHECK(desk.refusal().reason == SkipReason::probe_running);
  }
  CHECK(desk.slots() == 0);
  CHECK(desk.breaker().cooldowns_in_a_row == 1);
  CHECK(desk.permit().kind() == PermitKind::probe);
}

TEST_CASE("a permit that was moved is settled by its new owner alone") {
  Desk desk;
  {
    Permit first = desk.permit();
    Permit second = std::move(first);
    CHECK(desk.slots() == 1);
    CHECK(second.settle({.verdict = Verdict::failure}).counted);
  }
  CHECK(desk.breaker().streak.size() == 1);
}

TEST_CASE("a refusal states its reason, the last failure and when to retry") {
  Desk desk;
  desk.trip();
  desk.clock.pass(59'999ms);
  const Skip skip = desk.refusal();
  CHECK(skip.reason == SkipReason::breaker_open);
  CHECK(skip.message == "no answer");
  CHECK(skip.retry_in == 1ms);
  REQUIRE(desk.breakers.change("codex", [](Breaker& breaker, const HostTime&) { force_open(breaker); }));
  CHECK(desk.refusal().reason == SkipReason::tripped_manually);
  CHECK_FALSE(desk.refusal().retry_in);
}

TEST_CASE("the trip is reported to the caller whose failure caused it [R12]") {
  Desk desk;
  for (int i = 0; i < 2; ++i) CHECK_FALSE(desk.permit().settle({.verdict = Verdict::failure}).tripped);
  CHECK(desk.permit().settle({.verdict = Verdict::failure}).tripped);
  desk.clock.pass(60s);
  CHECK(desk.permit().settle({.verdict = Verdict::success}).recovered);
}

TEST_CASE("slots are counted over the host, and come back one by one") {
  Desk desk;
  desk.codex.max_parallel = 2;
  std::optional<Permit> first = desk.permit();
  const Permit second = desk.permit();
  const Skip skip = desk.refusal();
  CHECK(skip.reason == SkipReason::no_slot);
  CHECK(skip.message == "2 of 2 slots in use");
  first.reset();
  const Permit third = desk.permit();
  CHECK(desk.refusal().reason == SkipReason::no_slot);
}

TEST_CASE("a missing slot spends no probe [R19]") {
  Desk desk;
  desk.codex.max_parallel = 1;
  std::optional<Permit> slow = desk.permit();
  REQUIRE(desk.breakers.change("codex", [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1s); }));
  desk.clock.pass(1s);
  for (int i = 0; i < 5; ++i) CHECK(desk.refusal().reason == SkipReason::no_slot);
  CHECK_FALSE(desk.breaker().probe);
  slow.reset();
  CHECK(desk.permit().kind() == PermitKind::probe);
}

TEST_CASE("an open breaker refuses before slots are checked") {
  Desk desk;
  desk.codex.max_parallel = 1;
  std::optional<Permit> slow = desk.permit();
  REQUIRE(desk.breakers.change("codex", [](Breaker& breaker, const HostTime& now) { open_for(breaker, now, 1h); }));
  CHECK(desk.refusal().reason == SkipReason::tripped_manually);
}

TEST_CASE("a slot whose lease is over is free, also after a reboot") {
  Desk desk;
  desk.codex.max_parallel = 1;
  std::optional<Permit> lost = desk.permit();  // its call hangs for a long time
  SECTION("the lease") {
    desk.clock.pass(150s - 1ms);
    CHECK(desk.refusal().reason == SkipReason::no_slot);
    desk.clock.pass(1ms);
  }
  SECTION("the boot") { desk.clock.reboot(); }
  CHECK(desk.permit().kind() == PermitKind::normal);
  lost.reset();
  CHECK(desk.slots() == 0);
}

TEST_CASE("an answer undoes a trip for a rejected login only if it is of the same login and executable [R23]") {
  const CallReport signed_out{
      .verdict = Verdict::failure, .trip = Trip::revocable, .outcome = "unauthenticated", .message = "sign in"};
  Desk desk;
  Permit slow = desk.permit();
  SECTION("the same") {
    CHECK(desk.permit().settle(signed_out).tripped);
    CHECK(slow.settle({.verdict = Verdict::success}).recovered);
    CHECK(desk.breaker().state == BreakerState::closed);
    CHECK(desk.store->notifications()->size() == 2);
  }
  SECTION("another one took its place") {
    desk.codex.endpoint = "/opt/codex\n1\nCODEX_HOME=/srv/other";
    CHECK(desk.permit().settle(signed_out).tripped);
    CHECK_FALSE(slow.settle({.verdict = Verdict::success}).counted);
    CHECK(desk.breaker().state == BreakerState::open);
    CHECK(desk.store->notifications()->size() == 1);
  }
  SECTION("another shell used its own meanwhile, and was refused") {
    const std::string other = "/opt/codex\n1\nCODEX_HOME=/srv/other";
    const std::string own = std::exchange(desk.codex.endpoint, other);
    Permit slow_other = desk.permit();
    desk.codex.endpoint = own;
    CHECK(desk.permit().settle(signed_out).tripped);
    desk.codex.endpoint = other;
    CHECK(desk.refusal().reason == SkipReason::breaker_open);
    CHECK_FALSE(slow_other.settle({.verdict = Verdict::success}).counted);
    CHECK(slow.settle({.verdict = Verdict::success}).recovered);
  }
  CHECK(desk.slots() == 0);
}

TEST_CASE("rejected prompts are remembered over all processes, and an answer elsewhere opens the breaker [R24]") {
  Desk desk;
  for (const char* prompt : {"a", "b", "c", "d", "e"})
    CHECK(desk.permit().settle({.verdict = Verdict::neutral, .message = "no", .rejected_prompt = prompt}).neutral);
  CHECK_FALSE(desk.breakers.answered_elsewhere("codex", desk.codex.policy, {.rejected_prompt = "z"}).counted);
  CHECK(
      desk.breakers.answered_elsewhere("codex", desk.codex.policy, {.message = "no", .rejected_prompt = "b"}).tripped);
  CHECK(desk.refusal().message == "5 different prompts rejected: no");
  CHECK(desk.store->notifications()->at(0).title == "codex: rejects requests");
  CHECK(desk.breaker().rejections.empty());
}

TEST_CASE("a new executable at the same path resets the breaker; another path does not") {
  Desk desk;
  desk.trip();
  SECTION("reinstalled") {
    desk.codex.endpoint = "/bin/codex\n2";
    CHECK(desk.permit().kind() == PermitKind::normal);
  }
  SECTION("another shell's PATH") {
    desk.codex.endpoint = "/usr/local/bin/codex\n1";
    CHECK(desk.refusal().reason == SkipReason::breaker_open);
    desk.codex.endpoint = "/bin/codex\n1";
    CHECK(desk.refusal().reason == SkipReason::breaker_open);
  }
  SECTION("reinstalled while tripped by hand") {
    REQUIRE(desk.breakers.change("codex", [](Breaker& breaker, const HostTime&) { force_open(breaker); }));
    desk.codex.endpoint = "/bin/codex\n2";
    CHECK(desk.refusal().reason == SkipReason::tripped_manually);
  }
}

TEST_CASE("a clock set back or a reboot moves the stored span to the new clock even when the call is refused [R15]") {
  Desk desk;
  desk.trip();
  desk.clock.reboot();
  desk.clock.set_wall_clock(-1h);
  CHECK(desk.refusal().retry_in == 60s);
  desk.clock.pass(20s);
  CHECK(desk.refusal().retry_in == 40s);
  desk.clock.pass(40s);
  CHECK(desk.permit().kind() == PermitKind::probe);
}

TEST_CASE("a long call neither delays nor prevents other calls") {
  Desk desk;
  const Permit slow = desk.permit();
  desk.clock.pass(90s);
  CHECK(desk.permit().settle({.verdict = Verdict::success}).counted);
}

TEST_CASE("a success without earlier failures writes only its slot") {
  Desk desk;
  desk.permit().settle({.verdict = Verdict::success});
  const BackendState before = state_of(*desk.store, "codex");
  desk.permit().settle({.verdict = Verdict::success});
  CHECK(state_of(*desk.store, "codex") == before);
}

TEST_CASE("ten threads take and settle permits, read and reset, and every slot comes back") {
  Desk desk;
  std::atomic<int> admitted = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 40; ++n) {
        auto admission = desk.breakers.admit(desk.codex);
        auto* permit = std::get_if<Permit>(&admission);
        ++(permit != nullptr ? admitted : refused);
        if (permit != nullptr && n % 3 != 0)
          permit->settle({.verdict = (i + n) % 2 == 0 ? Verdict::success : Verdict::failure});
        if (n % 10 == 0) (void)desk.breakers.change("codex", [](Breaker& b, const HostTime&) { reset(b); });
        if (n % 5 == 0) (void)desk.breakers.read();
        (void)desk.breakers.trouble();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(desk.breakers.trouble() == "");
  CHECK(admitted + refused == 400);
  CHECK(admitted > 0);
  CHECK(desk.slots() == 0);
}
