#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/config/config.hpp"
#include "core/state/store.hpp"

// Named circuit breakers around delegate's own side jobs: sending a notification, writing the history, warming up the
// local model. A job that keeps failing is paused for a while on the whole host, and never affects an answer. The state
// machine is that of the backends' breakers, without back-off.
namespace delegate {

/// For the person; mostly empty.
struct GuardRemark {
  std::string text;
  bool is_about_guard = false;  // that it paused or resumed the job; else about the failure of the job itself
};

/// The result of a side job. A failure is always returned to the caller, even if the guard has nothing to say about it.
template <class T>
struct Guarded {
  T value;                     // the job's result, or the fallback
  bool ran = false;            // false: paused
  std::optional<Error> error;  // why it failed
  GuardRemark remark;
};

/// Most side jobs run where no person reads their output, so the newest remark about a guard is also kept as the detail
/// of its notification, except for failures below the threshold.
class Guards {
 public:
  /// If `store` is null or fails, every job runs, unguarded.
  Guards(StateStore* store, ProcessId self, const GuardSettings& settings);

  /// May the job run? To be passed to `leave`.
  struct Entry {
    bool may_run = true;
    std::optional<Ticket> ticket;  // none: unguarded
    bool is_trial = false;         // the single trial of an open guard
    std::string remark;            // of a paused job: at the first skip and at every 20th
    std::string last_error;
  };
  Entry enter(const std::string& name);
  /// Records the result. Code::busy (another process was first) and Code::cancelled are no failures of the job.
  GuardRemark leave(const std::string& name, const Entry& entry, const Error* failed);

  /// Closes one guard, or all if `name` is empty. Returns how many were not closed or had failures.
  Result<int> reset(const std::string& name);

 private:
  void release(const std::string& name, const Ticket& ticket);
  void keep(const std::string& name, const std::string& remark);

  StateStore* store_;
  ProcessId self_;
  BreakerPolicy policy_;
  std::atomic<std::uint64_t> entries_{0};
};

/// Fails open, for an optional job: `job` returns a Result<T>; if it fails or is paused, `otherwise` (a value, or a
/// function that makes one) is returned instead.
template <class Job, class Otherwise>
auto guard_fail_open(Guards& guards, const std::string& name, Job&& job, Otherwise&& otherwise) {
  using T = typename std::invoke_result_t<Job>::value_type;
  const auto make = [&]() -> T {
    if constexpr (std::is_invocable_v<Otherwise>) return std::forward<Otherwise>(otherwise)();
    else return std::forward<Otherwise>(otherwise);
  };
  Guards::Entry entry = guards.enter(name);
  if (!entry.may_run) return Guarded<T>{.value = make(), .remark = {std::move(entry.remark), true}};
  Result<T> done = std::forward<Job>(job)();
  GuardRemark remark = guards.leave(name, entry, done ? nullptr : &done.error());
  if (done) return Guarded<T>{.value = *std::move(done), .ran = true, .remark = std::move(remark)};
  return Guarded<T>{.value = make(), .ran = true, .error = std::move(done).error(), .remark = std::move(remark)};
}

/// For a job without a result.
template <class Job>
Guarded<std::monostate> guard_fail_open(Guards& guards, const std::string& name, Job&& job) {
  const auto as_value = [&]() -> Result<std::monostate> {
    if (Status done = std::forward<Job>(job)(); !done) return tl::unexpected(std::move(done).error());
    return std::monostate{};
  };
  return guard_fail_open(guards, name, as_value, std::monostate{});
}

/// Fails closed, for a job whose result decides whether something risky goes on: if it fails or is paused
/// (Code::unavailable), the result is an error.
template <class Job>
auto guard_fail_closed(Guards& guards, const std::string& name, Job&& job) -> std::invoke_result_t<Job> {
  const Guards::Entry entry = guards.enter(name);
  if (!entry.may_run) return fail(Code::unavailable, name + " is paused: " + entry.last_error);
  auto done = std::forward<Job>(job)();
  static_cast<void>(guards.leave(name, entry, done ? nullptr : &done.error()));
  return done;
}

}  // namespace delegate
