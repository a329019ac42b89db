#include "core/notify/damping.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/health/outcome_words.hpp"

namespace delegate::notify {
namespace {

/// Goes through the trips of one backend, oldest first.
class DampingWalk {
 public:
  DampingWalk(const NotifySettings& settings, milliseconds now) : settings_(settings), now_(now) {}

  /// A person has reset the breaker, or the executable was replaced.
  void begin_again() {
    recent_.clear();
    is_unstable_ = false;
  }

  DampedOutage operator()(const NotificationRow& trip) {
    const milliseconds at = trip.first_seen;
    if (!recent_.empty() && !is_near(recent_.back(), at)) is_unstable_ = false;
    recent_.push_back(at);
    std::erase_if(recent_, [&](milliseconds earlier) { return !is_near(earlier, at); });
    DampedOutage outage{step(trip), static_cast<int>(recent_.size()), std::max(at - recent_.front(), milliseconds(0))};
    // After the notification of another outage it is to be said again.
    if (outage.damping != Damping::damp) is_unstable_ = outage.damping == Damping::unstable && was_announced(trip);
    if (trip.delivery == DeliveryState::damped) is_unstable_ = true;  // the one that said so may have been deleted
    return outage;
  }

 private:
  Damping step(const NotificationRow& trip) const {
    if (settings_.damping_trips == 0 || remedy_for(trip.outcome) == Remedy::act || has_waited_long(trip))
      return Damping::announce;
    if (is_unstable_) return Damping::damp;
    const bool is_enough = recent_.size() >= static_cast<std::size_t>(settings_.damping_trips);
    return is_enough ? Damping::unstable : Damping::announce;
  }

  /// The wall clock may have been set back.
  bool is_near(milliseconds one, milliseconds other) const {
    return std::abs((other - one).count()) < settings_.damping_within.count();
  }

  bool has_waited_long(const NotificationRow& trip) const {
    const bool waits = is_outstanding(trip) || trip.delivery == DeliveryState::held;
    if (!waits && !trip.delivered_at) return false;
    return trip.delivered_at.value_or(now_) - trip.first_seen >= settings_.damping_within;
  }

  /// Otherwise the next outage says it.
  static bool was_announced(const NotificationRow& trip) {
    return is_outstanding(trip) || trip.delivery == DeliveryState::delivered ||
           trip.detail.find(kMaybeShown) != std::string::npos;
  }

  const NotifySettings& settings_;
  milliseconds now_;
  std::vector<milliseconds> recent_;
  bool is_unstable_ = false;
};

bool is_trip_of(const NotificationRow& row, const std::string& backend) {
  return row.kind == "trip" && row.subject == backend;
}

/// It ended without a recovery.
bool was_dismissed(const NotificationRow& trip, const NotificationRows& all) {
  const auto next = std::find_if(all.begin(), all.end(), [&](const NotificationRow& row) {
    const bool is_of_backend = row.kind == "trip" || row.kind == "recovery";
    return is_of_backend && row.subject == trip.subject && row.id > trip.id;
  });
  return trip.ended_at && (next == all.end() || next->kind == "trip");
}

}  // namespace

std::map<std::int64_t, DampedOutage> damping_of(const NotificationRows& all, const std::string& backend,
                                                const NotifySettings& settings, milliseconds now) {
  std::map<std::int64_t, DampedOutage> found;
  DampingWalk walk(settings, now);
  const NotificationRow* before = nullptr;
  for (const NotificationRow& row : all) {
    if (!is_trip_of(row, backend)) continue;
    if (before != nullptr && was_dismissed(*before, all)) walk.begin_again();
    found[row.id] = walk(row);
    before = &row;
  }
  return found;
}

const NotificationRow* unstable_notice(const NotificationRows& all, const std::string& backend,
                                       const NotifySettings& settings, milliseconds now) {
  const NotificationRow* said = nullptr;
  const NotificationRow* last = nullptr;
  const auto damping = damping_of(all, backend, settings, now);
  for (const NotificationRow& row : all) {
    if (!is_trip_of(row, backend)) continue;
    last = &row;
    const Damping step = damping.at(row.id).damping;
    if (step == Damping::unstable) said = &row;
    else if (step == Damping::announce) said = nullptr;  // it shows that one now
  }
  const bool holds = last != nullptr && !was_dismissed(*last, all) &&
                     (!last->ended_at || now - last->first_seen < settings.damping_within);
  return holds ? said : nullptr;
}

}  // namespace delegate::notify
