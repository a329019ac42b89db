#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/health/breaker.hpp"
#include "core/quota/windows.hpp"

// Records of outage notifications and the rules for them. All rules are pure; a store applies them in the same atomic
// step that changes the breaker, so that every trip has exactly one record.
namespace delegate {

enum class NotificationSeverity { info, warning, critical };
std::string_view to_string(NotificationSeverity severity);
std::optional<NotificationSeverity> severity_named(std::string_view name);

/// Stored by name; the name of `pending` is "owed". A version that does not know a name reads it as `unwanted`.
enum class DeliveryState {
  pending,      // not sent yet
  taken,        // a process is about to send it
  sending,      // … and has begun to: if it is killed now, it is unknown whether the notification was shown
  delivered,    // by `channel`
  undelivered,  // `detail` says why
  unwanted,     // `detail` says why: switched off, or outdated before it was sent
  damped,       // one of many outages of a backend that is known to be unstable
  held,         // until the quiet hours are over
};
std::string_view to_string(DeliveryState delivery);
std::optional<DeliveryState> delivery_state_named(std::string_view name);

struct NotificationRow {
  std::int64_t id = 0;  // grows
  std::string kind;     // "trip", "recovery", "quota", "guard", "canary", "test"
  std::string subject;  // the backend, the guard, or the id of an invariant
  std::string outcome;  // of a trip: the outcome that opened the breaker; of a quota: the window, or kExtraBilling
  NotificationSeverity severity = NotificationSeverity::info;
  std::string title;
  std::string message;
  int count = 1;               // how often it happened: a trip and its failed probes
  milliseconds first_seen{0};  // wall
  milliseconds last_seen{0};   // wall
  // Of a trip: when a probe may run; of a quota: the end of its window; of an alert: when it is sent again; wall.
  std::optional<milliseconds> retry_at;
  std::optional<milliseconds> acknowledged_at;  // by a person, or because the outage is over; wall
  std::optional<milliseconds> ended_at;         // of a trip: end of the outage; wall
  DeliveryState delivery = DeliveryState::pending;
  std::string channel;                       // "hook", "desktop", …
  std::string detail;                        // why it was not delivered; otherwise what the channel reported
  std::string handle;                        // lets the channel close it again; opaque here
  std::optional<milliseconds> delivered_at;  // wall
  ProcessId sender;                          // the process that has taken it
  std::optional<milliseconds> taken_at;      // since the boot of the sender's host

  bool operator==(const NotificationRow&) const = default;
};
using NotificationRows = std::vector<NotificationRow>;  // oldest first

inline constexpr std::size_t kMostNotifications = 200;  // beyond that the oldest are deleted
/// A notification that could not be sent within this time is given up.
inline constexpr milliseconds kLongestPending{600'000};
/// The same for an alert of the canary, which is sent again after each failure.
inline constexpr milliseconds kLongestRetry{1'800'000};
inline constexpr milliseconds kRetryPause{60'000};

/// Adds a record, with the next id.
NotificationRow& raise(NotificationRows& rows, NotificationRow row);

/// Records an edge of a backend's breaker: a trip adds a pending record, a failed probe updates it, and the end of the
/// outage acknowledges it and withdraws what was not sent yet. A recovery also adds a record of its own, which is
/// pending if the trip was sent; a manual end adds none.
void record_backend_edge(NotificationRows& rows, const std::string& backend, const Breaker& before,
                         const Breaker& after, const HostTime& now);
/// The same for a guard. These are never sent: it may be the sending that is broken.
void record_guard_edge(NotificationRows& rows, const std::string& guard, const Breaker& before, const Breaker& after,
                       const HostTime& now);

/// The outcome of the record about calls that are billed beyond the windows.
inline constexpr std::string_view kExtraBilling = "extra_billing";

/// Does a change of a login's quota concern the notifications?
bool is_quota_edge(const Quota& before, const Quota& after, milliseconds now);
/// Records it. A window whose `announced` went up adds a pending record, which takes the place of those about the same
/// window; extra billing that begins adds one, too. A window that begins again, and extra billing that ends, end
/// theirs.
void record_quota_edge(NotificationRows& rows, const std::string& backend, const Quota& before, const Quota& after,
                       const HostTime& now);

/// Acknowledges one record, or all with id 0; they are not sent any more. Returns how many it changed.
int acknowledge(NotificationRows& rows, std::int64_t id, const HostTime& now);

/// A claim counts for this long; it is renewed before each delivery, and no delivery takes longer. A process that still
/// holds a record after this is stopped, or was killed in another pid namespace, where that could not be seen.
inline constexpr milliseconds kLongestSending{90'000};

/// Another process that is sending; it checks for new records before it ends.
std::optional<ProcessId> other_sender(const NotificationRows& rows, const ProcessId& me, const IsDead& is_dead,
                                      const HostTime& now);

/// Claims all pending records for the caller; none while another process is sending. Records that a killed process had
/// begun to send, and those that are too old, are given up.
NotificationRows claim_pending(NotificationRows& rows, const ProcessId& me, const IsDead& is_dead, const HostTime& now);

/// `detail` of a record that was held. It is not given up because of its age.
inline constexpr std::string_view kHeldDetail = "quiet hours";
/// Makes held records pending.
void release_held(NotificationRows& rows);

/// Records that one is not sent, or not now.
void hold_back(NotificationRows& rows, std::int64_t id, DeliveryState delivery, std::string why);

/// Renews the claim of all records that the caller holds, and returns those that it has not begun to send. Records that
/// another process has claimed or that were withdrawn since are not among them.
NotificationRows renew_claim(NotificationRows& rows, const ProcessId& me, const HostTime& now);

/// Marks these records as being sent.
void begin_sending(NotificationRows& rows, const NotificationRows& begun);

/// Part of `detail` if it is not known whether a person has seen it.
inline constexpr std::string_view kMaybeShown = "it may have been shown";

/// Neither delivered nor given up.
bool is_outstanding(const NotificationRow& row);

/// The process that adds a pending record starts one that claims it within this time.
inline constexpr milliseconds kLongestStart{2'000};

/// Outstanding, but the process that should send it has ended or was never started.
bool is_orphaned(const NotificationRow& row, const IsDead& is_dead, const HostTime& now);

/// Records the result of a delivery, unless another process has claimed the record meanwhile. An alert of the canary
/// that could not be delivered is pending again.
void note_delivery(NotificationRows& rows, const NotificationRow& row, const HostTime& now);

}  // namespace delegate
