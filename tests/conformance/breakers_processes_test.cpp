#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/os/process.hpp"
#include "core/run/breakers.hpp"
#include "tests/conformance/children.hpp"
#include "tests/conformance/stores.hpp"

// What permits leave behind when their process is killed, and what processes know of each other.

using namespace delegate;

namespace {

AdmissionRequest codex(int max_parallel) { return {.backend = "codex", .max_parallel = max_parallel, .lease = 1h}; }

/// Another process that holds `permits` permits until it is killed. Made before this one opens the store.
class Holder {
 public:
  Holder(const Path& directory, const TestClock& clock, int permits) {
    child_.add([&] {
      const auto store = open_in(directory, clock);
      if (!store) return 1;
      Breakers breakers(store.get(), {}, this_process("boot-1"));
      std::vector<Admission> held;
      for (int i = 0; i < permits; ++i) held.push_back(breakers.admit(codex(permits)));
      ready_.blow();
      for (;;) ::pause();
    });
    child_.open_gate();
    ready_.wait();
  }
  void kill() { child_.kill_all(); }

 private:
  Whistle ready_;
  Children child_;
};

PermitKind kind_of(const Admission& admission) {
  const auto* permit = std::get_if<Permit>(&admission);
  return permit == nullptr ? PermitKind::denied : permit->kind();
}

void trip_and_cool(const Path& directory, TestClock& clock) {
  const auto store = open_in(directory, clock);
  REQUIRE(store->update("codex", [](BackendState& s, const HostTime& now) { open_for(s.breaker, now, 1s); }));
  clock.pass(1s);
}

}  // namespace

TEST_CASE("the slots of a killed process are free immediately") {
  TempDirectory directory;
  TestClock clock;
  Holder holder(directory.path(), clock, 2);
  const auto store = open_in(directory.path(), clock);
  Breakers breakers(store.get(), {}, this_process("boot-1"));
  {
    const Admission refused = breakers.admit(codex(2));
    REQUIRE(std::holds_alternative<Skip>(refused));
    CHECK(std::get<Skip>(refused).reason == SkipReason::no_slot);
  }
  holder.kill();
  CHECK(kind_of(breakers.admit(codex(2))) == PermitKind::normal);
  CHECK(state_of(*store, "codex").slots.empty());
}

TEST_CASE("a probe whose process was killed is taken over immediately, by exactly one [R7]") {
  TempDirectory directory;
  TestClock clock;
  trip_and_cool(directory.path(), clock);
  Holder holder(directory.path(), clock, 1);
  const auto store = open_in(directory.path(), clock);
  Breakers breakers(store.get(), {}, this_process("boot-1"));
  CHECK(kind_of(breakers.admit(codex(4))) == PermitKind::denied);
  holder.kill();
  const Admission probe = breakers.admit(codex(4));
  CHECK(kind_of(probe) == PermitKind::probe);
  CHECK(kind_of(breakers.admit(codex(4))) == PermitKind::denied);
}

TEST_CASE("a process is not taken for a dead one that had its pid") {
  TempDirectory directory;
  TestClock clock;
  const auto store = open_in(directory.path(), clock);
  Breakers breakers(store.get(), {}, this_process("boot-1"));
  ProcessId earlier = breakers.self();
  CHECK_FALSE(breakers.is_dead(earlier));
  earlier.start_time -= 2;
  CHECK(breakers.is_dead(earlier));
}

TEST_CASE("one process sees the trip of another at its next decision") {
  TempDirectory directory;
  TestClock clock;
  const auto one = open_in(directory.path(), clock);
  const auto other = open_in(directory.path(), clock);
  Breakers tripping(one.get(), {}, this_process("boot-1"));
  Breakers watching(other.get(), {}, this_process("boot-1"));
  for (int i = 0; i < 3; ++i) {
    CHECK(kind_of(watching.admit(codex(4))) == PermitKind::normal);
    std::get<Permit>(tripping.admit(codex(4))).settle({.verdict = Verdict::failure});
  }
  CHECK(kind_of(watching.admit(codex(4))) == PermitKind::denied);
}

TEST_CASE("starting a process changes neither state nor deadline") {
  TempDirectory directory;
  TestClock clock;
  {
    const auto store = open_in(directory.path(), clock);
    REQUIRE(store->update("codex", [](BackendState& s, const HostTime& now) { open_for(s.breaker, now, 60s); }));
  }
  clock.pass(56s);
  for (int i = 0; i < 4; ++i) {
    const auto store = open_in(directory.path(), clock);
    Breakers breakers(store.get(), {}, this_process("boot-1"));
    const auto admission = breakers.admit(codex(4));
    REQUIRE(std::holds_alternative<Skip>(admission));
    CHECK(std::get<Skip>(admission).retry_in == 4s - i * 1s);
    clock.pass(1s);
  }
  const auto store = open_in(directory.path(), clock);
  CHECK(kind_of(Breakers(store.get(), {}, this_process("boot-1")).admit(codex(4))) == PermitKind::probe);
}

TEST_CASE("of eight processes at a limited backend exactly one runs a limit probe [R22]") {
  TempDirectory directory;
  TestClock clock;
  {
    const auto store = open_in(directory.path(), clock);
    Breakers breakers(store.get(), {}, this_process("boot-1"));
    std::get<Permit>(breakers.admit(codex(8))).settle({.verdict = Verdict::rate_limited, .retry_after = 10h});
  }
  clock.pass(5min);
  Children children;
  for (int i = 0; i < 8; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 9;
      Breakers breakers(store.get(), {}, this_process("boot-1"));
      AdmissionRequest request = codex(8);
      request.probe_time = ProbeTime::rate_limited;
      int probes = 0;
      for (int n = 0; n < 20; ++n) {
        auto admission = breakers.admit(request);
        if (kind_of(admission) != PermitKind::limit_probe) continue;
        ++probes;
        std::get<Permit>(admission).settle({.verdict = Verdict::failure});
      }
      return probes;
    });
  const std::vector<int> probes = children.finish();
  CHECK(std::count(probes.begin(), probes.end(), 1) == 1);
  CHECK(std::count(probes.begin(), probes.end(), 0) == 7);
  CHECK(state_of(*open_in(directory.path(), clock), "codex").slots.empty());
}

TEST_CASE("of eight processes at one server none counts the effects of another one's lost connection [R20]") {
  TempDirectory directory;
  TestClock clock;
  const auto at_server = [](int i) {
    return AdmissionRequest{
        .backend = "name-" + std::to_string(i), .max_parallel = 8, .lease = 1h, .peer = "http://host:1"};
  };
  Children children;
  for (int i = 0; i < 8; ++i)
    children.add([&, i] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      Breakers breakers(store.get(), {}, this_process("boot-1"));
      for (int n = 0; n < 10; ++n) {
        auto admission = breakers.admit(at_server(i % 2));
        if (kind_of(admission) != PermitKind::normal) return 2;
        // Each learns of it by itself first: all within one burst.
        auto& permit = std::get<Permit>(admission);
        const Settled settled = permit.settle({.verdict = n == 0 ? Verdict::drop : Verdict::connect_failure});
        if (!settled.neutral || (n > 0 && !settled.collateral)) return 3;
      }
      return breakers.trouble().empty() ? 0 : 4;
    });
  CHECK(children.finish() == std::vector<int>(8, 0));
  const auto store = open_in(directory.path(), clock);
  for (const char* backend : {"name-0", "name-1"}) {
    CHECK(state_of(*store, backend).breaker.streak.empty());
    CHECK(state_of(*store, backend).breaker.bursts_in_a_row == 1);
    CHECK(state_of(*store, backend).breaker.trips == 0);
  }
}

TEST_CASE("eight processes over two slots never hold more than two") {
  TempDirectory directory;
  TestClock clock;
  Children children;
  for (int i = 0; i < 8; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      Breakers breakers(store.get(), {}, this_process("boot-1"));
      for (int n = 0; n < 50; ++n) {
        const auto admission = breakers.admit(codex(2));
        if (std::holds_alternative<Permit>(admission) && state_of(*store, "codex").slots.size() > 2) return 2;
      }
      return breakers.trouble().empty() ? 0 : 3;
    });
  CHECK(children.finish() == std::vector<int>(8, 0));
  CHECK(state_of(*open_in(directory.path(), clock), "codex").slots.empty());
}
