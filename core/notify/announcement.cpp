#include "core/notify/announcement.hpp"

#include <algorithm>
#include <array>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/notify/quota_text.hpp"
#include "core/notify/selection.hpp"

namespace delegate::notify {
namespace {

bool is_over(const NotificationRow& row) { return row.ended_at.has_value(); }

bool is_ongoing(const NotificationRow& row) { return row.kind == "trip" && !is_over(row); }

bool is_about(const std::string& backend, const NotificationRows& rows) {
  return std::any_of(rows.begin(), rows.end(), [&](const NotificationRow& row) { return row.subject == backend; });
}

NotificationRows of_kind(const NotificationRows& rows, std::string_view kind) {
  NotificationRows found;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(found),
               [&](const NotificationRow& row) { return row.kind == kind; });
  return found;
}

bool is_announced_as_unstable(const NotificationRow& trip, const NotificationRows& all, const OutageFacts& facts) {
  const auto damping = damping_of(all, trip.subject, facts.settings, facts.now);
  const auto found = damping.find(trip.id);
  return found != damping.end() && found->second.damping == Damping::unstable;
}

/// Ongoing outages whose notification is recent enough to be replaced by one for all of them. One of an unstable
/// backend stays as it is.
NotificationRows recently_shown(const NotificationRows& all, const OutageFacts& facts) {
  const auto is_shown = [&](const NotificationRow& row) {
    return is_ongoing(row) && row.delivery == DeliveryState::delivered && !row.handle.empty() &&
           !is_announced_as_unstable(row, all, facts);
  };
  const auto newest = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return is_shown(row) && row.delivered_at && facts.now - *row.delivered_at <= kOneStorm;
  });
  NotificationRows found;  // all in the same notification, however old
  for (const NotificationRow& row : all)
    if (newest != all.rend() && is_shown(row) && row.handle == newest->handle) found.push_back(row);
  return found;
}

/// The last notification about these backends, if it shows no outage of another one.
std::string own_handle(const NotificationRows& rows, const NotificationRows& all) {
  const auto shows_other_outage = [&](const std::string& handle) {
    return std::any_of(all.begin(), all.end(), [&](const NotificationRow& row) {
      return is_ongoing(row) && row.handle == handle && !is_about(row.subject, rows);
    });
  };
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    const bool is_of_backend = row.kind == "trip" || row.kind == "recovery";
    return is_of_backend && !row.handle.empty() && is_about(row.subject, rows) && !shows_other_outage(row.handle);
  });
  return last == all.rend() ? std::string() : last->handle;
}

/// Ongoing outages of other backends in a notification that also shows one of these.
NotificationRows shown_with(const NotificationRows& rows, const NotificationRows& all) {
  NotificationRows found;
  for (const NotificationRow& row : all) {
    if (!is_ongoing(row) || row.handle.empty() || is_about(row.subject, rows)) continue;
    const auto shows_both = [&](const NotificationRow& other) {
      return other.handle == row.handle && is_about(other.subject, rows);
    };
    if (std::any_of(all.begin(), all.end(), shows_both)) found.push_back(row);
  }
  return found;
}

Announcement announce_unstable(const NotificationRow& trip, const NotificationRows& all, const OutageFacts& facts) {
  const DampedOutage damped = damping_of(all, trip.subject, facts.settings, facts.now).at(trip.id);
  const NotificationText text = text_of_unstable(trip, damped, facts);
  return {.kind = "trip",
          .severity = NotificationSeverity::warning,
          .urgency = urgency_of({trip}, facts.settings),
          .text = text,
          .rows = {trip},
          .unstable = damped,
          .joint = text,
          .joint_urgency = urgency_of({trip}, facts.settings),
          .joint_has_outage = true,
          .replaces = own_handle({trip}, all)};
}

Announcement announce_trips(NotificationRows rows, const NotificationRows& all, const OutageFacts& facts) {
  Announcement out{.kind = "trip",
                   .severity = NotificationSeverity::warning,
                   .urgency = urgency_of(rows, facts.settings),
                   .text = text_of_trips(rows, facts),
                   .rows = rows};
  out.joint = out.text;
  out.joint_urgency = out.urgency;
  out.joint_has_outage = true;
  out.replaces = own_handle(rows, all);
  NotificationRows storm = recently_shown(all, facts);
  if (storm.empty()) storm = shown_with(rows, all);
  if (storm.empty()) return out;
  out.replaces = storm.back().handle;
  storm.insert(storm.end(), rows.begin(), rows.end());
  out.joint = text_of_trips(storm, facts);
  out.joint_urgency = urgency_of(storm, facts.settings);
  return out;
}

/// A notification that also shows ongoing outages is replaced by one that says so.
Announcement announce_recoveries(NotificationRows rows, const NotificationRows& all, const OutageFacts& facts) {
  Announcement out{.kind = "recovery", .text = text_of_recoveries(rows, all, {}, facts)};
  out.joint = out.text;
  out.replaces = own_handle(rows, all);
  if (const NotificationRows still = shown_with(rows, all); !still.empty()) {
    out.replaces = still.back().handle;
    out.joint = text_of_recoveries(rows, all, still, facts);
    out.joint_urgency = urgency_of(still, facts.settings);
    out.joint_has_outage = true;
  }
  out.rows = std::move(rows);
  return out;
}

/// The newest about the same window of a login takes the place of those before it.
Announcement announce_quota(const NotificationRow& row, const NotificationRows& all, const OutageFacts& facts) {
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& one) {
    return one.kind == "quota" && one.subject == row.subject && one.outcome == row.outcome && !one.handle.empty();
  });
  Announcement out{.kind = row.kind,
                   .severity = row.severity,
                   .urgency = urgency_of({row}, facts.settings),
                   .text = text_of_quota(row, facts),
                   .rows = {row}};
  out.joint = out.text;
  out.joint_urgency = out.urgency;
  if (last != all.rend()) out.replaces = last->handle;
  return out;
}

bool has_tripped_again(const NotificationRow& recovery, const NotificationRows& all) {
  return std::any_of(all.begin(), all.end(), [&](const NotificationRow& row) {
    return is_ongoing(row) && row.subject == recovery.subject && row.id > recovery.id;
  });
}

OrderedJson quota_entry(const NotificationRow& row) {
  OrderedJson backend{{"name", row.subject}};
  if (row.outcome == kExtraBilling) backend["extra_billing"] = true;
  else backend["window"] = row.outcome;
  if (row.retry_at) backend["ends_at"] = format_rfc3339(*row.retry_at);
  return backend;
}

/// By the settings of its backend, so there is nothing to announce.
bool is_allowed(const NotificationRow& row, const OutageFacts& facts) {
  return row.kind == "quota" && row.outcome == kExtraBilling && facts.quota_for &&
         facts.quota_for(row).is_extra_allowed;
}

std::optional<Announcement> first_announcement(const NotificationRows& wanted, const NotificationRows& all,
                                               const OutageFacts& facts) {
  NotificationRows trips;
  for (const NotificationRow& row : of_kind(wanted, "trip")) {
    if (is_announced_as_unstable(row, all, facts)) return announce_unstable(row, all, facts);
    trips.push_back(row);
  }
  if (!trips.empty()) return announce_trips(std::move(trips), all, facts);
  if (NotificationRows recoveries = of_kind(wanted, "recovery"); !recoveries.empty())
    return announce_recoveries(std::move(recoveries), all, facts);
  if (wanted.empty()) return std::nullopt;
  const NotificationRow& row = wanted.front();
  if (row.kind == "quota") return announce_quota(row, all, facts);
  return Announcement{.kind = row.kind,
                      .severity = row.severity,
                      .urgency = urgency_of({row}, facts.settings),
                      .text = {row.title, row.message},
                      .rows = {row}};
}

}  // namespace

std::optional<Announcement> begin_next(NotificationRows& rows, const ProcessId& me, OutageFacts facts,
                                       const HostTime& now) {
  facts.now = now.wall;
  NotificationRows wanted;
  for (const NotificationRow& row : renew_claim(rows, me, now)) {
    if (is_allowed(row, facts)) {
      hold_back(rows, row.id, DeliveryState::unwanted,
                "backends." + candidate_name(row.subject).backend + ".overage allows it");
      acknowledge(rows, row.id, now);
    } else if (auto withheld = why_withheld(row, rows, facts.settings, now.wall)) {
      hold_back(rows, row.id, withheld->delivery, std::move(withheld->why));
    } else {
      wanted.push_back(row);
    }
  }
  auto next = first_announcement(wanted, rows, facts);
  if (next) begin_sending(rows, next->rows);
  return next;
}

Announcement sample_announcement(const std::string& backend, const OutageFacts& facts) {
  return {.kind = "test", .urgency = desktop::Urgency::normal, .text = text_of_sample(backend, facts)};
}

std::vector<std::string> stale_handles(const NotificationRows& all, const NotifySettings& settings, milliseconds now) {
  const auto is_current = [&](const NotificationRow& row) {
    if (row.kind == "recovery") return !has_tripped_again(row, all);
    if (row.kind == "quota" && row.retry_at && *row.retry_at <= now) return false;
    if (row.kind != "trip") return !is_over(row);
    const NotificationRow* unstable = is_over(row) ? unstable_notice(all, row.subject, settings, now) : nullptr;
    return !is_over(row) || (unstable != nullptr && unstable->id == row.id);
  };
  const auto shows_current = [&](const std::string& handle) {
    return std::any_of(all.begin(), all.end(),
                       [&](const NotificationRow& row) { return row.handle == handle && is_current(row); });
  };
  std::vector<std::string> handles;
  for (const NotificationRow& row : all) {
    if (row.handle.empty() || shows_current(row.handle)) continue;
    if (std::find(handles.begin(), handles.end(), row.handle) == handles.end()) handles.push_back(row.handle);
  }
  constexpr std::size_t kMost = 8;  // older ones are long gone from the screen
  if (handles.size() > kMost) handles.erase(handles.begin(), handles.end() - static_cast<std::ptrdiff_t>(kMost));
  return handles;
}

void note_replacement(NotificationRows& rows, const NotificationRows& announced, const std::string& replaced,
                      const std::string& shown) {
  if (shown.empty()) return;
  for (NotificationRow& row : rows) {
    const bool is_announced =
        std::any_of(announced.begin(), announced.end(), [&](const NotificationRow& one) { return one.id == row.id; });
    if (is_announced || row.handle.empty() || row.handle != replaced) continue;
    row.handle = is_ongoing(row) && !is_about(row.subject, announced) ? shown : "";
  }
}

std::string to_json(const Announcement& announcement, milliseconds now) {
  constexpr std::array<std::string_view, 3> kUrgencies{"low", "normal", "critical"};  // in the order of Urgency
  OrderedJson json{{"schema", "delegate.notification/1"},
                   {"kind", announcement.kind},
                   {"severity", to_string(announcement.severity)},
                   {"urgency", kUrgencies[static_cast<std::size_t>(announcement.urgency)]},
                   {"title", announcement.text.title},
                   {"message", announcement.text.message},
                   {"at", format_rfc3339(now)},
                   {"backends", OrderedJson::array()}};
  for (const NotificationRow& row : announcement.rows) {
    if (row.kind == "quota") json["backends"].push_back(quota_entry(row));
    if (row.kind != "trip" && row.kind != "recovery") continue;
    OrderedJson backend{{"name", row.subject}};
    put(backend, "outcome", row.outcome);
    if (row.retry_at) backend["retry_at"] = format_rfc3339(*row.retry_at);
    if (announcement.unstable) backend["unstable"] = true, backend["outages"] = announcement.unstable->outages;
    json["backends"].push_back(backend);
  }
  return dump(json);
}

}  // namespace delegate::notify
