#include <ctime>

#include "core/quota/budget.hpp"

// Periods of budgets, by the local calendar.
namespace delegate {
namespace {

using std::chrono::seconds;

constexpr seconds kQuarter{900};  // zones change their offset by multiples of it
constexpr int kMostQuarters = 12;

/// A long-lived process notices a change of the zone.
void look_at_zone() { ::tzset(); }

std::tm local_time(seconds at) {
  const std::time_t time = at.count();
  std::tm parts{};
  ::localtime_r(&time, &parts);
  return parts;
}

bool is_same_day(const std::tm& a, const std::tm& b) { return a.tm_year == b.tm_year && a.tm_yday == b.tm_yday; }

/// The first moment of a day, whose date may be out of range (the 32nd). Where clocks are put forward at midnight that
/// is not 00:00, and where they are put back over it, 00:00 comes twice.
seconds beginning_of_day(int year, int month, int day) {
  std::tm noon{};
  noon.tm_year = year;
  noon.tm_mon = month;
  noon.tm_mday = day;
  noon.tm_hour = 12;
  noon.tm_isdst = -1;
  ::mktime(&noon);  // the date that is meant
  std::tm midnight{};
  midnight.tm_year = noon.tm_year;
  midnight.tm_mon = noon.tm_mon;
  midnight.tm_mday = noon.tm_mday;
  midnight.tm_isdst = -1;
  seconds at(::mktime(&midnight));
  for (int i = 0; i < kMostQuarters && !is_same_day(local_time(at), noon); ++i) at += kQuarter;
  for (int i = 0; i < kMostQuarters && is_same_day(local_time(at - seconds(1)), noon); ++i) at -= kQuarter;
  return at;
}

/// As the calendar has it. `ahead`: how many periods later.
PeriodSpan calendar_period(BudgetPeriod period, milliseconds now, int ahead = 0) {
  const std::tm today = local_time(std::chrono::floor<seconds>(now));
  const int since_monday = (today.tm_wday + 6) % 7;
  const auto beginning = [&](int later) {
    switch (period) {
      case BudgetPeriod::day: return beginning_of_day(today.tm_year, today.tm_mon, today.tm_mday + later);
      case BudgetPeriod::week:
        return beginning_of_day(today.tm_year, today.tm_mon, today.tm_mday - since_monday + 7 * later);
      case BudgetPeriod::month: break;
    }
    return beginning_of_day(today.tm_year, today.tm_mon + later, 1);
  };
  return {beginning(ahead), beginning(ahead + 1)};
}

/// Not what another hand has written into the file.
bool is_period(const PeriodSpan& span) {
  constexpr milliseconds kLongest = std::chrono::hours(24 * 100);
  return span.begin >= milliseconds(0) && span.end > span.begin && span.end - span.begin <= kLongest;
}

}  // namespace

PeriodSpan period_at(BudgetPeriod period, const std::optional<PeriodSpan>& before, milliseconds now) {
  look_at_zone();
  const bool is_known = before && is_period(*before) && before->begin <= now;
  if (is_known && now < before->end) return *before;
  PeriodSpan next = calendar_period(period, now);
  const bool overlaps = is_known && next.begin < before->end;
  if (!overlaps) return next;
  // The zone has changed: the end of the one before lies within the next one.
  const milliseconds whole = next.end - next.begin;
  next.begin = before->end;
  if (next.end - next.begin < whole / 2) next.end = calendar_period(period, now, 1).end;
  return next;
}

milliseconds local_hour(milliseconds now) {
  look_at_zone();
  const seconds at = std::chrono::floor<seconds>(now);
  const std::tm parts = local_time(at);
  return at - seconds(parts.tm_min * 60 + parts.tm_sec);
}

milliseconds local_day(milliseconds now) {
  look_at_zone();
  return calendar_period(BudgetPeriod::day, now).begin;
}

}  // namespace delegate
