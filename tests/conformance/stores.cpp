#include "tests/conformance/stores.hpp"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace delegate {

TempDirectory::TempDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "delegate-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": cannot be made");
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<StateStore> open_in(const Path& directory, const Clock& clock) {
  auto store = open_sqlite_store(directory / "state.db", clock, 60s);
  if (store) return *std::move(store);
  std::cerr << store.error().what << "\n";  // the test fails; this is why
  return nullptr;
}

const std::vector<StoreKind>& store_kinds() {
  static const std::vector<StoreKind> kinds{
      {"memory", Reach::one_process, [](const Clock& clock, const Path&) { return make_memory_store(clock); }},
      {"sqlite", Reach::whole_host,
       [](const Clock& clock, const Path& directory) { return open_in(directory, clock); }},
  };
  return kinds;
}

BackendState elaborate_state(BreakerState state) {
  const auto time = [](int seconds) {
    return HostTime{.boot_id = "boot-1", .boot = seconds * 1s, .wall = (1'700'000'000 + seconds) * 1s};
  };
  const ProcessId owner{.boot_id = "boot-1", .pid = 4711, .start_time = 8'812'345};
  const ProcessId contained{.boot_id = "boot-1", .pid = 1, .start_time = 8'812'346, .pid_namespace = 4'026'531'836};
  BackendState out;
  out.endpoint = "/usr/bin/codex\n64769:1311:1700000000";
  out.slots = {{"boot-1/4711/8812345/1", owner, {time(10), 330s}}, {"boot-1/1/8812346/1", contained, {time(11), 1ms}}};
  Breaker& breaker = out.breaker;
  breaker.state = state;
  breaker.generation = 9'000'000'000;
  breaker.cooldowns_in_a_row = 4;
  breaker.bursts_in_a_row = 2;
  breaker.trips = 17;
  breaker.burst = Span{time(3), 2s};
  breaker.last_failure = LastFailure{"rate_limited", "429: “slow down” \\ \"please\"\n\ttomorrow", 1'700'000'005'123ms};
  if (state == BreakerState::closed) breaker.streak = {time(1), time(2)};
  if (state == BreakerState::open || state == BreakerState::half_open) breaker.cooldown = Span{time(5), 480s};
  if (state == BreakerState::half_open) breaker.probe = ProbeLease{"boot-1/4711/8812345/2", owner, {time(6), 330s}};
  return out;
}

BackendState latest_state(BreakerState state) {
  BackendState out = elaborate_state(state);
  Breaker& breaker = out.breaker;
  const Span wait{{.boot_id = "boot-1", .boot = 7s, .wall = 1'700'000'007s}, 300s};
  const bool is_open = state == BreakerState::open;
  out.peer = "/usr/bin/codex";
  out.quota.windows = {{"five_hour", 0.915, 1'700'000'900'000ms, 18'000'000ms, 1'700'000'000'000ms, "call", 80},
                       {"requests", 0.25, std::nullopt, std::nullopt, 1'700'000'001'000ms, "refresh"}};
  out.quota.overage = {.in_use = is_open, .allowed = true, .credits = "12.50"};
  out.quota.overage_heard_at = 1'700'000'000'000ms;
  out.quota.account = "boot-1/4711/8812345/1:0123456789abcdef";
  breaker.manual = breaker.outage = breaker.rejecting = is_open;
  breaker.recoveries = 16;
  if (is_open) {
    breaker.limit_probe = wait;
    breaker.login_trip = LoginTrip{8'999'999'999, "/usr/bin/claude\n7"};
  }
  if (state == BreakerState::closed) breaker.rejections = {{"0f3a", false}, {"77be", true}};
  return out;
}

BackendState state_of(StateStore& store, const std::string& backend) {
  const auto reading = store.read();
  if (!reading) return {};
  const auto found = reading->backends.find(backend);
  return found == reading->backends.end() ? BackendState{} : found->second;
}

bool put(StateStore& store, const std::string& backend, const BackendState& state) {
  return store.update(backend, [&](BackendState& stored, const HostTime&) { stored = state; }).has_value();
}

}  // namespace delegate
