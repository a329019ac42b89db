#pragma once
#include <algorithm>

#include "core/state/notifications.hpp"

namespace delegate::notify {

/// How long an announcer waits for other outages that belong to the same notification: until none has come for a while,
/// because a broken CLI takes some time to fail and a call then tries the next one, but never so long that one is sent
/// more than `kLongest` after it happened. Times are monotonic, except where it says wall.
class Gathering {
 public:
  static constexpr milliseconds kQuiet{1'500};
  static constexpr milliseconds kLongest{10'000};

  /// `first`: what has been claimed so far.
  Gathering(const NotificationRows& first, milliseconds now, milliseconds now_wall)
      : quiet_until_(now + kQuiet), ends_at_(now + kLongest) {
    for (const NotificationRow& row : first) {
      const milliseconds age = std::clamp(now_wall - row.first_seen, milliseconds(0), kLongest);
      ends_at_ = std::min(ends_at_, now + kLongest - age);
    }
  }

  void add_another(milliseconds now) { quiet_until_ = now + kQuiet; }
  bool is_over(milliseconds now) const { return now >= quiet_until_ || now >= ends_at_; }

 private:
  milliseconds quiet_until_;
  milliseconds ends_at_;
};

}  // namespace delegate::notify
