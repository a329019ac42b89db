#include "core/state/notifications.hpp"

#include <algorithm>
#include <array>

#include "core/health/outcome_words.hpp"
#include "core/quota/words.hpp"

namespace delegate {
namespace {

constexpr std::array<std::string_view, 3> kSeverities{"info", "warning", "critical"};
constexpr std::array<std::string_view, 8> kDeliveries{"owed",        "taken",    "sending", "delivered",
                                                      "undelivered", "unwanted", "damped",  "held"};
constexpr const char* kOver = "over before it could be announced";
constexpr const char* kNotAnnounced = "its outage was not announced";

template <class Enum, std::size_t size>
std::optional<Enum> named(const std::array<std::string_view, size>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

NotificationRow* newest(NotificationRows& rows, std::string_view kind, const std::string& subject) {
  const auto found = std::find_if(rows.rbegin(), rows.rend(), [&](const NotificationRow& row) {
    return row.kind == kind && row.subject == subject;
  });
  return found == rows.rend() ? nullptr : &*found;
}

bool is_unsent(const NotificationRow& row) {
  return row.delivery == DeliveryState::pending || row.delivery == DeliveryState::taken ||
         row.delivery == DeliveryState::held;
}

/// The process that was about to send it will not find it any more.
void withdraw(NotificationRow& row, const char* why) {
  if (!is_unsent(row)) return;
  row.delivery = DeliveryState::unwanted;
  row.detail = why;
}

void end_outage(NotificationRows& rows, std::string_view kind, const std::string& subject, Edge end,
                const HostTime& now) {
  for (NotificationRow& row : rows) {
    if (row.kind != kind || row.subject != subject || row.ended_at) continue;
    row.ended_at = now.wall;
    if (!row.acknowledged_at) row.acknowledged_at = now.wall;
    withdraw(row, end == Edge::dismissal ? "ended manually before it was sent" : kOver);
  }
}

std::optional<milliseconds> end_of_cooldown(const Breaker& breaker, const HostTime& now) {
  return now.wall + remaining(breaker.cooldown, now);
}

NotificationRow trip_row(const std::string& backend, const Breaker& after, const HostTime& now) {
  const std::string outcome = after.last_failure ? after.last_failure->outcome : "";
  return {.kind = "trip",
          .subject = backend,
          .outcome = outcome,
          .severity = NotificationSeverity::warning,
          .title = backend + ": " + std::string(title_for(outcome)),
          .first_seen = now.wall,
          .last_seen = now.wall,
          .retry_at = end_of_cooldown(after, now)};
}

/// Of an outage that was not announced, the end is not announced either.
NotificationRow recovery_row(const std::string& backend, const NotificationRow* trip, const HostTime& now) {
  NotificationRow row{.kind = "recovery",
                      .subject = backend,
                      .title = backend + ": works again",
                      .first_seen = now.wall,
                      .last_seen = now.wall};
  if (trip == nullptr || trip->ended_at) return row;
  const bool is_damped = trip->delivery == DeliveryState::damped;
  if (!is_damped && !is_unsent(*trip)) return row;
  row.delivery = is_damped ? DeliveryState::damped : DeliveryState::unwanted;
  row.detail = kNotAnnounced;
  return row;
}

/// Of what comes before it in the same outage, or says less than the outage itself.
bool is_outdone_by_trip(const NotificationRow& row, const std::string& backend, const std::string& outcome) {
  if (row.subject != backend) return false;
  const bool is_used_up = outcome == to_string(Outcome::quota_exhausted);
  return row.kind == "trip" || row.kind == "recovery" ||
         (row.kind == "quota" && row.outcome != kExtraBilling && is_used_up);
}

const QuotaWindow* window_named(const Quota& quota, const std::string& name) {
  const auto found = std::find_if(quota.windows.begin(), quota.windows.end(),
                                  [&](const QuotaWindow& window) { return window.name == name; });
  return found == quota.windows.end() ? nullptr : &*found;
}

/// What was announced of this very stretch of a window.
int announced_before(const Quota& before, const QuotaWindow& window) {
  const QuotaWindow* known = window_named(before, window.name);
  return known != nullptr && is_same_stretch(known->ends_at, window.ends_at) ? known->announced : 0;
}

/// Records about it are over: it has begun again, or is another account's.
bool has_ended(const QuotaWindow& window, const Quota& after) {
  const QuotaWindow* now = window_named(after, window.name);
  return window.announced > 0 && (now == nullptr || !is_same_stretch(window.ends_at, now->ends_at));
}

enum class BillingEdge { none, begin, end };
BillingEdge billing_edge(const Quota& before, const Quota& after, milliseconds now) {
  const bool is_billed = current_overage(after, now).in_use;
  if (is_billed && !current_overage(before, now).in_use) return BillingEdge::begin;
  return current_overage(before, now).in_use && !is_billed ? BillingEdge::end : BillingEdge::none;
}

/// When extra billing ends: with the running window that is used most.
milliseconds end_of_extra_billing(const Quota& quota, milliseconds now) {
  std::vector<WindowView> running = current_windows(quota, now);
  std::erase_if(running, [](const WindowView& window) { return !window.ends_at; });
  const auto most = std::max_element(running.begin(), running.end(),
                                     [](const WindowView& a, const WindowView& b) { return a.used < b.used; });
  return most == running.end() ? quota.overage_heard_at + kLongestUndated : *most->ends_at;
}

void end_quota_records(NotificationRows& rows, const std::string& backend, std::string_view about, const char* why,
                       const HostTime& now) {
  for (NotificationRow& row : rows) {
    if (row.kind != "quota" || row.subject != backend || row.outcome != about || row.ended_at) continue;
    row.ended_at = now.wall;
    if (!row.acknowledged_at) row.acknowledged_at = now.wall;
    withdraw(row, why);
  }
}

NotificationRow window_row(const std::string& backend, const QuotaWindow& window, const HostTime& now) {
  constexpr int kNearlyUsedUp = 90;  // percent
  return {
      .kind = "quota",
      .subject = backend,
      .outcome = window.name,
      .severity =
          percent_used(window.used) < kNearlyUsedUp ? NotificationSeverity::info : NotificationSeverity::warning,
      .title = backend + ": " + window_noun(window.name) + " " + std::to_string(percent_used(window.used)) + " % used",
      .first_seen = now.wall,
      .last_seen = now.wall,
      .retry_at = window.ends_at};
}

NotificationRow billing_row(const std::string& backend, const Quota& quota, const HostTime& now) {
  return {.kind = "quota",
          .subject = backend,
          .outcome = std::string(kExtraBilling),
          .severity = NotificationSeverity::warning,
          .title = backend + ": billed extra now",
          .first_seen = now.wall,
          .last_seen = now.wall,
          .retry_at = end_of_extra_billing(quota, now.wall)};
}

/// Once for each stretch of time: between calls of one model that are billed, the plan may pay for those of another.
void raise_billing(NotificationRows& rows, NotificationRow fresh, const HostTime& now) {
  const auto known = std::find_if(rows.rbegin(), rows.rend(), [&](const NotificationRow& row) {
    return row.kind == fresh.kind && row.subject == fresh.subject && row.outcome == fresh.outcome;
  });
  if (known == rows.rend() || !known->retry_at || *known->retry_at <= now.wall) {
    raise(rows, std::move(fresh));
    return;
  }
  known->last_seen = now.wall;
  known->ended_at.reset();
  if (known->delivery != DeliveryState::unwanted || known->detail != kOver) return;
  known->delivery = DeliveryState::pending;
  known->detail.clear();
  known->acknowledged_at.reset();
}

/// Alerts of the canary arrive at least once: one that was perhaps shown is sent again, one that failed is repeated.
bool is_repeated(const NotificationRow& row) { return row.kind == "canary"; }

bool is_due(const NotificationRow& row, const HostTime& now) {
  if (row.delivery != DeliveryState::pending) return false;
  if (!is_repeated(row) || !row.retry_at) return true;
  return *row.retry_at <= now.wall || *row.retry_at - now.wall > kRetryPause;  // the clock may have been set back
}

void give_up(NotificationRow& row, std::string why) {
  row.delivery = DeliveryState::undelivered;
  row.detail = std::move(why);
}

bool is_under_way(const NotificationRow& row) {
  return row.delivery == DeliveryState::taken || row.delivery == DeliveryState::sending;
}

/// The process that has taken it may still be sending it.
bool is_being_sent(const NotificationRow& row, const IsDead& is_dead, const HostTime& now) {
  if (!is_under_way(row) || !row.taken_at || row.sender.boot_id != now.boot_id || is_dead(row.sender)) return false;
  const milliseconds age = now.boot - *row.taken_at;
  return age >= milliseconds(0) && age <= kLongestSending;
}

}  // namespace

std::string_view to_string(NotificationSeverity severity) { return kSeverities[static_cast<std::size_t>(severity)]; }
std::optional<NotificationSeverity> severity_named(std::string_view name) {
  return named<NotificationSeverity>(kSeverities, name);
}
std::string_view to_string(DeliveryState delivery) { return kDeliveries[static_cast<std::size_t>(delivery)]; }
std::optional<DeliveryState> delivery_state_named(std::string_view name) {
  return named<DeliveryState>(kDeliveries, name);
}

NotificationRow& raise(NotificationRows& rows, NotificationRow row) {
  row.id = rows.empty() ? 1 : rows.back().id + 1;
  rows.push_back(std::move(row));
  while (rows.size() > kMostNotifications) {
    // Unacknowledged outages are kept longest.
    const auto seen = std::find_if(rows.begin(), rows.end() - 1, [](const NotificationRow& one) {
      return one.acknowledged_at || one.severity == NotificationSeverity::info;
    });
    rows.erase(seen == rows.end() - 1 ? rows.begin() : seen);
  }
  return rows.back();
}

void record_backend_edge(NotificationRows& rows, const std::string& backend, const Breaker& before,
                         const Breaker& after, const HostTime& now) {
  const auto edge = edge_between(before, after);
  if (edge == Edge::trip) {
    NotificationRow trip = trip_row(backend, after, now);
    for (NotificationRow& row : rows)
      if (is_outdone_by_trip(row, backend, trip.outcome))
        withdraw(row, "replaced by a newer outage before it was sent");
    raise(rows, std::move(trip));
  }
  if (edge == Edge::failed_probe)
    if (NotificationRow* row = newest(rows, "trip", backend)) {
      ++row->count;
      row->last_seen = now.wall;
      row->retry_at = end_of_cooldown(after, now);
    }
  if (edge == Edge::dismissal) end_outage(rows, "trip", backend, *edge, now);
  if (edge == Edge::recovery) {
    NotificationRow recovery = recovery_row(backend, newest(rows, "trip", backend), now);
    end_outage(rows, "trip", backend, *edge, now);
    raise(rows, std::move(recovery));
  }
}

void record_guard_edge(NotificationRows& rows, const std::string& guard, const Breaker& before, const Breaker& after,
                       const HostTime& now) {
  const auto edge = edge_between(before, after);
  if (edge == Edge::trip)
    raise(rows, {.kind = "guard",
                 .subject = guard,
                 .severity = NotificationSeverity::warning,
                 .title = "the side job " + guard + " keeps failing and is paused",
                 .message = after.last_failure ? after.last_failure->message : "",
                 .first_seen = now.wall,
                 .last_seen = now.wall,
                 .retry_at = end_of_cooldown(after, now),
                 .delivery = DeliveryState::unwanted,
                 .detail = "notifications of guards are only recorded"});
  if (edge == Edge::failed_probe)
    if (NotificationRow* row = newest(rows, "guard", guard)) {
      ++row->count;
      row->last_seen = now.wall;
      row->retry_at = end_of_cooldown(after, now);
    }
  if (edge == Edge::recovery || edge == Edge::dismissal) end_outage(rows, "guard", guard, *edge, now);
}

bool is_quota_edge(const Quota& before, const Quota& after, milliseconds now) {
  const auto has_news = [&](const QuotaWindow& window) { return window.announced > announced_before(before, window); };
  return std::any_of(after.windows.begin(), after.windows.end(), has_news) ||
         std::any_of(before.windows.begin(), before.windows.end(),
                     [&](const QuotaWindow& window) { return has_ended(window, after); }) ||
         billing_edge(before, after, now) != BillingEdge::none;
}

void record_quota_edge(NotificationRows& rows, const std::string& backend, const Quota& before, const Quota& after,
                       const HostTime& now) {
  for (const QuotaWindow& window : before.windows)
    if (has_ended(window, after)) end_quota_records(rows, backend, window.name, kOver, now);
  for (const QuotaWindow& window : after.windows) {
    if (window.announced <= announced_before(before, window)) continue;
    end_quota_records(rows, backend, window.name, "replaced by a newer one before it was sent", now);
    raise(rows, window_row(backend, window, now));
  }
  const BillingEdge billing = billing_edge(before, after, now.wall);
  if (billing == BillingEdge::end) end_quota_records(rows, backend, kExtraBilling, kOver, now);
  if (billing == BillingEdge::begin) raise_billing(rows, billing_row(backend, after, now), now);
}

int acknowledge(NotificationRows& rows, std::int64_t id, const HostTime& now) {
  int changed = 0;
  for (NotificationRow& row : rows) {
    if ((id != 0 && row.id != id) || row.acknowledged_at) continue;
    row.acknowledged_at = now.wall;
    withdraw(row, "acknowledged before it was sent");
    ++changed;
  }
  return changed;
}

std::optional<ProcessId> other_sender(const NotificationRows& rows, const ProcessId& me, const IsDead& is_dead,
                                      const HostTime& now) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const NotificationRow& row) {
    return row.sender != me && is_being_sent(row, is_dead, now);
  });
  return found == rows.end() ? std::nullopt : std::optional(found->sender);
}

NotificationRows claim_pending(NotificationRows& rows, const ProcessId& me, const IsDead& is_dead,
                               const HostTime& now) {
  if (other_sender(rows, me, is_dead, now)) return {};
  NotificationRows taken;
  for (NotificationRow& row : rows) {
    const bool is_left = row.sender != me && is_under_way(row);
    if (is_left && row.delivery == DeliveryState::sending && !is_repeated(row))
      give_up(row, "the sending process was killed: " + std::string(kMaybeShown));
    else if (is_left) row.delivery = DeliveryState::pending;
    if (!is_due(row, now)) continue;
    if (row.detail != kHeldDetail && now.wall - row.first_seen > (is_repeated(row) ? kLongestRetry : kLongestPending)) {
      give_up(row, row.detail.empty() ? "could not be sent in time" : "given up after several attempts: " + row.detail);
      continue;
    }
    row.delivery = DeliveryState::taken;
    row.sender = me;
    row.taken_at = now.boot;
    taken.push_back(row);
  }
  return taken;
}

void release_held(NotificationRows& rows) {
  for (NotificationRow& row : rows)
    if (row.delivery == DeliveryState::held) row.delivery = DeliveryState::pending;
}

void hold_back(NotificationRows& rows, std::int64_t id, DeliveryState delivery, std::string why) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const NotificationRow& one) { return one.id == id; });
  if (row == rows.end()) return;
  row->delivery = delivery;
  row->detail = std::move(why);
}

NotificationRows renew_claim(NotificationRows& rows, const ProcessId& me, const HostTime& now) {
  NotificationRows waiting;
  for (NotificationRow& row : rows) {
    if (row.sender != me || !is_under_way(row)) continue;
    row.taken_at = now.boot;
    if (row.delivery == DeliveryState::taken) waiting.push_back(row);
  }
  return waiting;
}

void begin_sending(NotificationRows& rows, const NotificationRows& begun) {
  for (NotificationRow& row : rows)
    if (std::any_of(begun.begin(), begun.end(), [&](const NotificationRow& one) { return one.id == row.id; }))
      row.delivery = DeliveryState::sending;
}

bool is_outstanding(const NotificationRow& row) { return row.delivery == DeliveryState::pending || is_under_way(row); }

bool is_orphaned(const NotificationRow& row, const IsDead& is_dead, const HostTime& now) {
  // A time in the future means that the clock was set back since.
  const milliseconds age = now.wall - row.first_seen;
  if (row.delivery == DeliveryState::pending) return is_due(row, now) && (age < milliseconds(0) || age > kLongestStart);
  return is_under_way(row) && !is_being_sent(row, is_dead, now);
}

void note_delivery(NotificationRows& rows, const NotificationRow& row, const HostTime& now) {
  for (NotificationRow& kept : rows) {
    if (kept.id != row.id || kept.sender != row.sender) continue;
    kept.title = row.title;
    kept.message = row.message;
    kept.delivery = row.delivery;
    kept.channel = row.channel;
    kept.detail = row.detail;
    kept.handle = row.handle;
    kept.delivered_at = row.delivered_at;
    if (!is_repeated(kept) || kept.delivery != DeliveryState::undelivered) continue;
    kept.delivery = DeliveryState::pending;
    kept.retry_at = now.wall + kRetryPause;
  }
}

}  // namespace delegate
