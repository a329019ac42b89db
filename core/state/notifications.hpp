#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/health/breaker.hpp"

// What people are told of outages: the records, and the rules for them. All rules are pure; a store applies them in the
// same atomic step that changes the breaker, so that a trip has exactly one record, and none is ever without.
namespace delegate {

enum class NotificationSeverity { info, warning, critical };
std::string_view to_string(NotificationSeverity severity);
std::optional<NotificationSeverity> severity_named(std::string_view name);

/// What became of telling it.
enum class DeliveryState {
  pending,      // nobody has begun to
  taken,        // a process is about to
  sending,      // … and has begun: should it be killed now, nobody knows whether it was shown
  delivered,    // by `channel`
  undelivered,  // `detail` says why
  unwanted,     // `detail` says why: not asked for, or there was nothing to tell any more
};
std::string_view to_string(DeliveryState delivery);
std::optional<DeliveryState> delivery_state_named(std::string_view name);

struct NotificationRow {
  std::int64_t id = 0;  // grows
  std::string kind;     // "trip", "recovery", "guard", "test"
  std::string subject;  // the backend, or the guard
  std::string outcome;  // of a trip: the name of what opened the breaker
  NotificationSeverity severity = NotificationSeverity::info;
  std::string title;
  std::string message;
  int count = 1;                                // how often it was seen: a trip and its failed probes
  milliseconds first_seen{0};                   // wall
  milliseconds last_seen{0};                    // wall
  std::optional<milliseconds> retry_at;         // of a trip: when a probe may run; wall
  std::optional<milliseconds> acknowledged_at;  // by a person, or because the outage is over; wall
  std::optional<milliseconds> ended_at;         // of a trip: when its outage was over; wall
  DeliveryState delivery = DeliveryState::pending;
  std::string channel;                       // "hook", "desktop", …
  std::string detail;                        // of an undelivered one: why; else what the channel said
  std::string handle;                        // by which the channel can close it again; its form is the channel's
  std::optional<milliseconds> delivered_at;  // wall
  ProcessId sender;                          // who has taken it
  std::optional<milliseconds> taken_at;      // since the boot of the sender's host

  bool operator==(const NotificationRow&) const = default;
};
using NotificationRows = std::vector<NotificationRow>;  // oldest first

inline constexpr std::size_t kMostNotifications = 200;  // more push the oldest out
/// A notice that nobody could send within this time is not news any more.
inline constexpr milliseconds kLongestPending{600'000};

/// Adds one, with the next id.
NotificationRow& raise(NotificationRows& rows, NotificationRow row);

/// What an edge of a backend's breaker changes: a trip is a new record, owed; a failed probe is news of the same
/// outage; its end acknowledges the record, and an end by an answer is a record of its own. An end by hand is none, and
/// what was not told until then is not told any more.
void record_backend_edge(NotificationRows& rows, const std::string& backend, const Breaker& before,
                         const Breaker& after, const HostTime& now);
/// Likewise of a guard: never sent, because it may be the sending itself that is broken.
void record_guard_edge(NotificationRows& rows, const std::string& guard, const Breaker& before, const Breaker& after,
                       const HostTime& now);

/// One, or with id 0 all; whoever acknowledges it need not be told. Returns how many it was new for.
int acknowledge(NotificationRows& rows, std::int64_t id, const HostTime& now);

/// Longer than all ways of telling take together: whoever still has one then is stopped, or was killed where it could
/// not be seen (in another pid namespace).
inline constexpr milliseconds kLongestSending{60'000};

/// Another process that has some, and looks again before it ends.
std::optional<ProcessId> other_sender(const NotificationRows& rows, const ProcessId& me, const IsDead& is_dead,
                                      const HostTime& now);

/// All that is owed becomes the caller's; nothing while there is another teller. What a killed process had begun to
/// send, or what is too old, is given up.
NotificationRows claim_pending(NotificationRows& rows, const ProcessId& me, const IsDead& is_dead, const HostTime& now);

/// Those of a kind that the caller has taken and may send: others may have taken them over since, or nobody is to be
/// told any more. They are marked as being sent.
NotificationRows begin_sending(NotificationRows& rows, std::string_view kind, const ProcessId& me);

/// Neither told nor given up.
bool is_outstanding(const NotificationRow& row);

/// Whoever makes a record owed starts a process that takes it, which lasts no longer.
inline constexpr milliseconds kLongestStart{2'000};

/// Untold, and nobody is about to tell it: who was to has ended, or was never started.
bool is_orphaned(const NotificationRow& row, const IsDead& is_dead, const HostTime& now);

/// Writes what became of one that the caller has taken; should another have it by now, nothing is changed.
void note_delivery(NotificationRows& rows, const NotificationRow& row);

}  // namespace delegate
