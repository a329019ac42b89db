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

enum class Severity { info, warning, critical };
std::string_view to_string(Severity severity);
std::optional<Severity> severity_named(std::string_view name);

/// What became of telling it.
enum class Delivery {
  owed,         // nobody has begun to
  taken,        // a process is about to
  sending,      // … and has begun: should it be killed now, nobody knows whether it was shown
  delivered,    // by `channel`
  undelivered,  // `detail` says why
  unwanted,     // the configuration does not ask for it
};
std::string_view to_string(Delivery delivery);
std::optional<Delivery> delivery_named(std::string_view name);

struct NotificationRow {
  std::int64_t id = 0;  // grows
  std::string kind;     // "trip", "recovery", "guard", "test"
  std::string subject;  // the backend, or the guard
  std::string outcome;  // of a trip: the name of what opened the breaker
  Severity severity = Severity::info;
  std::string title;
  std::string message;
  int count = 1;                                // how often it was seen: a trip and its failed probes
  milliseconds first_seen{0};                   // wall
  milliseconds last_seen{0};                    // wall
  std::optional<milliseconds> retry_at;         // of a trip: when a probe may run; wall
  std::optional<milliseconds> acknowledged_at;  // by a person, or because the outage is over; wall
  Delivery delivery = Delivery::owed;
  std::string channel;                       // "hook", "desktop", …
  std::string detail;                        // of an undelivered one: why; else what the channel said
  std::string handle;                        // by which the channel can close it again; its form is the channel's
  std::optional<milliseconds> delivered_at;  // wall
  ProcessId sender;                          // who has taken it
  std::optional<milliseconds> taken_at;      // wall

  bool operator==(const NotificationRow&) const = default;
};
using NotificationRows = std::vector<NotificationRow>;  // oldest first

inline constexpr std::size_t kMostNotifications = 200;  // more push the oldest out
/// A notice that nobody could send within this time is not news any more.
inline constexpr milliseconds kLatestNotification{600'000};

/// Adds one, with the next id.
NotificationRow& raise(NotificationRows& rows, NotificationRow row);

/// What an edge of a backend's breaker changes: a trip is a new record, owed; a failed probe is news of the same
/// outage; its end acknowledges the record, and an end by an answer is a record of its own.
void tell_of_backend(NotificationRows& rows, const std::string& backend, const Breaker& before, const Breaker& after,
                     const HostTime& now);
/// Likewise of a guard: never sent, because it may be the sending itself that is broken.
void tell_of_guard(NotificationRows& rows, const std::string& guard, const Breaker& before, const Breaker& after,
                   const HostTime& now);

/// One, or with id 0 all. Returns how many it was new for.
int acknowledge(NotificationRows& rows, std::int64_t id, const HostTime& now);

/// Longer than all ways of telling take together: whoever still has one then is stopped, or was killed where it could
/// not be seen (in another pid namespace).
inline constexpr milliseconds kLongestTelling{60'000};

/// All that is owed becomes the caller's; nothing while another living process has some, which looks again before it
/// ends. What a killed process had begun to send, or what is too old, is given up.
NotificationRows take_owed(NotificationRows& rows, const ProcessId& me, const IsGone& is_gone, const HostTime& now);

/// Neither told nor given up.
bool is_untold(const NotificationRow& row);

/// Untold, and nobody is about to tell it: who was to has ended, or was never started.
bool is_left_behind(const NotificationRow& row, const IsGone& is_gone, const HostTime& now);

/// Writes what became of one that the caller has taken; should another have it by now, nothing is changed.
void note_delivery(NotificationRows& rows, const NotificationRow& row);

}  // namespace delegate
