#include "core/notify/announcement.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::notify {
namespace {

/// "at 14:05", and with the day when it is not today.
std::string at_time(milliseconds at, milliseconds now) {
  const bool today = format_local(at, "%F") == format_local(now, "%F");
  return format_local(at, today ? "at %H:%M" : "on %-d %b at %H:%M");
}

/// "claude", "claude and codex", "claude, codex and gemini".
std::string enumeration(const NotificationRows& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += i + 1 == rows.size() ? " and " : ", ";
    text += rows[i].subject;
  }
  return text;
}

bool is_over(const NotificationRow& row) { return row.ended_at.has_value(); }

bool is_ongoing(const NotificationRow& row) { return row.kind == "trip" && !is_over(row); }

bool is_about(const std::string& backend, const NotificationRows& rows) {
  return std::any_of(rows.begin(), rows.end(), [&](const NotificationRow& row) { return row.subject == backend; });
}

/// Never a backend that this announcement calls unavailable, even if it has recovered: that is announced on its own.
std::string fallback_sentence(const NotificationRows& trips, const FallbackFacts& facts) {
  for (const std::string& backend : facts.answering)
    if (!is_about(backend, trips)) return backend + " answers instead.";
  return "No other backend can answer now.";
}

std::string next_try(const NotificationRow& row, milliseconds now) {
  if (!row.retry_at) return {};
  return row.subject + " is tried again " + (*row.retry_at > now ? at_time(*row.retry_at, now) : "with the next call") +
         ".";
}

NotificationText text_of_trips(const NotificationRows& rows, const FallbackFacts& facts) {
  if (rows.size() == 1 && is_over(rows[0])) return {rows[0].title, "It has recovered since."};
  if (rows.size() == 1) {
    const std::string next = next_try(rows[0], facts.now);
    return {rows[0].title, fallback_sentence(rows, facts) + (next.empty() ? "" : " " + next) + " " + rows[0].message};
  }
  NotificationText text{enumeration(rows) + " are unavailable", fallback_sentence(rows, facts)};
  for (const NotificationRow& row : rows)
    text.message +=
        "\n" + row.subject + ": " + std::string(cause_of(row.outcome)) + (is_over(row) ? ", recovered since" : "");
  return text;
}

std::string outage_of(const NotificationRow& recovery, const NotificationRows& all) {
  const auto trip = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return row.kind == "trip" && row.subject == recovery.subject && row.id < recovery.id;
  });
  if (trip == all.rend()) return {};
  return "was unavailable for " + format_took(std::max(recovery.first_seen - trip->first_seen, milliseconds(0)));
}

NotificationText text_of_recoveries(const NotificationRows& rows, const NotificationRows& all) {
  if (rows.size() == 1) {
    const std::string outage = outage_of(rows[0], all);
    return {rows[0].title, outage.empty() ? "" : "It " + outage + "."};
  }
  NotificationText text{enumeration(rows) + " answer again", ""};
  for (const NotificationRow& row : rows) {
    const std::string outage = outage_of(row, all);
    if (!outage.empty()) text.message += (text.message.empty() ? "" : "\n") + row.subject + " " + outage;
  }
  return text;
}

NotificationRows of_kind(const NotificationRows& rows, std::string_view kind) {
  NotificationRows found;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(found),
               [&](const NotificationRow& row) { return row.kind == kind; });
  return found;
}

/// Ongoing outages whose notification is recent enough to be replaced by one for all of them.
NotificationRows recently_shown(const NotificationRows& all, milliseconds now) {
  const auto is_shown = [](const NotificationRow& row) {
    return is_ongoing(row) && row.delivery == DeliveryState::delivered && !row.handle.empty();
  };
  const auto newest = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return is_shown(row) && row.delivered_at && now - *row.delivered_at <= kOneStorm;
  });
  NotificationRows found;  // all in the same notification, however old
  for (const NotificationRow& row : all)
    if (newest != all.rend() && is_shown(row) && row.handle == newest->handle) found.push_back(row);
  return found;
}

Announcement announce_trips(NotificationRows rows, const NotificationRows& all, const FallbackFacts& facts) {
  Announcement out{
      .kind = "trip", .severity = NotificationSeverity::warning, .text = text_of_trips(rows, facts), .rows = rows};
  NotificationRows storm = recently_shown(all, facts.now);
  if (storm.empty()) return out;
  out.replaces = storm.back().handle;
  storm.insert(storm.end(), rows.begin(), rows.end());
  out.joint = text_of_trips(storm, facts);
  return out;
}

/// Ongoing outages that share a notification with one of the trips that these recoveries end.
NotificationRows shown_with(const NotificationRows& recoveries, const NotificationRows& all) {
  NotificationRows found;
  for (const NotificationRow& row : all) {
    if (!is_ongoing(row) || row.handle.empty()) continue;
    const auto shows_both = [&](const NotificationRow& trip) {
      return trip.kind == "trip" && trip.handle == row.handle && is_about(trip.subject, recoveries);
    };
    if (std::any_of(all.begin(), all.end(), shows_both)) found.push_back(row);
  }
  return found;
}

/// A notification that also shows ongoing outages is replaced by one that says so.
Announcement announce_recoveries(NotificationRows rows, const NotificationRows& all) {
  Announcement out{.kind = "recovery", .text = text_of_recoveries(rows, all)};
  if (const NotificationRows still = shown_with(rows, all); !still.empty()) {
    out.replaces = still.back().handle;
    out.joint = out.text;
    out.joint.message += (out.joint.message.empty() ? "" : "\n") + enumeration(still) +
                         (still.size() == 1 ? " is" : " are") + " still unavailable.";
  }
  out.rows = std::move(rows);
  return out;
}

}  // namespace

std::vector<Announcement> announcements_of(const NotificationRows& taken, const NotificationRows& all,
                                           const FallbackFacts& facts) {
  std::vector<Announcement> out;
  if (NotificationRows trips = of_kind(taken, "trip"); !trips.empty())
    out.push_back(announce_trips(std::move(trips), all, facts));
  if (NotificationRows recoveries = of_kind(taken, "recovery"); !recoveries.empty())
    out.push_back(announce_recoveries(std::move(recoveries), all));
  for (const NotificationRow& row : taken)
    if (row.kind != "trip" && row.kind != "recovery")
      out.push_back({.kind = row.kind, .severity = row.severity, .text = {row.title, row.message}, .rows = {row}});
  return out;
}

std::vector<std::string> stale_handles(const NotificationRows& all) {
  const auto shows_ongoing_outage = [&](const std::string& handle) {
    return std::any_of(all.begin(), all.end(),
                       [&](const NotificationRow& row) { return is_ongoing(row) && row.handle == handle; });
  };
  const auto has_tripped_again = [&](const NotificationRow& recovery) {
    return std::any_of(all.begin(), all.end(), [&](const NotificationRow& row) {
      return is_ongoing(row) && row.subject == recovery.subject && row.id > recovery.id;
    });
  };
  std::vector<std::string> handles;
  for (const NotificationRow& row : all) {
    const bool is_stale =
        row.kind == "recovery" ? has_tripped_again(row) : (row.kind == "trip" || row.kind == "canary") && is_over(row);
    if (!is_stale || row.handle.empty() || shows_ongoing_outage(row.handle)) continue;
    if (std::find(handles.begin(), handles.end(), row.handle) == handles.end()) handles.push_back(row.handle);
  }
  constexpr std::size_t kMost = 8;  // older ones are long gone from the screen
  if (handles.size() > kMost) handles.erase(handles.begin(), handles.end() - static_cast<std::ptrdiff_t>(kMost));
  return handles;
}

std::string to_json(const Announcement& announcement, milliseconds now) {
  OrderedJson json{{"schema", "delegate.notification/1"},
                   {"kind", announcement.kind},
                   {"severity", to_string(announcement.severity)},
                   {"title", announcement.text.title},
                   {"message", announcement.text.message},
                   {"at", format_rfc3339(now)},
                   {"backends", OrderedJson::array()}};
  for (const NotificationRow& row : announcement.rows) {
    if (row.kind != "trip" && row.kind != "recovery") continue;
    OrderedJson backend{{"name", row.subject}};
    put(backend, "outcome", row.outcome);
    if (row.retry_at) backend["retry_at"] = format_rfc3339(*row.retry_at);
    json["backends"].push_back(backend);
  }
  return dump(json);
}

}  // namespace delegate::notify
