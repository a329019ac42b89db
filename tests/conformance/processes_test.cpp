#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <random>

#include "tests/conformance/children.hpp"
#include "tests/conformance/stores.hpp"

// The host's store under real processes that race and are killed.

using namespace delegate;

namespace {

constexpr int kProcesses = 8;

/// Numbers that forked processes share.
template <class T>
class Shared {
 public:
  Shared() : memory_(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) std::abort();
    value_ = new (memory_) T{};
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::munmap(memory_, sizeof(T)); }
  T& operator*() { return *value_; }

 private:
  void* memory_;
  T* value_ = nullptr;
};

bool all_well(const std::vector<int>& ends) {
  return std::all_of(ends.begin(), ends.end(), [](int end) { return end == 0; });
}

/// Everybody waits until all are here, round after round.
void meet(std::atomic<int>& arrived, int round) {
  ++arrived;
  while (arrived < (round + 1) * kProcesses) ::usleep(20);
}

const IsDead kAllAlive = [](const ProcessId&) { return false; };

PermitKind ask(StateStore& store, const std::string& backend, const std::string& token) {
  PermitKind kind = PermitKind::unguarded;
  const Status done = store.update(backend, [&](BackendState& state, const HostTime& now) {
    const LeaseRequest request{.owner = {"boot-1", ::getpid(), 1}, .token = token, .lease = 1min};
    kind = try_acquire(state.breaker, now, request, kAllAlive).ticket.kind;
  });
  return done ? kind : PermitKind::unguarded;
}

}  // namespace

TEST_CASE("eight processes with two hundred updates each lose nothing") {
  TempDirectory directory;
  TestClock clock;
  Children children;
  for (int i = 0; i < kProcesses; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      for (int n = 0; n < 200; ++n)
        if (!store->update("codex", [](BackendState& state, const HostTime&) { ++state.breaker.trips; })) return 2;
      return 0;
    });
  CHECK(all_well(children.finish()));
  CHECK(state_of(*open_in(directory.path(), clock), "codex").breaker.trips == 1600);
}

TEST_CASE("eight processes with fifty failures each are four hundred failures in a row") {
  TempDirectory directory;
  TestClock clock;
  const BreakerPolicy policy{.threshold = 1000};
  Children children;
  for (int i = 0; i < kProcesses; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      for (int n = 0; n < 50; ++n)
        if (!store->update("codex", [&](BackendState& state, const HostTime& now) {
              const LeaseRequest request{.owner = {"boot-1", ::getpid(), 1}, .token = "t", .lease = 1min};
              const Ticket ticket = try_acquire(state.breaker, now, request, kAllAlive).ticket;
              settle(state.breaker, policy, now, ticket, {.verdict = Verdict::failure});
            }))
          return 2;
      return 0;
    });
  CHECK(all_well(children.finish()));
  const auto store = open_in(directory.path(), clock);
  CHECK(view(state_of(*store, "codex").breaker, policy, clock.now()).failures == 400);
}

TEST_CASE("eight processes race for one probe: exactly one wins, round after round [R5]") {
  constexpr int kRounds = 100;
  TempDirectory directory;
  TestClock clock;
  REQUIRE(open_in(directory.path(), clock));
  struct Score {
    std::atomic<int> arrived{0};
    std::atomic<int> won[kRounds]{};
    std::atomic<int> refused[kRounds]{};
  };
  Shared<Score> score;
  {
    const auto store = open_in(directory.path(), clock);
    for (int round = 0; round < kRounds; ++round)
      REQUIRE(store->update("b" + std::to_string(round),
                            [](BackendState& state, const HostTime& now) { open_for(state.breaker, now, 1s); }));
  }
  clock.pass(1s);
  Children children;
  for (int i = 0; i < kProcesses; ++i)
    children.add([&, i] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      for (int round = 0; round < kRounds; ++round) {
        meet((*score).arrived, round);
        const PermitKind kind = ask(*store, "b" + std::to_string(round), std::to_string(i));
        (*score).won[round] += kind == PermitKind::probe;
        (*score).refused[round] += kind == PermitKind::denied;
      }
      return 0;
    });
  CHECK(all_well(children.finish()));
  for (int round = 0; round < kRounds; ++round) {
    CHECK((*score).won[round] == 1);
    CHECK((*score).refused[round] == kProcesses - 1);
  }
}

TEST_CASE("eight processes see one trip: exactly one has to notify [R12]") {
  constexpr int kRounds = 30;
  TempDirectory directory;
  TestClock clock;
  struct Score {
    std::atomic<int> arrived{0};
    std::atomic<int> told[kRounds]{};
  };
  Shared<Score> score;
  Children children;
  for (int i = 0; i < kProcesses; ++i)
    children.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      for (int round = 0; round < kRounds; ++round) {
        const std::string backend = "b" + std::to_string(round);
        Ticket ticket;
        const Status asked = store->update(backend, [&](BackendState& state, const HostTime& now) {
          ticket = try_acquire(state.breaker, now, {{}, "t", 1min}, kAllAlive).ticket;
        });
        meet((*score).arrived, round);
        Settled settled;
        const Status reported = store->update(backend, [&](BackendState& state, const HostTime& now) {
          settled = settle(state.breaker, {}, now, ticket, {.verdict = Verdict::failure});
        });
        if (!asked || !reported) return 2;
        (*score).told[round] += settled.tripped;
      }
      return 0;
    });
  CHECK(all_well(children.finish()));
  for (int round = 0; round < kRounds; ++round) CHECK((*score).told[round] == 1);
}

TEST_CASE("a writer that is killed anywhere leaves the old state or the new one, never damage") {
  TempDirectory directory;
  TestClock clock;
  std::mt19937 random(1);
  std::int64_t last = 0;
  for (int round = 0; round < 60; ++round) {
    Whistle started;
    Children writer;
    writer.add([&] {
      const auto store = open_in(directory.path(), clock);
      if (!store) return 1;
      for (bool is_first = true;; is_first = false) {
        if (!store->update("codex", [](BackendState& state, const HostTime&) {
              ++state.breaker.trips;
              const auto length = static_cast<std::size_t>(state.breaker.trips * 37 % 9000);
              state.breaker.last_failure = LastFailure{"timed_out", std::string(length, 'x'), 1ms};
            }))
          return 2;
        if (is_first) started.blow();  // on a busy machine, too, each round writes
      }
    });
    writer.open_gate();
    started.wait();
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 15'000)(random));
    writer.kill_all();
    const auto store = open_in(directory.path(), clock);
    REQUIRE(store);
    CHECK(store->notice().empty());
    const Breaker breaker = state_of(*store, "codex").breaker;
    CHECK(breaker.trips >= last);
    last = breaker.trips;
    if (last > 0) CHECK(breaker.last_failure->message.size() == static_cast<std::size_t>(last * 37 % 9000));
  }
  CHECK(last > 60);
}

TEST_CASE("eight processes that begin with no file at all make one together") {
  for (int round = 0; round < 10; ++round) {
    TempDirectory directory;
    TestClock clock;
    Children children;
    for (int i = 0; i < kProcesses; ++i)
      children.add([&] {
        const auto store = open_in(directory / "not" / "yet", clock);
        if (!store || !store->notice().empty()) return 1;
        return store->update("codex", [](BackendState& s, const HostTime&) { ++s.breaker.trips; }) ? 0 : 2;
      });
    CHECK(all_well(children.finish()));
    CHECK(state_of(*open_in(directory / "not" / "yet", clock), "codex").breaker.trips == kProcesses);
  }
}
