#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"

// A text taken apart into what a time can be made of. For reset_time alone.
namespace delegate {

struct TimeToken {
  enum class Kind { word, number, mark };
  Kind kind = Kind::mark;
  std::string_view original;
  std::string text;  // in lower case
  double value = 0;
};

/// Words are runs of letters, numbers runs of digits with or without a fraction, everything else is a mark of one byte.
std::vector<TimeToken> time_tokens(std::string_view text);

/// A time on a calendar and a clock, as far as it was stated.
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

/// The length of time that begins at `at`, which is moved behind it.
std::optional<milliseconds> take_duration(const std::vector<TimeToken>& tokens, std::size_t& at);

/// The time on a calendar or clock that begins at `at`, which is moved behind it. Nothing when there is none, or when
/// it cannot be (25:61).
std::optional<CalendarTime> take_calendar(const std::vector<TimeToken>& tokens, std::size_t& at);

}  // namespace delegate
