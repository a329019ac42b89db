#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "core/health/breaker.hpp"

namespace delegate {

using namespace std::chrono_literals;

/// One breaker on one host, with clocks and processes that the test moves. Policy: the product's defaults.
struct Trial {
  BreakerPolicy policy;
  Breaker breaker;
  HostTime now{.boot_id = "boot-1", .boot = 1h, .wall = 500'000h};
  milliseconds lease = 150s;
  std::set<std::int64_t> gone;  // pids
  int permits = 0;

  void pass(milliseconds time) {
    now.boot += time;
    now.wall += time;
  }
  void set_wall_clock(milliseconds ahead) { now.wall += ahead; }
  void reboot() {
    now.boot_id += "'";
    now.boot = 0ms;
  }

  Acquired ask(std::int64_t pid = 1, ProbeTime when = ProbeTime::when_due) {
    const LeaseRequest request{
        .owner = {now.boot_id, pid, 7}, .token = "t" + std::to_string(++permits), .lease = lease};
    return try_acquire(
        breaker, now, request, [&](const ProcessId& owner) { return gone.count(owner.pid) != 0; }, when);
  }
  Ticket slow_ticket(std::int64_t pid = 1) { return ask(pid, ProbeTime::rate_limited).ticket; }
  Ticket ticket(std::int64_t pid = 1) { return ask(pid).ticket; }
  PermitKind kind(std::int64_t pid = 1) { return ask(pid).ticket.kind; }

  Settled report(const Ticket& ticket, Verdict verdict, std::optional<milliseconds> retry_after = std::nullopt) {
    return settle(breaker, policy, now, ticket, CallReport{.verdict = verdict, .retry_after = retry_after});
  }
  Settled report(const Ticket& ticket, const CallReport& report) {
    return settle(breaker, policy, now, ticket, report);
  }
  /// One call that ends at once.
  Settled call(Verdict verdict, std::optional<milliseconds> retry_after = std::nullopt) {
    return report(ticket(), verdict, retry_after);
  }
  void fail_times(int times) {
    for (int i = 0; i < times; ++i) call(Verdict::failure);
  }
  void trip() { fail_times(policy.threshold); }
  /// Tripped, and the break is over.
  void trip_and_cool() {
    trip();
    pass(left());
  }

  BreakerView seen() const { return view(breaker, policy, now); }
  BreakerState state() const { return seen().state; }
  milliseconds left() const { return seen().retry_after; }
};

}  // namespace delegate
