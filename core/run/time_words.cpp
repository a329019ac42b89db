#include "core/run/time_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/text.hpp"

namespace delegate {
namespace {

using Kind = TimeToken::Kind;
using Tokens = std::vector<TimeToken>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr double kSecond = 1'000;
constexpr double kMinute = 60 * kSecond;
constexpr double kHour = 60 * kMinute;
constexpr double kDay = 24 * kHour;

struct Unit {
  std::string_view word;
  double ms;
};
constexpr std::array kUnits{Unit{"ms", 1},
                            Unit{"millisecond", 1},
                            Unit{"milliseconds", 1},
                            Unit{"s", kSecond},
                            Unit{"sec", kSecond},
                            Unit{"secs", kSecond},
                            Unit{"second", kSecond},
                            Unit{"seconds", kSecond},
                            Unit{"m", kMinute},
                            Unit{"min", kMinute},
                            Unit{"mins", kMinute},
                            Unit{"minute", kMinute},
                            Unit{"minutes", kMinute},
                            Unit{"h", kHour},
                            Unit{"hr", kHour},
                            Unit{"hrs", kHour},
                            Unit{"hour", kHour},
                            Unit{"hours", kHour},
                            Unit{"d", kDay},
                            Unit{"day", kDay},
                            Unit{"days", kDay},
                            Unit{"w", 7 * kDay},
                            Unit{"week", 7 * kDay},
                            Unit{"weeks", 7 * kDay}};

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays{"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};

struct ZoneWord {
  std::string_view word;
  const char* zone;
};
/// Zone abbreviations that vendors use, without ambiguous ones (IST). PST is used in summer, too.
constexpr std::array kZoneWords{ZoneWord{"utc", "UTC"},
                                ZoneWord{"gmt", "UTC"},
                                ZoneWord{"z", "UTC"},
                                ZoneWord{"pt", "America/Los_Angeles"},
                                ZoneWord{"pst", "America/Los_Angeles"},
                                ZoneWord{"pdt", "America/Los_Angeles"},
                                ZoneWord{"pacific", "America/Los_Angeles"},
                                ZoneWord{"mt", "America/Denver"},
                                ZoneWord{"mst", "America/Denver"},
                                ZoneWord{"mdt", "America/Denver"},
                                ZoneWord{"mountain", "America/Denver"},
                                ZoneWord{"ct", "America/Chicago"},
                                ZoneWord{"cst", "America/Chicago"},
                                ZoneWord{"cdt", "America/Chicago"},
                                ZoneWord{"central", "America/Chicago"},
                                ZoneWord{"et", "America/New_York"},
                                ZoneWord{"est", "America/New_York"},
                                ZoneWord{"edt", "America/New_York"},
                                ZoneWord{"eastern", "America/New_York"},
                                ZoneWord{"bst", "Europe/London"},
                                ZoneWord{"cet", "Europe/Berlin"},
                                ZoneWord{"cest", "Europe/Berlin"},
                                ZoneWord{"jst", "Asia/Tokyo"}};

/// The index in a list of names; three letters, or "sept", are enough.
template <class List>
std::optional<int> index_of(const List& names, std::string_view word) {
  if (word.size() < 3) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == word ||
        ((word.size() == 3 || word == "sept" || word == "tues" || word == "thurs") && names[i].starts_with(word)))
      return static_cast<int>(i);
  return std::nullopt;
}

/// Reads through the tokens; behind the last one there is an empty mark.
class Cursor {
 public:
  Cursor(const Tokens& tokens, std::size_t at) : tokens_(&tokens), at_(at) {}

  std::size_t place() const { return at_; }
  const TimeToken& peek(std::size_t ahead = 0) const {
    static const TimeToken kEnd;
    return at_ + ahead < tokens_->size() ? (*tokens_)[at_ + ahead] : kEnd;
  }
  void skip(std::size_t count = 1) { at_ += count; }
  bool is_word(std::string_view word, std::size_t ahead = 0) const {
    return peek(ahead).kind == Kind::word && peek(ahead).text == word;
  }
  bool is_mark(char mark, std::size_t ahead = 0) const {
    return peek(ahead).kind == Kind::mark && peek(ahead).text.size() == 1 && peek(ahead).text[0] == mark;
  }
  bool is_number(std::size_t ahead = 0) const { return peek(ahead).kind == Kind::number; }
  /// A whole number of at most this many digits.
  std::optional<int> digits(std::size_t most, std::size_t ahead = 0) const {
    const TimeToken& token = peek(ahead);
    if (token.kind != Kind::number || token.text.size() > most || token.text.find('.') != std::string::npos)
      return std::nullopt;
    return static_cast<int>(token.value);
  }

 private:
  const Tokens* tokens_;  // never null
  std::size_t at_;
};

const Unit* find_unit(std::string_view word) {
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& unit) { return unit.word == word; });
  return found == kUnits.end() ? nullptr : found;
}

std::optional<double> unit_of(const TimeToken& token) {
  const Unit* unit = token.kind == Kind::word ? find_unit(token.text) : nullptr;
  return unit == nullptr ? std::nullopt : std::optional(unit->ms);
}

bool take_ordinal(Cursor& cursor) {
  for (const std::string_view ending : {"st", "nd", "rd", "th"})
    if (cursor.is_word(ending)) return cursor.skip(), true;
  return false;
}

/// "2026" after a date, but not the 20 of "20:15".
std::optional<int> take_year(Cursor& cursor) {
  const std::size_t comma = cursor.is_mark(',') ? 1 : 0;
  const auto year = cursor.digits(4, comma);
  if (!year || cursor.peek(comma).text.size() != 4 || cursor.is_mark(':', comma + 1)) return std::nullopt;
  cursor.skip(comma + 1);
  return year;
}

/// The result of one of the parsers below: nothing there, parsed, or impossible.
enum class Taken { no, yes, nonsense };

Taken take_iso_date(Cursor& cursor, CalendarTime& out) {
  const char between = cursor.is_mark('/', 1) ? '/' : '-';
  if (cursor.peek().text.size() != 4 || !cursor.is_mark(between, 1) || !cursor.is_mark(between, 3)) return Taken::no;
  const auto year = cursor.digits(4);
  const auto month = cursor.digits(2, 2);
  const auto day = cursor.digits(2, 4);
  if (!year || !month || !day || out.date) return Taken::nonsense;
  out.date = CalendarTime::Date{year, *month, *day};
  cursor.skip(5);
  if (cursor.is_word("t")) cursor.skip();
  return Taken::yes;
}

/// "11/30/2026", as a program prints it that never thought of other countries.
Taken take_us_date(Cursor& cursor, CalendarTime& out) {
  const auto month = cursor.digits(2);
  const auto day = cursor.digits(2, 2);
  const auto year = cursor.digits(4, 4);
  const bool is_date = cursor.is_mark('/', 1) && cursor.is_mark('/', 3);
  if (!month || !day || !year || !is_date || *year < 1000) return Taken::no;
  if (out.date || *month > 12) return Taken::nonsense;
  out.date = CalendarTime::Date{year, *month, *day};
  cursor.skip(5);
  return Taken::yes;
}

/// "Nov 24th, 2026".
Taken take_month(Cursor& cursor, CalendarTime& out) {
  const auto month = cursor.peek().kind == Kind::word ? index_of(kMonths, cursor.peek().text) : std::nullopt;
  const std::size_t dot = cursor.is_mark('.', 1) ? 1 : 0;
  const auto day = cursor.digits(2, 1 + dot);
  if (!month || !day) return Taken::no;
  if (out.date) return Taken::nonsense;
  cursor.skip(2 + dot);
  take_ordinal(cursor);
  out.date = CalendarTime::Date{take_year(cursor), *month + 1, *day};
  return Taken::yes;
}

/// "24 Nov 2026", "24th of November".
Taken take_day(Cursor& cursor, CalendarTime& out) {
  Cursor ahead = cursor;
  const auto day = ahead.digits(2);
  if (!day) return Taken::no;
  ahead.skip();
  take_ordinal(ahead);
  if (ahead.is_word("of")) ahead.skip();
  const auto month = ahead.peek().kind == Kind::word ? index_of(kMonths, ahead.peek().text) : std::nullopt;
  if (!month) return Taken::no;
  if (out.date) return Taken::nonsense;
  ahead.skip();
  out.date = CalendarTime::Date{take_year(ahead), *month + 1, *day};
  cursor = ahead;
  return Taken::yes;
}

/// "am" or "p.m.": true for the afternoon.
std::optional<bool> take_half_of_day(Cursor& cursor) {
  for (const char letter : {'a', 'p'}) {
    const std::string half(1, letter);
    if (cursor.is_word(half + "m")) return cursor.skip(), letter == 'p';
    if (cursor.is_word(half) && cursor.is_mark('.', 1) && cursor.is_word("m", 2)) {
      cursor.skip(cursor.is_mark('.', 3) ? 4 : 3);
      return letter == 'p';
    }
  }
  return std::nullopt;
}

/// "4.30" of "4.30pm", which is one number.
std::optional<CalendarTime::Clock> dotted_clock(const TimeToken& token) {
  const std::size_t dot = token.text.find('.');
  if (token.kind != Kind::number || dot == 0 || dot > 2 || token.text.size() != dot + 3) return std::nullopt;
  const int hour = static_cast<int>(token.value);
  return CalendarTime::Clock{.hour = hour, .minute = static_cast<int>(std::lround((token.value - hour) * 100))};
}

/// "3:34 PM", "15:00:30", "3pm", "4.30pm". A number alone is not a time.
Taken take_clock(Cursor& cursor, CalendarTime& out) {
  Cursor ahead = cursor;
  const auto dotted = dotted_clock(ahead.peek());
  const auto hour = ahead.digits(2);
  if (!hour && !dotted) return Taken::no;
  CalendarTime::Clock clock = dotted.value_or(CalendarTime::Clock{.hour = hour.value_or(0)});
  ahead.skip();
  const bool has_minutes = ahead.is_mark(':') && ahead.is_number(1);
  if (has_minutes) {
    const auto minute = ahead.digits(2, 1);
    if (!minute) return Taken::nonsense;
    clock.minute = *minute;
    ahead.skip(2);
    if (ahead.is_mark(':') && ahead.is_number(1)) {
      clock.second = static_cast<int>(std::min(ahead.peek(1).value, 99.0));
      ahead.skip(2);
    }
  }
  const auto afternoon = take_half_of_day(ahead);
  if (!has_minutes && !afternoon) return Taken::no;
  if (out.clock || clock.minute > 59 || clock.second > 59 || clock.hour > 23) return Taken::nonsense;
  if (afternoon) {
    if (clock.hour < 1 || clock.hour > 12) return Taken::nonsense;
    clock.hour = clock.hour % 12 + (*afternoon ? 12 : 0);
  }
  out.clock = clock;
  cursor = ahead;
  return Taken::yes;
}

/// "+02:00", "-0530", "+2", after a clock.
Taken take_offset(Cursor& cursor, CalendarTime& out) {
  const bool west = cursor.is_mark('-');
  if (!out.clock || out.east || !(west || cursor.is_mark('+'))) return Taken::no;
  const auto number = cursor.digits(4, 1);
  if (!number) return Taken::no;
  const bool packed = cursor.peek(1).text.size() > 2;
  int minutes = packed ? *number / 100 * 60 + *number % 100 : *number * 60;
  std::size_t length = 2;
  if (!packed && cursor.is_mark(':', 2) && cursor.digits(2, 3)) {
    minutes += *cursor.digits(2, 3);
    length = 4;
  }
  if (minutes > 14 * 60) return Taken::nonsense;
  out.east = std::chrono::minutes(west ? -minutes : minutes);
  cursor.skip(length);
  return Taken::yes;
}

/// "America/Argentina/Buenos_Aires": joined by / without spaces.
Taken take_zone_name(Cursor& cursor, CalendarTime& out) {
  if (cursor.peek().kind != Kind::word || !cursor.is_mark('/', 1) || cursor.peek(2).kind != Kind::word)
    return Taken::no;
  const char* const begin = cursor.peek().original.data();
  const char* end = begin;
  const auto adjoins = [&] {
    const TimeToken& token = cursor.peek();
    if (token.original.empty() || token.original.data() != end) return false;
    return token.kind != Kind::mark || cursor.is_mark('/') || cursor.is_mark('_') || cursor.is_mark('-') ||
           cursor.is_mark('+');
  };
  while (adjoins()) {
    end += cursor.peek().original.size();
    cursor.skip();
  }
  if (!out.zone.empty() || out.east) return Taken::nonsense;
  out.zone.assign(begin, end);
  return Taken::yes;
}

Taken take_zone_word(Cursor& cursor, CalendarTime& out) {
  if (cursor.peek().kind != Kind::word) return Taken::no;
  const auto known = std::find_if(kZoneWords.begin(), kZoneWords.end(),
                                  [&](const ZoneWord& one) { return one.word == cursor.peek().text; });
  if (known == kZoneWords.end() || !out.zone.empty()) return Taken::no;
  cursor.skip();
  out.zone = known->zone;
  for (const std::string_view more : {"standard", "daylight", "time"})
    if (cursor.is_word(more)) cursor.skip();
  return Taken::yes;
}

Taken take_named_time(Cursor& cursor, CalendarTime& out) {
  if (cursor.peek().kind != Kind::word) return Taken::no;
  const auto weekday = index_of(kWeekdays, cursor.peek().text);
  const bool is_noon = cursor.is_word("noon");
  if (weekday) out.weekday = weekday;
  else if (cursor.is_word("today")) out.days_ahead = 0;
  else if (cursor.is_word("tomorrow")) out.days_ahead = 1;
  else if ((is_noon || cursor.is_word("midnight")) && !out.clock)
    out.clock = CalendarTime::Clock{is_noon ? 12 : 0, 0, 0};
  else return Taken::no;
  cursor.skip();
  return Taken::yes;
}

Taken take_joint(Cursor& cursor, CalendarTime&) {
  const bool joins = cursor.is_word("at") || cursor.is_word("on") || cursor.is_word("the") || cursor.is_mark(',') ||
                     cursor.is_mark('(') || cursor.is_mark(')');
  if (!joins) return Taken::no;
  cursor.skip();
  return Taken::yes;
}

std::size_t length_of(std::string_view text, std::size_t from, Kind kind) {
  std::size_t end = from;
  const auto at = [&](std::size_t place) { return place < text.size() ? text[place] : '\0'; };
  if (kind == Kind::mark) return 1;
  if (kind == Kind::word)
    while (is_letter(at(end))) ++end;
  else
    while (is_digit(at(end))) ++end;
  if (kind == Kind::number && at(end) == '.' && is_digit(at(end + 1)))
    for (++end; is_digit(at(end));) ++end;
  return end - from;
}

/// Letters that stand beside digits in a time: "2h30m", "29T10", "3pm", "21st", "29Nov2026".
bool may_stand_in_time(std::string_view letters) {
  constexpr std::array<std::string_view, 9> kGlued{"t", "z", "am", "pm", "st", "nd", "rd", "th", "utc"};
  return find_unit(letters) != nullptr || std::find(kGlued.begin(), kGlued.end(), letters) != kGlued.end() ||
         index_of(kMonths, letters);
}

/// Is this run of letters and digits an identifier? "f56de8bc", "4d2603c9" is not four days.
bool is_identifier(std::string_view run) {
  constexpr std::size_t kLongestTime = 16;  // "20261129T100000Z"
  std::size_t parts = 0;
  bool is_strange = run.size() > kLongestTime;
  for (std::size_t from = 0; from < run.size(); ++parts) {
    const Kind kind = is_letter(run[from]) ? Kind::word : Kind::number;
    const std::size_t length = length_of(run, from, kind);
    if (kind == Kind::word) is_strange = is_strange || !may_stand_in_time(lower(run.substr(from, length)));
    from += length;
  }
  return parts > 2 && is_strange;
}

/// The length of the identifier that begins at `from`, with all its groups ("5b1c-134d"); 0: there is none.
std::size_t length_of_identifier(std::string_view text, std::size_t from) {
  const auto is_part = [&](std::size_t at) { return at < text.size() && (is_letter(text[at]) || is_digit(text[at])); };
  if (from > 0 && is_part(from - 1)) return 0;
  const auto end_of_run = [&](std::size_t at) {
    while (is_part(at)) ++at;
    return at;
  };
  std::size_t end = end_of_run(from);
  if (!is_identifier(text.substr(from, end - from))) return 0;
  while (end < text.size() && (text[end] == '-' || text[end] == '_')) {
    const std::size_t next = end_of_run(end + 1);
    const std::string_view group = text.substr(end + 1, next - end - 1);
    if (std::none_of(group.begin(), group.end(), is_digit)) break;
    end = next;
  }
  return end - from;
}

}  // namespace

std::vector<TimeToken> time_tokens(std::string_view text) {
  Tokens tokens;
  for (std::size_t from = 0; from < text.size();) {
    const char c = text[from];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++from;
      continue;
    }
    const std::size_t identifier = length_of_identifier(text, from);
    const Kind kind = is_letter(c) || identifier > 0 ? Kind::word : is_digit(c) ? Kind::number : Kind::mark;
    const std::size_t length = identifier > 0 ? identifier : length_of(text, from, kind);
    TimeToken token{.kind = kind, .original = text.substr(from, length)};
    token.text = lower(token.original);
    if (kind == Kind::number)
      std::from_chars(token.text.data(), token.text.data() + token.text.size(), token.value, std::chars_format::fixed);
    from += token.original.size();
    tokens.push_back(std::move(token));
  }
  return tokens;
}

std::optional<milliseconds> take_duration(const std::vector<TimeToken>& tokens, std::size_t& at) {
  Cursor cursor(tokens, at);
  double total = 0;
  for (;;) {
    if (cursor.is_word("half") && (cursor.is_word("an", 1) || cursor.is_word("a", 1)) && unit_of(cursor.peek(2))) {
      total += *unit_of(cursor.peek(2)) / 2;
      cursor.skip(3);
      break;
    }
    const bool one = cursor.is_word("a") || cursor.is_word("an") || cursor.is_word("one");
    const auto unit = one || cursor.is_number() ? unit_of(cursor.peek(1)) : std::nullopt;
    if (!unit) break;
    total += (one ? 1 : cursor.peek().value) * *unit;
    cursor.skip(2);
    const bool joined =
        (cursor.is_mark(',') || cursor.is_word("and")) && cursor.is_number(1) && unit_of(cursor.peek(2));
    if (joined) cursor.skip();
  }
  constexpr double kLongest = 1e12;  // ms; more than any limit, and no integer overflows
  if (!(total > 0) || total > kLongest || cursor.is_word("ago")) return std::nullopt;
  at = cursor.place();
  return milliseconds(std::llround(total));
}

std::optional<CalendarTime> take_calendar(const std::vector<TimeToken>& tokens, std::size_t& at) {
  constexpr std::array kReadings{take_iso_date, take_us_date,   take_clock,     take_day,        take_month,
                                 take_offset,   take_zone_name, take_zone_word, take_named_time, take_joint};
  Cursor cursor(tokens, at);
  CalendarTime out;
  for (Taken taken = Taken::yes; taken == Taken::yes;) {
    taken = Taken::no;
    for (const auto reading : kReadings)
      if (taken == Taken::no) taken = reading(cursor, out);
    if (taken == Taken::nonsense) return std::nullopt;
  }
  if (!out.says_something()) return std::nullopt;
  at = cursor.place();
  return out;
}

}  // namespace delegate
