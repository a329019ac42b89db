#include "cli/commands/moment.hpp"

#include <algorithm>
#include <ctime>
#include <optional>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr const char* kMomentHint =
    "a duration before now (2h, 7d, 1w), today, yesterday, a date (2026-11-30) or a time (2026-11-30T08:00:00Z)";

milliseconds since_epoch(std::time_t seconds) { return std::chrono::seconds(seconds); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The text begins like this pattern, in which 0 stands for any digit.
bool begins_like(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  return std::equal(pattern.begin(), pattern.end(), text.begin(),
                    [](char expected, char c) { return expected == '0' ? is_digit(c) : c == expected; });
}

/// What strptime makes of it, and the `rest` that it leaves. It alone would take spaces and single digits, too.
std::optional<std::tm> read(const std::string& text, std::string_view pattern, const char* format,
                            std::string_view& rest) {
  if (!begins_like(text, pattern)) return std::nullopt;
  std::tm time{};
  const char* end = ::strptime(text.c_str(), format, &time);
  if (end == nullptr) return std::nullopt;
  rest = std::string_view(text).substr(static_cast<std::size_t>(end - text.c_str()));
  return time;
}

/// strptime takes the 31st of any month; timegm makes another day of it.
bool is_real(std::tm time) {
  const int day = time.tm_mday;
  ::timegm(&time);
  return time.tm_mday == day;
}

/// Takes ".25" away from the front; what is finer than a millisecond is dropped.
std::optional<milliseconds> take_fraction(std::string_view& rest) {
  if (!rest.starts_with('.')) return milliseconds(0);
  const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
  if (end == 1) return std::nullopt;
  milliseconds fraction{0};
  milliseconds unit{100};
  for (const char digit : rest.substr(1, end - 1)) {
    fraction += unit * (digit - '0');
    unit /= 10;
  }
  rest.remove_prefix(end);
  return fraction;
}

/// "Z" or "+02:00".
std::optional<milliseconds> offset_of(std::string_view rest) {
  if (rest == "Z" || rest == "z") return milliseconds(0);
  if (rest.size() != 6 || !(begins_like(rest, "+00:00") || begins_like(rest, "-00:00"))) return std::nullopt;
  const int hours = (rest[1] - '0') * 10 + rest[2] - '0';
  const int minutes = (rest[4] - '0') * 10 + rest[5] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  const milliseconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return rest[0] == '-' ? -offset : offset;
}

std::optional<milliseconds> parse_time(const std::string& text) {
  std::string_view rest;
  auto time = read(text, "0000-00-00T00:00:00", "%Y-%m-%dT%H:%M:%S", rest);
  if (!time || !is_real(*time)) return std::nullopt;
  const auto fraction = take_fraction(rest);
  const auto offset = offset_of(rest);
  if (!fraction || !offset) return std::nullopt;
  return since_epoch(::timegm(&*time)) + *fraction - *offset;
}

std::optional<milliseconds> parse_date(const std::string& text) {
  std::string_view rest;
  auto date = read(text, "0000-00-00", "%Y-%m-%d", rest);
  if (!date || !rest.empty() || !is_real(*date)) return std::nullopt;
  date->tm_isdst = -1;  // whatever holds there on that day
  return since_epoch(::mktime(&*date));
}

/// The midnight with which that day began here.
std::optional<milliseconds> parse_day(std::string_view text, milliseconds now) {
  if (text != "today" && text != "yesterday") return std::nullopt;
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  std::tm day{};
  ::localtime_r(&seconds, &day);
  day.tm_hour = day.tm_min = day.tm_sec = 0;
  day.tm_isdst = -1;  // whatever held there at that time
  if (text == "yesterday") --day.tm_mday;
  return since_epoch(::mktime(&day));
}

std::optional<milliseconds> parse_weeks(std::string text) {
  if (!text.ends_with('w')) return std::nullopt;
  text.back() = 'd';
  const auto days = parse_duration(text);
  return days ? std::optional(*days * 7) : std::nullopt;
}

}  // namespace

Result<milliseconds> parse_moment(const std::string& text, milliseconds now) {
  if (const auto time = parse_time(text)) return *time;
  if (const auto date = parse_date(text)) return *date;
  if (const auto day = parse_day(text, now)) return *day;
  if (const auto duration = parse_duration(text)) return now - *duration;
  if (const auto weeks = parse_weeks(text)) return now - *weeks;
  return fail(Code::invalid_argument, "'" + one_line(text, 80) + "' is neither a duration nor a date", kMomentHint);
}

}  // namespace delegate::cli
