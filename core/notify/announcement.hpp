#pragma once
#include <string>
#include <vector>

#include "core/state/notifications.hpp"

// The text of notifications, made from the records. Pure, except that it reads the local time zone. It never contains
// output of a backend, a prompt, a path or a key, because other people may see the screen.
namespace delegate::notify {

struct NotificationText {
  std::string title;
  std::string message;
};

/// One notification to send, made of one record or of several that came together.
struct Announcement {
  std::string kind;  // "trip", "recovery", "test"
  NotificationSeverity severity = NotificationSeverity::info;
  NotificationText text;
  NotificationRows rows;
  // For a channel that can replace a notification.
  NotificationText joint;  // also names the ongoing outages that are shown already
  std::string replaces;    // handle of the notification that shows them; empty: none
};

/// What can answer instead of a backend that is unavailable.
struct FallbackFacts {
  milliseconds now{0};                 // wall
  std::vector<std::string> answering;  // backends that can be called now, in routing order
};

/// Trips within this time of a notification replace it with one for all of them.
inline constexpr milliseconds kOneStorm{60'000};

/// One announcement for all trips, then one for all recoveries. `all` holds every stored record, including `taken`.
std::vector<Announcement> announcements_of(const NotificationRows& taken, const NotificationRows& all,
                                           const FallbackFacts& facts);

/// Handles of notifications that are out of date: their outage is over, or their recovered backend has tripped again.
std::vector<std::string> stale_handles(const NotificationRows& all);

/// The JSON object that a hook reads on stdin.
std::string to_json(const Announcement& announcement, milliseconds now);

}  // namespace delegate::notify
