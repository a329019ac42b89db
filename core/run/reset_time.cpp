#include "core/run/reset_time.hpp"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <variant>

#include "core/base/text.hpp"
#include "core/run/time_words.hpp"

namespace delegate {
namespace {

using Kind = TimeToken::Kind;
using Tokens = std::vector<TimeToken>;

constexpr std::size_t kLookedAt = 32u << 10;  // errors are short; of a long text the beginning and the end are read
constexpr std::size_t kMostBetween = 12;      // tokens between the announcing word and its time
/// "resets 3pm" printed a moment after 3 pm means the time that has just passed, not tomorrow's.
constexpr absl::Duration kJustNow = absl::Minutes(2);

/// Words that announce the end of a limit.
constexpr std::array<std::string_view, 21> kAnnouncements{
    "again",   "retry",   "retrying",  "retrydelay", "retryafter", "available", "renews",
    "renew",   "renewed", "refreshes", "refresh",    "until",      "wait",      "back",
    "expires", "regain",  "restored",  "restores",   "resumes",    "lifted",    "returns"};
/// Things that are reset but are no limit.
constexpr std::array<std::string_view, 4> kOtherResets{"connection", "password", "stream", "econn"};
/// Words that may stand between an announcement and its time.
constexpr std::array<std::string_view, 26> kBetween{
    "again", "after", "in",    "at",    "on",        "until",         "is",     "will", "be",
    "your",  "the",   "limit", "usage", "quota",     "time",          "to",     "for",  "around",
    "about", "delay", "ms",    "stamp", "timestamp", "approximately", "access", "next"};
constexpr std::string_view kMarksBetween = ":=\"'\\_-~|(,";

template <class List>
bool lists(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// A stated time, still independent of the current time: a wait, a point in time, or a calendar and clock time.
struct Moment {
  milliseconds since_epoch;
};
using Stated = std::variant<milliseconds, Moment, CalendarTime>;

/// Seconds or milliseconds since the epoch, distinguished by their size (2001 … 2286).
std::optional<Stated> epoch_of(const TimeToken& token) {
  if (token.kind != Kind::number || token.text.find('.') != std::string::npos) return std::nullopt;
  if (token.value >= 1e9 && token.value < 1e10) return Moment{milliseconds(std::llround(token.value * 1000))};
  if (token.value >= 1e12 && token.value < 1e13) return Moment{milliseconds(std::llround(token.value))};
  return std::nullopt;
}

std::optional<Stated> time_at(const Tokens& tokens, std::size_t& at) {
  if (const auto wait = take_duration(tokens, at)) return *wait;
  if (auto calendar = take_calendar(tokens, at)) return *std::move(calendar);
  auto epoch = epoch_of(tokens[at]);
  if (epoch) ++at;
  return epoch;
}

bool announces(const Tokens& tokens, std::size_t at) {
  if (tokens[at].kind != Kind::word) return false;
  const std::string& word = tokens[at].text;
  if (word == "reached") return at + 1 < tokens.size() && tokens[at + 1].text == "|";  // "limit reached|1763726400"
  if (word.find("reset") == std::string::npos) return lists(kAnnouncements, word);
  return word != "econnreset" && (at == 0 || !lists(kOtherResets, tokens[at - 1].text));
}

/// The time that follows the announcement at `at`.
std::optional<Stated> announced(const Tokens& tokens, std::size_t at) {
  bool assigned = false;  // `"retry_after": 20` needs no unit
  bool in_ms = tokens[at].text.ends_with("ms");
  const bool is_retry = tokens[at].text.starts_with("retry");
  const std::size_t end = std::min(tokens.size(), at + 1 + kMostBetween);
  for (++at; at < end; ++at) {
    if (auto stated = time_at(tokens, at)) return stated;
    const TimeToken& token = tokens[at];
    if (token.kind == Kind::number) {
      const bool counts_things = at + 1 < tokens.size() && tokens[at + 1].kind == Kind::word;  // "retry: 3 times"
      if (!is_retry || !assigned || counts_things || !(token.value > 0) || token.value >= 1e9) return std::nullopt;
      return milliseconds(std::llround(token.value * (in_ms ? 1 : 1000)));
    }
    if (token.kind == Kind::word && !lists(kBetween, token.text)) return std::nullopt;
    if (token.kind == Kind::mark && kMarksBetween.find(token.text) == std::string_view::npos) return std::nullopt;
    assigned = assigned || token.text == ":" || token.text == "=";
    in_ms = in_ms || token.text == "ms";
  }
  return std::nullopt;
}

/// The length of a space other than the plain one that begins at `at`, in bytes; 0: there is none. Locales put such
/// spaces before AM and PM.
std::size_t length_of_odd_space(std::string_view text, std::size_t at) {
  const auto begins_with = [&](std::string_view bytes) { return text.substr(at).starts_with(bytes); };
  if (begins_with("\u00a0")) return 2;
  if (begins_with("\u202f") || begins_with("\u205f") || begins_with("\u3000")) return 3;
  const bool is_typographic = begins_with("\xE2\x80") && at + 2 < text.size() &&
                              static_cast<unsigned char>(text[at + 2]) >= 0x80 &&
                              static_cast<unsigned char>(text[at + 2]) <= 0x8B;  // U+2000 … U+200B
  return is_typographic ? 3 : 0;
}

std::string with_plain_spaces(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t odd = length_of_odd_space(text, at);
    out += odd > 0 ? ' ' : text[at];
    at += std::max<std::size_t>(odd, 1);
  }
  return out;
}

std::string looked_at(std::string_view text) {
  if (text.size() <= kLookedAt) return with_plain_spaces(text);
  const std::size_t half = kLookedAt / 2;
  return with_plain_spaces(std::string(text.substr(0, half)).append("\n").append(text.substr(text.size() - half)));
}

/// The first announced time that `resolve` accepts.
template <class Resolve>
auto first_stated(std::string_view text, Resolve resolve) -> decltype(resolve(Stated())) {
  const std::string looked = looked_at(text);
  const Tokens tokens = time_tokens(looked);
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    const auto stated = announces(tokens, at) ? announced(tokens, at) : std::nullopt;
    if (!stated) continue;
    if (auto resolved = resolve(*stated)) return resolved;
  }
  return std::nullopt;
}

/// Nothing for an unknown zone: a guess could be half a day off.
std::optional<absl::TimeZone> zone_of(const CalendarTime& time, const std::string& local) {
  if (time.east) return absl::FixedTimeZone(static_cast<int>(time.east->count()));
  absl::TimeZone zone = absl::UTCTimeZone();
  std::string name = time.zone.empty() ? local : time.zone;
  if (name.starts_with(':')) name.erase(0, 1);
  if (name.empty()) return absl::LocalTimeZone();
  if (!absl::LoadTimeZone(name, &zone)) return std::nullopt;
  return zone;
}

/// The days that may be meant, earliest first.
std::vector<absl::CivilDay> days_of(const CalendarTime& time, absl::CivilDay today) {
  if (time.days_ahead) return {today + *time.days_ahead};
  std::vector<absl::CivilDay> days;
  if (time.date) {
    const absl::civil_year_t first = time.date->year.value_or(static_cast<int>(today.year()));
    for (const absl::civil_year_t year : {first, first + 1}) {
      const absl::CivilDay day(year, time.date->month, time.date->day);
      const bool is_real = day.month() == time.date->month && day.day() == time.date->day;
      if (is_real && (year == first || !time.date->year)) days.push_back(day);
    }
    return days;
  }
  for (int ahead = 0; ahead <= 7; ++ahead) {
    const absl::CivilDay day = today + ahead;
    if (!time.weekday || static_cast<int>(absl::GetWeekday(day)) == *time.weekday) days.push_back(day);
  }
  return days;
}

/// A local time can occur never (daylight saving skips it), once, or twice.
std::array<absl::Time, 2> moments_of(absl::CivilSecond civil, const absl::TimeZone& zone) {
  const auto found = zone.At(civil);
  switch (found.kind) {
    case absl::TimeZone::TimeInfo::SKIPPED: return {found.trans, found.trans};
    case absl::TimeZone::TimeInfo::REPEATED: return {found.pre, found.post};
    case absl::TimeZone::TimeInfo::UNIQUE: break;
  }
  return {found.pre, found.pre};
}

std::optional<milliseconds> next_of(const CalendarTime& time, milliseconds now, const std::string& local) {
  const auto zone = zone_of(time, local);
  if (!zone) return std::nullopt;
  const absl::Time from = absl::FromUnixMillis(now.count());
  const auto clock = time.clock.value_or(CalendarTime::Clock{});
  const bool any_day = !time.date && !time.weekday && !time.days_ahead;
  for (const absl::CivilDay day : days_of(time, absl::ToCivilDay(from, *zone))) {
    const absl::CivilSecond civil(day.year(), day.month(), day.day(), clock.hour, clock.minute, clock.second);
    for (const absl::Time moment : moments_of(civil, *zone)) {
      if (moment > from) return milliseconds(absl::ToUnixMillis(moment));
      if (any_day && from - moment < kJustNow) return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> stated_wait(std::string_view text) {
  return first_stated(text, [](const Stated& stated) -> std::optional<milliseconds> {
    const auto* wait = std::get_if<milliseconds>(&stated);
    return wait != nullptr && *wait <= kFurthestReset ? std::optional(*wait) : std::nullopt;
  });
}

std::optional<milliseconds> stated_reset(std::string_view text, milliseconds now, const std::string& zone) {
  return first_stated(text, [&](const Stated& stated) -> std::optional<milliseconds> {
    std::optional<milliseconds> moment;
    if (const auto* wait = std::get_if<milliseconds>(&stated)) moment = now + *wait;
    else if (const auto* known = std::get_if<Moment>(&stated)) moment = known->since_epoch;
    else moment = next_of(std::get<CalendarTime>(stated), now, zone);
    return moment && *moment > now && *moment - now <= kFurthestReset ? moment : std::nullopt;
  });
}

std::optional<StatedTime> stated_header(std::string_view value) {
  value = trim(value);
  if (value.size() > 100) return std::nullopt;
  const Tokens tokens = time_tokens(value);
  if (tokens.empty()) return std::nullopt;
  std::size_t at = 0;
  const auto stated = time_at(tokens, at);
  const bool bare = tokens.size() == 1 && tokens[0].kind == Kind::number && tokens[0].value < 1e9;
  if (!stated && bare && tokens[0].value > 0)
    return StatedTime{.after = milliseconds(std::llround(tokens[0].value * 1000))};
  if (!stated || at != tokens.size()) return std::nullopt;
  if (const auto* wait = std::get_if<milliseconds>(&*stated)) return StatedTime{.after = *wait};
  if (const auto* known = std::get_if<Moment>(&*stated)) return StatedTime{.at = known->since_epoch};
  const auto& calendar = std::get<CalendarTime>(*stated);
  if (!calendar.date || !calendar.date->year || !calendar.clock) return std::nullopt;
  const auto moment =
      next_of(calendar, milliseconds(0), "UTC");  // a date with a year does not depend on the current time
  return moment ? std::optional(StatedTime{.at = *moment}) : std::nullopt;
}

std::optional<milliseconds> moment_of(std::string_view timestamp) {
  absl::Time moment;
  const bool is_moment = absl::ParseTime(absl::RFC3339_full, std::string(timestamp), &moment, nullptr);
  if (!is_moment || moment == absl::InfiniteFuture() || moment == absl::InfinitePast()) return std::nullopt;
  return milliseconds(absl::ToUnixMillis(moment));
}

std::optional<StatedTime> end_of_limits(std::span<const HttpResult::Header> headers) {
  constexpr std::string_view kReset = "reset";
  const auto is_used_up = [&](std::string name) {
    name.replace(name.find(kReset), kReset.size(), "remaining");
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& other) { return other.name == name && trim(other.value) == "0"; });
  };
  StatedTime latest;
  bool only_used_up = false;
  for (const HttpResult::Header& header : headers) {
    if (header.name.find(kReset) == std::string::npos) continue;
    const auto stated = stated_header(header.value);
    const bool used_up = is_used_up(header.name);
    if (!stated || (only_used_up && !used_up)) continue;
    if (used_up && !only_used_up) latest = {}, only_used_up = true;
    if (stated->after && (!latest.after || *stated->after > *latest.after)) latest.after = stated->after;
    if (stated->at && (!latest.at || *stated->at > *latest.at)) latest.at = stated->at;
  }
  if (latest.after) latest.at.reset();
  return latest.after || latest.at ? std::optional(latest) : std::nullopt;
}

}  // namespace delegate
