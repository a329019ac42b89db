#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"

// Tokens and parsers for dates, times and durations in a text.
namespace delegate {

struct TimeToken {
  enum class Kind { word, number, mark };
  Kind kind = Kind::mark;
  std::string_view original;
  std::string text;  // in lower case
  double value = 0;
};

/// Words are runs of letters, numbers are runs of digits with an optional fraction, everything else is a mark of one
/// byte. An identifier ("f56de8bc", a UUID) is one word: a "4d" in it is not four days.
std::vector<TimeToken> time_tokens(std::string_view text);

/// A calendar and clock time, as far as it was stated.
struct CalendarTime {
  struct Date {
    std::optional<int> year;
    int month = 0;
    int day = 0;
  };
  struct Clock {
    int hour = 0;
    int minute = 0;
    int second = 0;
  };
  std::optional<Date> date;
  std::optional<int> weekday;     // from Monday, 0
  std::optional<int> days_ahead;  // 0: today
  std::optional<Clock> clock;
  std::string zone;                          // IANA name; empty: not stated
  std::optional<std::chrono::seconds> east;  // … or an offset

  bool says_something() const { return date || weekday || clock || days_ahead; }
};

/// Parses the duration that begins at `at`, and moves `at` behind it.
std::optional<milliseconds> take_duration(const std::vector<TimeToken>& tokens, std::size_t& at);

/// Parses the calendar or clock time that begins at `at`, and moves `at` behind it. Nothing if there is none, or if it
/// is impossible (25:61).
std::optional<CalendarTime> take_calendar(const std::vector<TimeToken>& tokens, std::size_t& at);

}  // namespace delegate
