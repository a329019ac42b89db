#pragma once
#include <string>
#include <vector>

#include "core/state/notifications.hpp"

// What is said to people, made of the records. Pure but for the local time zone. Nothing in it was said by a backend:
// no prompt, no path, no key, because others may look on.
namespace delegate::notify {

struct Words {
  std::string title;
  std::string message;
};

/// One thing to tell, made of one record or of several that came together.
struct Announcement {
  std::string kind;  // "trip", "recovery", "test"
  NotificationSeverity severity = NotificationSeverity::info;
  Words words;
  NotificationRows rows;
  // For a channel that can change what it shows already.
  Words joint;           // with the outages that are shown already and go on
  std::string replaces;  // … the handle of what shows them; empty: nothing
};

struct Surroundings {
  milliseconds now{0};                 // wall
  std::vector<std::string> answering;  // the candidates that can be asked now, first to last
};

/// A storm shown within this time of another is shown in its place.
inline constexpr milliseconds kOneStorm{60'000};

/// All trips in one, then all recoveries in one. `all` is every record that is kept, the `taken` ones among them.
std::vector<Announcement> announcements_of(const NotificationRows& taken, const NotificationRows& all,
                                           const Surroundings& around);

/// Handles of what shows no outage that goes on any more, or that a backend answers that is off again.
std::vector<std::string> stale_handles(const NotificationRows& all);

/// What a hook gets on its stdin: one JSON object.
std::string to_json(const Announcement& announcement, milliseconds now);

}  // namespace delegate::notify
