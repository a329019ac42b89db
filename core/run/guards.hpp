#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/config/config.hpp"
#include "core/state/store.hpp"

// Named circuit breakers around our own side jobs: sending a notification, writing the history, warming the local model
// up. One that keeps failing is left out for a while, on the whole host, and never touches an answer. The machine is
// that of the backends' breakers, without back-off.
namespace delegate {

/// What a side job was worth. A failure is told to the caller in any case: the guard hides nothing from who keeps
/// count.
template <class T>
struct Guarded {
  T value;                     // the job's own, or the one to go on with
  bool ran = false;            // false: left out
  std::optional<Error> error;  // why it failed
  std::string remark;          // what is to be said of it now; mostly nothing
};

/// Most side jobs have no listener: the newest remark about a guard stands in its record as well, as the detail of its
/// notification; only failures below the threshold do not.
class Guards {
 public:
  /// `store` may be null, or fail: then every job runs, unguarded.
  Guards(StateStore* store, ProcessId self, const GuardSettings& settings);

  /// May the job run? A value to hand to `leave`.
  struct Entry {
    bool may_run = true;
    std::optional<Ticket> ticket;  // none: unguarded
    bool is_trial = false;         // the single try of an open one
    std::string remark;            // of one that is left out: at the first, and then at each 20th
    std::string last_error;
  };
  Entry enter(const std::string& name);
  /// Notes how it went; what is to be said of it. Code::busy is no failure of the job: others were before it. Nor is
  /// Code::cancelled: it was stopped, which nobody needs to be told.
  std::string leave(const std::string& name, const Entry& entry, const Error* failed);

  /// Closes one, or with an empty name all. How many were not closed, or had failures.
  Result<int> reset(const std::string& name);

 private:
  void give_back(const std::string& name, const Ticket& ticket);
  void keep(const std::string& name, const std::string& remark);

  StateStore* store_;
  ProcessId self_;
  BreakerPolicy policy_;
  std::atomic<std::uint64_t> entries_{0};
};

/// For a job that one can do without: `job` returns a Result<T>, `otherwise` is what to go on with (a value, made anew
/// for each call, or a function that makes one).
template <class Job, class Otherwise>
auto guard_fail_open(Guards& guards, const std::string& name, Job&& job, Otherwise&& otherwise) {
  using T = typename std::invoke_result_t<Job>::value_type;
  const auto make = [&]() -> T {
    if constexpr (std::is_invocable_v<Otherwise>) return std::forward<Otherwise>(otherwise)();
    else return std::forward<Otherwise>(otherwise);
  };
  Guards::Entry entry = guards.enter(name);
  if (!entry.may_run) return Guarded<T>{.value = make(), .remark = std::move(entry.remark)};
  Result<T> done = std::forward<Job>(job)();
  std::string remark = guards.leave(name, entry, done ? nullptr : &done.error());
  if (done) return Guarded<T>{.value = *std::move(done), .ran = true, .remark = std::move(remark)};
  return Guarded<T>{.value = make(), .ran = true, .error = std::move(done).error(), .remark = std::move(remark)};
}

/// For one that gives nothing back.
template <class Job>
Guarded<std::monostate> guard_fail_open(Guards& guards, const std::string& name, Job&& job) {
  const auto as_value = [&]() -> Result<std::monostate> {
    if (Status done = std::forward<Job>(job)(); !done) return tl::unexpected(std::move(done).error());
    return std::monostate{};
  };
  return guard_fail_open(guards, name, as_value, std::monostate{});
}

/// For a job whose result decides whether something risky goes on: there is no value without it. A job that fails, and
/// one that is left out (Code::unavailable), is a no.
template <class Job>
auto guard_fail_closed(Guards& guards, const std::string& name, Job&& job) -> std::invoke_result_t<Job> {
  const Guards::Entry entry = guards.enter(name);
  if (!entry.may_run) return fail(Code::unavailable, name + " is left out: " + entry.last_error);
  auto done = std::forward<Job>(job)();
  static_cast<void>(guards.leave(name, entry, done ? nullptr : &done.error()));
  return done;
}

}  // namespace delegate
