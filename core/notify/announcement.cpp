#include "core/notify/announcement.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::notify {
namespace {

std::string local_time(milliseconds at, const char* format) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at).count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

/// "at 14:05", and with the day when it is not today.
std::string at_time(milliseconds at, milliseconds now) {
  const bool today = local_time(at, "%F") == local_time(now, "%F");
  return local_time(at, today ? "at %H:%M" : "on %-d %b at %H:%M");
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

bool goes_on(const NotificationRow& row) { return row.kind == "trip" && !is_over(row); }

bool is_about(const std::string& backend, const NotificationRows& rows) {
  return std::any_of(rows.begin(), rows.end(), [&](const NotificationRow& row) { return row.subject == backend; });
}

/// Not one that is said to be unavailable, though it may answer again by now: that is told on its own.
std::string who_answers(const NotificationRows& trips, const Surroundings& around) {
  for (const std::string& backend : around.answering)
    if (!is_about(backend, trips)) return backend + " answers meanwhile.";
  return "Nobody else can answer now.";
}

std::string next_try(const NotificationRow& row, milliseconds now) {
  if (!row.retry_at) return {};
  return "It is tried again " + (*row.retry_at > now ? at_time(*row.retry_at, now) : "with the next question") + ".";
}

Words of_trips(const NotificationRows& rows, const Surroundings& around) {
  if (rows.size() == 1 && is_over(rows[0])) return {rows[0].title, "It is over by now."};
  if (rows.size() == 1) {
    const std::string next = next_try(rows[0], around.now);
    return {rows[0].title, who_answers(rows, around) + (next.empty() ? "" : " " + next) + " " + rows[0].message};
  }
  Words words{enumeration(rows) + " are unavailable", who_answers(rows, around)};
  for (const NotificationRow& row : rows)
    words.message +=
        "\n" + row.subject + ": " + std::string(cause_of(row.outcome)) + (is_over(row) ? ", which is over by now" : "");
  return words;
}

std::string outage_of(const NotificationRow& recovery, const NotificationRows& all) {
  const auto trip = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return row.kind == "trip" && row.subject == recovery.subject && row.id < recovery.id;
  });
  if (trip == all.rend()) return {};
  return "was unavailable for " + format_took(std::max(recovery.first_seen - trip->first_seen, milliseconds(0)));
}

Words of_recoveries(const NotificationRows& rows, const NotificationRows& all) {
  if (rows.size() == 1) {
    const std::string outage = outage_of(rows[0], all);
    return {rows[0].title, outage.empty() ? "" : "It " + outage + "."};
  }
  Words words{enumeration(rows) + " answer again", ""};
  for (const NotificationRow& row : rows) {
    const std::string outage = outage_of(row, all);
    if (!outage.empty()) words.message += (words.message.empty() ? "" : "\n") + row.subject + " " + outage;
  }
  return words;
}

NotificationRows of_kind(const NotificationRows& rows, std::string_view kind) {
  NotificationRows found;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(found),
               [&](const NotificationRow& row) { return row.kind == kind; });
  return found;
}

/// Outages that are shown already and go on.
NotificationRows shown_just_before(const NotificationRows& all, milliseconds now) {
  const auto is_shown = [](const NotificationRow& row) {
    return goes_on(row) && row.delivery == DeliveryState::delivered && !row.handle.empty();
  };
  const auto newest = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return is_shown(row) && row.delivered_at && now - *row.delivered_at <= kOneStorm;
  });
  NotificationRows found;  // all that the same notification shows, however long they have been off
  for (const NotificationRow& row : all)
    if (newest != all.rend() && is_shown(row) && row.handle == newest->handle) found.push_back(row);
  return found;
}

Announcement of_trips_in_one(NotificationRows rows, const NotificationRows& all, const Surroundings& around) {
  Announcement out{
      .kind = "trip", .severity = NotificationSeverity::warning, .words = of_trips(rows, around), .rows = rows};
  NotificationRows storm = shown_just_before(all, around.now);
  if (storm.empty()) return out;
  out.replaces = storm.back().handle;
  storm.insert(storm.end(), rows.begin(), rows.end());
  out.joint = of_trips(storm, around);
  return out;
}

/// The outages that go on and share a notification with one of the trips that these recoveries end.
NotificationRows shown_with(const NotificationRows& recoveries, const NotificationRows& all) {
  NotificationRows found;
  for (const NotificationRow& row : all) {
    if (!goes_on(row) || row.handle.empty()) continue;
    const auto shows_both = [&](const NotificationRow& trip) {
      return trip.kind == "trip" && trip.handle == row.handle && is_about(trip.subject, recoveries);
    };
    if (std::any_of(all.begin(), all.end(), shows_both)) found.push_back(row);
  }
  return found;
}

/// What shows the outages that go on, too, says from now on that they do.
Announcement of_recoveries_in_one(NotificationRows rows, const NotificationRows& all) {
  Announcement out{.kind = "recovery", .words = of_recoveries(rows, all)};
  if (const NotificationRows still = shown_with(rows, all); !still.empty()) {
    out.replaces = still.back().handle;
    out.joint = out.words;
    out.joint.message += (out.joint.message.empty() ? "" : "\n") + enumeration(still) +
                         (still.size() == 1 ? " is" : " are") + " still unavailable.";
  }
  out.rows = std::move(rows);
  return out;
}

}  // namespace

std::vector<Announcement> announcements_of(const NotificationRows& taken, const NotificationRows& all,
                                           const Surroundings& around) {
  std::vector<Announcement> out;
  if (NotificationRows trips = of_kind(taken, "trip"); !trips.empty())
    out.push_back(of_trips_in_one(std::move(trips), all, around));
  if (NotificationRows recoveries = of_kind(taken, "recovery"); !recoveries.empty())
    out.push_back(of_recoveries_in_one(std::move(recoveries), all));
  for (const NotificationRow& row : taken)
    if (row.kind != "trip" && row.kind != "recovery")
      out.push_back({.kind = row.kind, .severity = row.severity, .words = {row.title, row.message}, .rows = {row}});
  return out;
}

std::vector<std::string> stale_handles(const NotificationRows& all) {
  const auto is_shown_as_going_on = [&](const std::string& handle) {
    return std::any_of(all.begin(), all.end(),
                       [&](const NotificationRow& row) { return goes_on(row) && row.handle == handle; });
  };
  const auto is_off_again = [&](const NotificationRow& recovery) {
    return std::any_of(all.begin(), all.end(), [&](const NotificationRow& row) {
      return goes_on(row) && row.subject == recovery.subject && row.id > recovery.id;
    });
  };
  std::vector<std::string> handles;
  for (const NotificationRow& row : all) {
    const bool is_stale = row.kind == "recovery" ? is_off_again(row) : row.kind == "trip" && is_over(row);
    if (!is_stale || row.handle.empty() || is_shown_as_going_on(row.handle)) continue;
    if (std::find(handles.begin(), handles.end(), row.handle) == handles.end()) handles.push_back(row.handle);
  }
  constexpr std::size_t kMost = 8;  // older ones are long gone from the screen
  if (handles.size() > kMost) handles.erase(handles.begin(), handles.end() - static_cast<std::ptrdiff_t>(kMost));
  return handles;
}

std::string to_json(const Announcement& announcement, milliseconds now) {
  using Json = OrderedJson;
  Json json{{"schema", "delegate.notification/1"},
            {"kind", announcement.kind},
            {"severity", to_string(announcement.severity)},
            {"title", announcement.words.title},
            {"message", announcement.words.message},
            {"at", format_rfc3339(now)},
            {"backends", Json::array()}};
  for (const NotificationRow& row : announcement.rows) {
    if (row.kind != "trip" && row.kind != "recovery") continue;
    Json backend{{"name", row.subject}};
    put(backend, "outcome", row.outcome);
    if (row.retry_at) backend["retry_at"] = format_rfc3339(*row.retry_at);
    json["backends"].push_back(backend);
  }
  return dump(json);
}

}  // namespace delegate::notify
