#pragma once
#include <map>
#include <string>

#include "core/config/config.hpp"
#include "core/state/notifications.hpp"

// Which outages of a backend that keeps failing and recovering are announced. Pure: decided from the records alone.
namespace delegate::notify {

enum class Damping {
  announce,
  unstable,  // announced, as the last one: the backend is unstable
  damp,      // only recorded
};

struct DampedOutage {
  Damping damping = Damping::announce;
  int outages = 1;       // of the backend within `damping.within`, with this one
  milliseconds span{0};  // from the first of them to this one
};

/// Of each trip of a backend, by its id. One that needs a person is always announced, and so is one that has lasted as
/// long as `damping.within` when it can be: after the quiet hours. After a manual reset the counting
/// begins again.
std::map<std::int64_t, DampedOutage> damping_of(const NotificationRows& all, const std::string& backend,
                                                const NotifySettings& settings, milliseconds now);

/// The trip whose notification says that the backend is unstable, as long as that holds: until `damping.within` after
/// its last outage began, and until that one is over, unless a person reset the breaker. Null: none.
const NotificationRow* unstable_notice(const NotificationRows& all, const std::string& backend,
                                       const NotifySettings& settings, milliseconds now);

}  // namespace delegate::notify
