#include "core/notify/selection.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/quiet_hours.hpp"
#include "core/notify/damping.hpp"

namespace delegate::notify {
namespace {

bool has(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool is_outage(const NotificationRow& row) { return row.kind == "trip" || row.kind == "recovery"; }

/// Of a recovery or of the end of a violation: the record of what is over.
const NotificationRow* beginning_of(const NotificationRow& end, const NotificationRows& all) {
  const std::string kind = end.kind == "recovery" ? "trip" : end.kind;
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return row.kind == kind && row.subject == end.subject && row.id < end.id;
  });
  return found == all.rend() ? nullptr : &*found;
}

std::string outcome_of(const NotificationRow& row, const NotificationRows& all) {
  if (row.kind != "recovery") return row.outcome;
  const NotificationRow* trip = beginning_of(row, all);
  return trip == nullptr ? std::string() : trip->outcome;
}

std::optional<Withheld> muted(const NotificationRow& row, const NotificationRows& all, const NotifySettings& settings) {
  if (!has(settings.on, row.kind)) return Withheld{DeliveryState::unwanted, "not enabled in [notify]"};
  if (!is_outage(row) && row.kind != "quota") return std::nullopt;
  if (has(settings.mute_backends, row.subject) || has(settings.mute_backends, candidate_name(row.subject).backend))
    return Withheld{DeliveryState::unwanted, "muted by notify.mute_backends"};
  if (is_outage(row) && has(settings.mute_outcomes, outcome_of(row, all)))
    return Withheld{DeliveryState::unwanted, "muted by notify.mute_outcomes"};
  return std::nullopt;
}

std::optional<Withheld> damped_trip(const NotificationRow& trip, const NotificationRows& all,
                                    const NotifySettings& settings, milliseconds now) {
  const DampedOutage outage = damping_of(all, trip.subject, settings, now).at(trip.id);
  if (outage.damping != Damping::damp) return std::nullopt;
  return Withheld{DeliveryState::damped, trip.subject + " is unstable: outage " + std::to_string(outage.outages) +
                                             " within " + format_took(settings.damping_within)};
}

std::optional<Withheld> damped(const NotificationRow& row, const NotificationRows& all, const NotifySettings& settings,
                               milliseconds now) {
  if (row.kind == "trip") return damped_trip(row, all, settings, now);
  const NotificationRow* trip = row.kind == "recovery" ? beginning_of(row, all) : nullptr;
  if (trip == nullptr || row.first_seen - trip->first_seen >= settings.damping_within) return std::nullopt;
  const Damping step = damping_of(all, trip->subject, settings, now).at(trip->id).damping;
  if (step != Damping::unstable) return std::nullopt;
  return Withheld{DeliveryState::damped, row.subject + " is unstable"};
}

std::optional<Withheld> outdated(const NotificationRow& row, const NotificationRows& all, milliseconds now) {
  const bool is_past_window = row.kind == "quota" && row.retry_at && *row.retry_at <= now;
  if (row.ended_at || is_past_window) return Withheld{DeliveryState::unwanted, "over before it could be announced"};
  if (row.kind != "canary" || row.severity != NotificationSeverity::info) return std::nullopt;
  const NotificationRow* violation = beginning_of(row, all);
  if (violation == nullptr || violation->delivery != DeliveryState::unwanted) return std::nullopt;
  return Withheld{DeliveryState::unwanted, "its beginning was not announced"};
}

}  // namespace

bool is_quiet(const NotifySettings& settings, milliseconds now) {
  const auto hours = config::quiet_hours_of(settings.quiet_hours);
  if (!hours) return false;
  const auto number = [&](const char* format) { return std::stoi(format_local(now, format)); };
  return hours->contains(std::chrono::hours(number("%H")) + std::chrono::minutes(number("%M")));
}

std::optional<Withheld> why_withheld(const NotificationRow& row, const NotificationRows& all,
                                     const NotifySettings& settings, milliseconds now) {
  if (auto why = muted(row, all, settings)) return why;
  if (auto why = outdated(row, all, now)) return why;
  if (is_quiet(settings, now)) return Withheld{DeliveryState::held, std::string(kHeldDetail)};
  return damped(row, all, settings, now);
}

desktop::Urgency urgency_of(const NotificationRows& rows, const NotifySettings& settings) {
  desktop::Urgency highest = desktop::Urgency::low;
  for (const NotificationRow& row : rows) {
    if (row.severity == NotificationSeverity::info) continue;
    const bool is_critical = row.kind == "trip" && has(settings.urgency_critical, row.outcome);
    const bool is_low = row.kind == "trip" && has(settings.urgency_low, row.outcome);
    const auto urgency = is_critical ? desktop::Urgency::critical
                         : is_low    ? desktop::Urgency::low
                                     : desktop::Urgency::normal;
    highest = std::max(highest, urgency);
  }
  return highest;
}

}  // namespace delegate::notify
