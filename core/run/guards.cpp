#include "core/run/guards.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/os/process.hpp"

namespace delegate {
namespace {

constexpr int kRemarkEach = 20;  // skips
constexpr milliseconds kNever{100LL * 366 * 24 * 3'600'000};
constexpr milliseconds kLongestTrial{60'000};  // lease of the single trial: no side job takes longer
constexpr std::size_t kLongestError = 300;

BreakerPolicy policy_of(const GuardSettings& settings) {
  const milliseconds cooldown = settings.reset_after > milliseconds(0) ? settings.reset_after : kNever;
  return {.threshold = settings.threshold,
          .cooldown = cooldown,
          .max_cooldown = cooldown,
          .backoff_multiplier = 1,
          .failure_window = milliseconds(0)};
}

std::string last_error_of(const GuardState& state) {
  return state.breaker.last_failure ? state.breaker.last_failure->message : "";
}

std::string times(std::int64_t count) { return count == 1 ? "once" : std::to_string(count) + " times"; }

/// The remark if the guard opened or closed; else empty. `state` still has the earlier counts.
std::string change_of(const std::string& name, const Settled& settled, const GuardState& state) {
  if (settled.recovered)
    return name + ": works again" + (state.skipped == 0 ? "" : ", was skipped " + times(state.skipped));
  if (!settled.tripped) return {};
  const milliseconds pause = state.breaker.cooldown.length;
  return name + ": failed" + (state.failures == 0 ? "" : " " + times(state.failures + 1) + " in a row") + ", paused " +
         (pause == kNever ? "until it is reset" : "for " + format_duration(pause)) + " (last: " + last_error_of(state) +
         ")";
}

void count(GuardState& state, Verdict verdict) {
  if (verdict == Verdict::failure) {
    ++state.failures;
    return;
  }
  const Breaker& breaker = state.breaker;
  state = {.breaker = {.generation = breaker.generation, .trips = breaker.trips, .recoveries = breaker.recoveries}};
}

}  // namespace

Guards::Guards(StateStore* store, ProcessId self, const GuardSettings& settings)
    : store_(store), self_(std::move(self)), policy_(policy_of(settings)) {}

Guards::Entry Guards::enter(const std::string& name) {
  Entry entry;
  if (store_ == nullptr) return entry;
  const auto known = store_->guard(name);
  if (!known) return entry;
  const std::string token = "guard/" + std::to_string(self_.pid) + "/" + std::to_string(self_.start_time) + "/" +
                            std::to_string(entries_.fetch_add(1) + 1);
  if (known->breaker.state == BreakerState::closed) {
    entry.ticket = Ticket{PermitKind::normal, known->breaker.generation, token};
    return entry;
  }
  const IsDead gone = [this](const ProcessId& owner) { return !(owner == self_) && !is_alive(owner, self_.boot_id); };
  const Status done = store_->update_guard(name, [&](GuardState& state, const HostTime& now) {
    entry.ticket = try_acquire(state.breaker, now, {self_, token, kLongestTrial}, gone).ticket;
    entry.may_run = entry.ticket->kind != PermitKind::denied;
    entry.is_trial = entry.may_run;
    entry.last_error = last_error_of(state);
    entry.remark.clear();
    if (entry.may_run) return;
    ++state.skipped;
    if (state.skipped == 1 || state.skipped % kRemarkEach == 0)
      entry.remark = name + ": skipped " + times(state.skipped) + " so far (last: " + entry.last_error + ")";
  });
  // It is open, and the store cannot say whether it may be tried again: skip the job.
  if (!done) return Entry{.may_run = false, .last_error = last_error_of(*known)};
  keep(name, entry.remark);
  return entry;
}

void Guards::keep(const std::string& name, const std::string& remark) {
  if (remark.empty()) return;
  const Status kept = store_->change_notifications([&](NotificationRows& rows, const HostTime&) {
    const auto newest = std::find_if(rows.rbegin(), rows.rend(), [&](const NotificationRow& row) {
      return row.kind == "guard" && row.subject == name;
    });
    if (newest != rows.rend()) newest->detail = remark;
  });
  if (!kept) return;  // only this remark is lost; `delegate guard list` still has the counts
}

void Guards::release(const std::string& name, const Ticket& ticket) {
  const Status noted = store_->update_guard(name, [&](GuardState& state, const HostTime& now) {
    settle(state.breaker, policy_, now, ticket, {.verdict = Verdict::neutral});
  });
  if (!noted) return;  // then the trial ends with its lease
}

GuardRemark Guards::leave(const std::string& name, const Entry& entry, const Error* failed) {
  const std::string error = failed == nullptr ? "" : one_line(without_directories(failed->what), kLongestError);
  const bool is_stopped = failed != nullptr && failed->code == Code::cancelled;
  GuardRemark failure{failed == nullptr || is_stopped ? "" : name + " failed: " + error};
  if (store_ == nullptr || !entry.ticket) return failure;
  if (is_stopped || (failed != nullptr && failed->code == Code::busy)) {
    if (entry.is_trial) release(name, *entry.ticket);
    return failure;
  }
  if (failed == nullptr && !entry.is_trial) {
    const auto known = store_->guard(name);  // other processes may have failed meanwhile
    if (!known || known->failures == 0) return {};
  }
  std::string change;
  bool is_reported = false;
  const Status noted = store_->update_guard(name, [&](GuardState& state, const HostTime& now) {
    const Verdict verdict = failed == nullptr ? Verdict::success : Verdict::failure;
    const Settled settled =
        settle(state.breaker, policy_, now, *entry.ticket, {.verdict = verdict, .outcome = "failed", .message = error});
    change = change_of(name, settled, state);
    // One remark at the trip, none for failed trials after it, and one when the job works again.
    is_reported = !settled.entered;
    if (settled.counted) count(state, verdict);
  });
  if (!noted) return failure;
  keep(name, change);
  if (!change.empty()) return {std::move(change), true};
  return is_reported ? failure : GuardRemark{};
}

Result<int> Guards::reset(const std::string& name) {
  if (store_ == nullptr) return 0;
  TRY(const StateStore::Snapshot reading, store_->read());
  int changed = 0;
  for (const auto& [guard, state] : reading.guards) {
    if (!name.empty() && guard != name) continue;
    if (state.breaker.state == BreakerState::closed && state.failures == 0) continue;
    TRY_STATUS(store_->update_guard(guard, [](GuardState& closed, const HostTime&) {
      delegate::reset(closed.breaker);
      closed.failures = 0;
      closed.skipped = 0;
    }));
    ++changed;
  }
  return changed;
}

}  // namespace delegate
