#include "core/run/breakers.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/os/process.hpp"
#include "core/quota/announce.hpp"
#include "core/run/leases.hpp"
#include "core/run/quota_refusal.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLongestLine = 256;

/// The processes of a call end a moment after one that was killed.
bool has_processes(const SlotLease& slot) {
  return !slot.tag.empty() && !processes_tagged(std::string(kRunIdVariable), slot.tag).empty();
}

/// Tokens of the slots of killed calls that have no processes any more.
using EndedCalls = std::set<std::string>;

/// Reads the environment of all processes, so it must not be called while the store is locked.
EndedCalls ended_calls(const BackendState& state, const HostTime& now, const IsDead& is_dead) {
  EndedCalls ended;
  for (const SlotLease& slot : state.slots)
    if (was_killed(slot, now, is_dead) && !has_processes(slot)) ended.insert(slot.token);
  return ended;
}

/// The slot of a killed call is free only if it was looked at before.
bool is_free(const SlotLease& slot, const HostTime& now, const IsDead& is_dead, const EndedCalls& ended) {
  return is_over(slot, now, is_dead) && (ended.contains(slot.token) || !was_killed(slot, now, is_dead));
}

/// Of those that wait, only the foremost ones are looked at: a long line costs no more than a short one.
void drop_dead(BackendState& state, const HostTime& now, const IsDead& is_dead, const EndedCalls& ended) {
  std::erase_if(state.slots, [&](const SlotLease& slot) { return is_free(slot, now, is_dead, ended); });
  const auto first = std::find_if(state.waiting.begin(), state.waiting.end(),
                                  [&](const SlotLease& place) { return !is_over(place, now, is_dead); });
  state.waiting.erase(state.waiting.begin(), first);
}

/// Is there a slot for this place in the line? Without one it comes after all that wait.
bool has_turn(const BackendState& state, int max_parallel, const std::string& place, const HostTime& now,
              const IsDead& is_dead) {
  const std::size_t slots = static_cast<std::size_t>(max_parallel);
  for (std::size_t taken = state.slots.size(), at = 0; taken < slots; ++at) {
    if (at == state.waiting.size()) return true;
    const SlotLease& before = state.waiting[at];
    if (before.token == place) return true;
    if (!is_over(before, now, is_dead)) ++taken;
  }
  return false;
}

auto place_in(std::vector<SlotLease>& line, const std::string& place) {
  return std::find_if(line.begin(), line.end(), [&](const SlotLease& one) { return one.token == place; });
}

std::string_view place_of(std::string_view endpoint) { return endpoint.substr(0, endpoint.find('\n')); }

/// A reinstalled executable starts with a closed breaker. Only a new file at the same place counts: otherwise shells
/// with different PATHs would keep resetting each other's breaker. Manual decisions stay.
void void_old_endpoint(BackendState& state, const std::string& endpoint) {
  if (endpoint.empty() || state.endpoint == endpoint) return;
  const bool manual = state.breaker.state == BreakerState::forced_open || state.breaker.state == BreakerState::disabled;
  if (place_of(state.endpoint) == place_of(endpoint) && !manual) reset(state.breaker);
  state.endpoint = endpoint;
}

/// Was this login refused, rather than the whole backend failing?
bool is_about_login(const Breaker& breaker) {
  // A manual trip applies to this login alone.
  if (breaker.state == BreakerState::forced_open || breaker.manual) return true;
  const auto outcome = breaker.last_failure ? outcome_named(breaker.last_failure->outcome) : std::nullopt;
  return outcome && traits(*outcome).try_login == TryNext::yes;
}

Skip refusal(const AdmissionRequest& wanted, const Breaker& breaker, const HostTime& now) {
  const BreakerView seen = view(breaker, wanted.policy, now);
  Skip skip{.backend = wanted.backend,
            .reason = SkipReason::breaker_open,
            .retry_in = seen.retry_after,
            .login_refused = is_about_login(breaker)};
  if (breaker.last_failure) {
    skip.message = breaker.last_failure->message;
    skip.cause = breaker.last_failure->outcome;
  }
  skip.limit_probe_due = seen.limit_probe_in == milliseconds(0);
  const bool forced = seen.state == BreakerState::forced_open;
  if (seen.state == BreakerState::half_open) skip.reason = SkipReason::probe_running;
  else if (forced || breaker.manual) skip.reason = SkipReason::tripped_manually;
  if (skip.reason == SkipReason::tripped_manually) skip.message = "tripped manually";
  if (forced) skip.retry_in.reset();
  return skip;
}

Skip no_slot(const AdmissionRequest& wanted, const BackendState& state) {
  const std::string waiting = state.waiting.empty() ? "" : ", " + std::to_string(state.waiting.size()) + " waiting";
  return {.backend = wanted.backend,
          .reason = SkipReason::no_slot,
          .message = std::to_string(state.slots.size()) + " of " + std::to_string(wanted.max_parallel) +
                     " slots in use" + waiting,
          .login_refused = traits(Outcome::no_slot).try_login == TryNext::yes};
}

std::string text_of(const Error& error) { return error.what + (error.hint.empty() ? "" : "; " + error.hint); }

Skip state_unusable(const AdmissionRequest& wanted, const std::string& why) {
  return {
      .backend = wanted.backend, .reason = SkipReason::state_unusable, .message = "the state cannot be used: " + why};
}

Skip state_locked(const AdmissionRequest& wanted, std::optional<std::int64_t> by) {
  return {.backend = wanted.backend,
          .reason = SkipReason::state_locked,
          .message = "the state is locked" + (by ? " by process " + std::to_string(*by) : std::string())};
}

/// Of a call that is sent elsewhere the account may be another one than that of the windows.
bool may_ask_account(const AdmissionRequest& wanted) {
  return wanted.account_id && wanted.distrust != Distrust::everything;
}

void take_quota(Quota& known, const QuotaReport& heard, std::string_view fresh_salt, const HostTime& now) {
  note_account(known, heard.account_id, fresh_salt);
  if (heard.reading) merge(known, *heard.reading, now.wall);
  announce(known, heard.announced_shares, now.wall);
}

/// `now` if it is a quota edge.
std::optional<milliseconds> edge_in(const Quota& before, const Quota& after, milliseconds now) {
  return is_quota_edge(before, after, now) ? std::optional(now) : std::nullopt;
}

/// Is a record about the quota of this login pending, or shown although it is over? Not every edge leaves one: extra
/// billing that ends and begins again within its window was announced before.
bool has_quota_work(StateStore& store, const std::string& backend, milliseconds now) {
  const auto rows = store.notifications();
  return !rows || std::any_of(rows->begin(), rows->end(), [&](const NotificationRow& row) {
    const bool is_over = row.ended_at || (row.retry_at && *row.retry_at <= now);
    const bool is_stale = is_over && !row.handle.empty();
    return row.kind == "quota" && row.subject == backend && (row.delivery == DeliveryState::pending || is_stale);
  });
}

}  // namespace

std::string_view to_string(SkipReason reason) {
  switch (reason) {
    case SkipReason::breaker_open: return "breaker_open";
    case SkipReason::probe_running: return "probe_running";
    case SkipReason::tripped_manually: return "tripped_by_hand";
    case SkipReason::no_slot: return "no_slot";
    case SkipReason::not_installed: return "not_installed";
    case SkipReason::disabled: return "disabled";
    case SkipReason::cannot_write: return "cannot_write";
    case SkipReason::login_unset: return "login_unset";
    case SkipReason::reserved: return "reserved";
    case SkipReason::extra_billing: return "extra_billing";
    case SkipReason::budget_exhausted: return "budget_exhausted";
    case SkipReason::state_locked: return "state_locked";
    case SkipReason::state_unusable: return "state_unusable";
  }
  return "";
}

BreakerPolicy policy_of(const BreakerSettings& breaker, const GraceSettings& grace) {
  return {.threshold = breaker.threshold,
          .cooldown = breaker.cooldown,
          .max_cooldown = breaker.max_cooldown,
          .failure_window = breaker.failure_window,
          .max_retry_after = breaker.max_retry_after,
          .quota_cooldown = breaker.quota_cooldown,
          .limit_probe = breaker.slow_probe,
          .grace = grace.window,
          .drop_counts_after = grace.max_streak};
}

bool is_believed(Distrust distrust, Outcome outcome) {
  return distrust == Distrust::nothing || (distrust == Distrust::clocks && !is_of_a_clock(outcome));
}

Permit::Permit(Breakers& breakers, AdmissionRequest wanted, Ticket ticket)
    : breakers_(&breakers), wanted_(std::move(wanted)), ticket_(std::move(ticket)) {}

Permit::Permit(Permit&& other) noexcept
    : breakers_(std::exchange(other.breakers_, nullptr)),
      wanted_(std::move(other.wanted_)),
      ticket_(std::move(other.ticket_)),
      login_refused_(other.login_refused_),
      in_burst_(other.in_burst_) {}

Permit::~Permit() { settle(CallReport{.verdict = Verdict::neutral}); }

SettledCall Permit::settle(const CallReport& report, const QuotaReport& quota) {
  Breakers* breakers = std::exchange(breakers_, nullptr);
  return breakers == nullptr ? SettledCall{} : breakers->settle(wanted_, ticket_, report, quota);
}

Breakers::Breakers(StateStore* store, std::optional<Error> why, ProcessId self)
    : store_(store), self_(std::move(self)), closed_(std::move(why)) {}

Status Breakers::update(const std::string& backend, const StateStore::Change& change) {
  if (store_ != nullptr) return store_->update(backend, change);
  return tl::unexpected(closed_.value_or(Error{Code::unavailable, "there is no store", {}}));
}

std::string Breakers::next_token() {
  return self_.boot_id + "/" + std::to_string(self_.pid) + "/" + std::to_string(self_.start_time) + "/" +
         std::to_string(permits_.fetch_add(1) + 1);
}

bool Breakers::is_dead(const ProcessId& owner) const { return !(owner == self_) && !is_alive(owner, self_.boot_id); }

bool Breakers::is_doomed(const ProcessId& owner) const {
  return !(owner == self_) && delegate::is_doomed(owner, self_.boot_id);
}

bool Breakers::has_left_processes(const StateStore::Snapshot& snapshot, const ProcessId& owner) const {
  for (const auto& [name, state] : snapshot.backends)
    for (const SlotLease& slot : state.slots)
      if (slot.owner == owner && remaining(slot.span, snapshot.now) > milliseconds(0) && has_processes(slot))
        return true;
  return false;
}

Admission Breakers::admit(const AdmissionRequest& wanted) {
  const LeaseRequest claimant{.owner = self_, .token = next_token(), .lease = wanted.lease};
  const IsDead gone = [this](const ProcessId& owner) { return is_dead(owner); };
  Ticket ticket{.kind = PermitKind::unguarded};
  std::optional<Skip> refused;
  bool login_refused = false;
  bool lossy = false;
  bool dismissed = false;
  EndedCalls ended;
  HostTime seen_at;
  std::string account_id;            // once a quota has refused it
  std::optional<BackendState> full;  // because of slots of killed calls that may have processes
  const auto admit_or_refuse = [&](BackendState& state, const HostTime& now) {
    refused.reset();
    full.reset();
    const Breaker before = state.breaker;
    void_old_endpoint(state, wanted.endpoint);
    dismissed = dismissed || edge_between(before, state.breaker) == Edge::dismissal;
    if (!wanted.peer.empty()) state.peer = wanted.peer;
    drop_dead(state, now, gone, ended);
    note_account(state.quota, account_id, claimant.token);
    Breaker admitted = state.breaker;
    login_refused = state.breaker.state != BreakerState::closed && is_about_login(state.breaker);
    lossy = delegate::in_burst(state.breaker, wanted.policy, now);
    ticket = try_acquire(admitted, now, claimant, gone, wanted.probe_time).ticket;
    if (ticket.kind == PermitKind::denied) {
      refused = refusal(wanted, admitted, now);
    } else if ((refused = refused_by_quota(wanted, state.quota, now.wall))) {
      return;  // as for a missing slot below
    } else if (!has_turn(state, wanted.max_parallel, wanted.place, now, gone)) {
      refused = no_slot(wanted, state);
      const auto is_killed = [&](const SlotLease& slot) { return was_killed(slot, now, gone); };
      seen_at = now;
      if (std::any_of(state.slots.begin(), state.slots.end(), is_killed)) full = state;
      return;  // the breaker stays as it was: a missing slot uses up no probe
    } else {
      if (const auto place = place_in(state.waiting, wanted.place); place != state.waiting.end())
        state.waiting.erase(place);
      state.slots.push_back({claimant.token, self_, Span{now, wanted.lease}, wanted.tag});
    }
    state.breaker = std::move(admitted);
  };
  Status done = update(wanted.backend, admit_or_refuse);
  if (done && refused && is_held_back(refused->reason) && may_ask_account(wanted)) {
    account_id = wanted.account_id();  // reads a file, so not while the store is locked
    if (!account_id.empty()) done = update(wanted.backend, admit_or_refuse);
  }
  if (done && full) {
    ended = ended_calls(*full, seen_at, gone);
    if (!ended.empty()) done = update(wanted.backend, admit_or_refuse);
  }
  // Busy is no permission: the process that has the lock may be taking the last slot.
  if (!done && done.error().code == Code::busy)
    return state_locked(wanted, store_ == nullptr ? std::nullopt : store_->locked_by());
  if (!done && wanted.needs_store) return state_unusable(wanted, done.error().what);
  if (!done) {
    remember(done.error());
    return Permit(*this, wanted, Ticket{.kind = PermitKind::unguarded});
  }
  if (dismissed && notify_) notify_();
  if (refused) return *std::move(refused);
  Permit permit(*this, wanted, std::move(ticket));
  permit.login_refused_ = login_refused;
  permit.in_burst_ = lossy;
  return permit;
}

std::optional<Skip> Breakers::would_refuse(const StateStore::Snapshot& snapshot, const AdmissionRequest& wanted) const {
  const auto known = snapshot.backends.find(wanted.backend);
  BackendState state = known == snapshot.backends.end() ? BackendState{} : known->second;
  const IsDead gone = [this](const ProcessId& owner) { return is_dead(owner); };
  drop_dead(state, snapshot.now, gone, ended_calls(state, snapshot.now, gone));
  const LeaseRequest claimant{.owner = self_, .token = {}, .lease = wanted.lease};
  const Ticket ticket = try_acquire(state.breaker, snapshot.now, claimant, gone, wanted.probe_time).ticket;
  if (ticket.kind == PermitKind::denied) return refusal(wanted, state.breaker, snapshot.now);
  auto held_back = refused_by_quota(wanted, state.quota, snapshot.now.wall);
  if (held_back && may_ask_account(wanted)) {
    note_account(state.quota, wanted.account_id(), "salt");
    held_back = refused_by_quota(wanted, state.quota, snapshot.now.wall);
  }
  if (held_back) return held_back;
  if (!has_turn(state, wanted.max_parallel, wanted.place, snapshot.now, gone)) return no_slot(wanted, state);
  return std::nullopt;
}

Result<LinePosition> Breakers::line_up(const AdmissionRequest& wanted, milliseconds lease) {
  if (store_ == nullptr) return fail(Code::unavailable, trouble());
  const IsDead gone = [this](const ProcessId& owner) { return is_dead(owner); };
  LinePosition position;
  bool is_in_line = false;
  bool is_fresh = false;
  EndedCalls ended;
  const auto look = [&](BackendState& state, const HostTime& now) {
    drop_dead(state, now, gone, ended);
    const auto place = place_in(state.waiting, wanted.place);
    is_in_line = place != state.waiting.end();
    is_fresh = is_in_line && remaining(place->span, now) > lease / 2;
    position = {has_turn(state, wanted.max_parallel, wanted.place, now, gone),
                static_cast<int>(place - state.waiting.begin())};
  };
  TRY(const StateStore::Snapshot snapshot, store_->read());
  if (const auto known = snapshot.backends.find(wanted.backend); known != snapshot.backends.end()) {
    BackendState state = known->second;
    ended = ended_calls(state, snapshot.now, gone);
    look(state, snapshot.now);
  }
  if (is_fresh) return position;  // without writing
  bool is_full = false;
  TRY_STATUS(store_->update(wanted.backend, [&](BackendState& state, const HostTime& now) {
    look(state, now);
    is_full = !is_in_line && state.waiting.size() >= kLongestLine;
    if (is_in_line) place_in(state.waiting, wanted.place)->span = Span{now, lease};
    else if (!is_full) state.waiting.push_back({wanted.place, self_, Span{now, lease}});
  }));
  if (is_full) return fail(Code::resource_exhausted, std::to_string(kLongestLine) + " calls wait for a slot already");
  return position;
}

void Breakers::leave_line(const std::string& backend, const std::string& place) {
  write(backend, [&](BackendState& state, const HostTime&) {
    if (const auto own = place_in(state.waiting, place); own != state.waiting.end()) state.waiting.erase(own);
    return Settled{};
  });
}

SettledCall Breakers::settle(const AdmissionRequest& wanted, const Ticket& ticket, const CallReport& report,
                             const QuotaReport& quota) {
  if (ticket.kind == PermitKind::unguarded) return {};
  SettledCall settled;
  static_cast<Settled&>(settled) = write(wanted.backend, [&](BackendState& state, const HostTime& now) {
    settled.quota_before = current_windows(state.quota, now.wall);
    // Of a call that was sent elsewhere the figures may be those of another login.
    if (wanted.distrust != Distrust::everything) take_quota(state.quota, quota, ticket.token, now);
    settled.quota_after = current_windows(state.quota, now.wall);
    settled.overage = current_overage(state.quota, now.wall);
    std::erase_if(state.slots, [&](const SlotLease& slot) { return slot.token == ticket.token; });
    const auto outcome = outcome_named(report.outcome);
    CallReport own = is_believed(wanted.distrust, outcome.value_or(Outcome::internal)) ? report : CallReport{};
    own.login = wanted.endpoint;
    return delegate::settle(state.breaker, wanted.policy, now, ticket, own);
  });
  return settled;
}

Status Breakers::note_quota(const std::string& backend, const QuotaReport& quota) {
  if (store_ == nullptr) return fail(Code::unavailable, trouble());
  const std::string salt = next_token();
  std::optional<milliseconds> edge_at;
  TRY_STATUS(write_patiently([&] {
    return store_->update(backend, [&](BackendState& state, const HostTime& now) {
      const Quota before = state.quota;
      take_quota(state.quota, quota, salt, now);
      edge_at = edge_in(before, state.quota, now.wall);
    });
  }));
  if (notify_ && edge_at && has_quota_work(*store_, backend, *edge_at)) notify_();
  return {};
}

Settled Breakers::answered_elsewhere(const std::string& backend, const BreakerPolicy& policy,
                                     const CallReport& rejection) {
  return write(backend, [&](BackendState& state, const HostTime& now) {
    return delegate::answered_elsewhere(state.breaker, policy, now, rejection);
  });
}

Settled Breakers::write(const std::string& backend, const Settling& settling) {
  if (store_ == nullptr) return {};
  Settled settled;
  std::optional<milliseconds> edge_at;
  const auto change = [&](BackendState& state, const HostTime& now) {
    const Quota before = state.quota;
    settled = settling(state, now);
    edge_at = edge_in(before, state.quota, now.wall);
  };
  if (const Status done = write_patiently([&] { return store_->update(backend, change); }); !done) {
    remember(done.error());
    return {};
  }
  const bool is_of_breaker = settled.tripped || settled.recovered;
  if (notify_ && (is_of_breaker || (edge_at && has_quota_work(*store_, backend, *edge_at)))) notify_();
  return settled;
}

Status Breakers::change(const std::string& backend, const std::function<void(Breaker&, const HostTime&)>& change) {
  if (store_ == nullptr) return fail(Code::unavailable, trouble());
  bool dismissed = false;
  TRY_STATUS(store_->update(backend, [&](BackendState& state, const HostTime& now) {
    const Breaker before = state.breaker;
    change(state.breaker, now);
    dismissed = edge_between(before, state.breaker) == Edge::dismissal;
  }));
  if (dismissed && notify_) notify_();
  return {};
}

Result<StateStore::Snapshot> Breakers::read() {
  if (store_ == nullptr) return fail(Code::unavailable, trouble());
  return store_->read();
}

void Breakers::remember(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (unguarded_because_.empty()) unguarded_because_ = text_of(error);
}

std::string Breakers::unguarded_because() const {
  const std::lock_guard lock(mutex_);
  return unguarded_because_;
}

std::string Breakers::trouble() const {
  const std::string seen = unguarded_because();
  return seen.empty() && closed_ ? text_of(*closed_) : seen;
}

}  // namespace delegate
