#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/notify/damping.hpp"
#include "core/notify/notice.hpp"
#include "core/notify/notification_text.hpp"
#include "core/state/notifications.hpp"

// Notifications to send, made from the records. Each backend has one on the desktop, which changes in place. Pure,
// except that it reads the local time zone.
namespace delegate::notify {

/// One notification to send, made of one record or of several that came together.
struct Announcement {
  std::string kind;  // "trip", "recovery", "quota", "canary", "test"
  NotificationSeverity severity = NotificationSeverity::info;
  desktop::Urgency urgency = desktop::Urgency::low;
  NotificationText text;
  NotificationRows rows;
  std::optional<DampedOutage> unstable = {};  // the backend is announced as unstable
  // For a channel that can replace a notification.
  NotificationText joint = {};  // also names the ongoing outages that are shown already
  desktop::Urgency joint_urgency = desktop::Urgency::low;
  bool joint_has_outage = false;  // it names an ongoing one
  std::string replaces = {};      // handle of the notification that shows them, or the backend's last; empty: none
};

/// Trips within this time of a notification replace it with one for all of them.
inline constexpr milliseconds kOneStorm{60'000};

/// The next announcement of what this process has taken, made of what the records are now and marked as being sent; the
/// rest waits for the next call. One for each backend that becomes unstable, one for all other trips, one for all
/// recoveries, one for each quota window, one for each alert of the canary. What is not to be sent gets its state and
/// the reason.
std::optional<Announcement> begin_next(NotificationRows& rows, const ProcessId& me, OutageFacts facts,
                                       const HostTime& now);

/// How a trip is announced that has not happened.
Announcement sample_announcement(const std::string& backend, const OutageFacts& facts);

/// Handles of notifications that are out of date: their outage is over, or their recovered backend has tripped again.
std::vector<std::string> stale_handles(const NotificationRows& all, const NotifySettings& settings, milliseconds now);

/// Records that the notification with the handle `replaced` now shows `announced`, with the handle `shown`.
void note_replacement(NotificationRows& rows, const NotificationRows& announced, const std::string& replaced,
                      const std::string& shown);

/// The JSON object that a hook reads on stdin.
std::string to_json(const Announcement& announcement, milliseconds now);

}  // namespace delegate::notify
