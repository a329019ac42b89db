#include <catch2/catch.hpp>

#include "core/quota/budget.hpp"
#include "tests/helpers/time_zone.hpp"

// Periods by the local calendar, and when one more call would exceed a limit.
using namespace delegate;
using namespace delegate::test;
using namespace std::chrono_literals;

namespace {

PeriodSpan period(BudgetPeriod kind, milliseconds now) { return period_at(kind, std::nullopt, now); }

BudgetState budget(BudgetAmount limit, Spending spent, Spending reserved = {}) {
  return {.limit = limit, .spent = spent, .reserved = reserved};
}

}  // namespace

TEST_CASE("a day is from midnight to midnight, a week begins on Monday, a month on its first") {
  const TimeZone zone(kUtc);
  const milliseconds now = utc(2026, 11, 19, 17, 30);  // a Thursday
  CHECK(period(BudgetPeriod::day, now) == PeriodSpan{utc(2026, 11, 19), utc(2026, 11, 20)});
  CHECK(period(BudgetPeriod::week, now) == PeriodSpan{utc(2026, 11, 16), utc(2026, 11, 23)});
  CHECK(period(BudgetPeriod::month, now) == PeriodSpan{utc(2026, 11, 1), utc(2026, 12, 1)});
  CHECK(period(BudgetPeriod::week, utc(2027, 1, 3, 23, 59)) == PeriodSpan{utc(2026, 12, 28), utc(2027, 1, 4)});
  CHECK(period(BudgetPeriod::month, utc(2026, 12, 31, 23, 59)) == PeriodSpan{utc(2026, 12, 1), utc(2027, 1, 1)});
  CHECK(period(BudgetPeriod::day, utc(2026, 11, 20)) == PeriodSpan{utc(2026, 11, 20), utc(2026, 11, 21)});
}

TEST_CASE("the day on which clocks change has 23 or 25 hours") {
  SECTION("in Berlin") {
    const TimeZone zone(kBerlin);
    CHECK(period(BudgetPeriod::day, utc(2026, 3, 29, 12)) == PeriodSpan{utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)});
    CHECK(period(BudgetPeriod::day, utc(2026, 10, 25, 0, 30)) ==
          PeriodSpan{utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)});
    CHECK(period(BudgetPeriod::month, utc(2026, 3, 15)) == PeriodSpan{utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)});
  }
  SECTION("in New York") {
    const TimeZone zone(kNewYork);
    CHECK(period(BudgetPeriod::day, utc(2026, 3, 8, 12)) == PeriodSpan{utc(2026, 3, 8, 5), utc(2026, 3, 9, 4)});
    CHECK(period(BudgetPeriod::week, utc(2026, 11, 1, 12)) == PeriodSpan{utc(2026, 10, 26, 4), utc(2026, 11, 2, 5)});
  }
  SECTION("in Havana, where they change at midnight: one day begins at 1:00, and midnight comes twice") {
    const TimeZone zone(kHavana);
    CHECK(period(BudgetPeriod::day, utc(2026, 3, 8, 12)) == PeriodSpan{utc(2026, 3, 8, 5), utc(2026, 3, 9, 4)});
    CHECK(period(BudgetPeriod::day, utc(2026, 11, 1, 12)) == PeriodSpan{utc(2026, 11, 1, 4), utc(2026, 11, 2, 5)});
  }
}

TEST_CASE("an hour of local time begins where the zone has it, so that each midnight begins one") {
  const TimeZone zone(kKathmandu);
  CHECK(local_hour(utc(2026, 11, 19, 18, 14)) == utc(2026, 11, 19, 17, 15));
  CHECK(local_hour(utc(2026, 11, 19, 18, 15)) == utc(2026, 11, 19, 18, 15));
  CHECK(period(BudgetPeriod::day, utc(2026, 11, 19, 18, 15)) ==
        PeriodSpan{utc(2026, 11, 19, 18, 15), utc(2026, 11, 20, 18, 15)});
}

TEST_CASE("a change of the time zone does not cut a period short, nor make the next one shorter than half") {
  TimeZone zone(kBerlin);
  const PeriodSpan first = period(BudgetPeriod::day, utc(2026, 11, 19, 12));
  CHECK(first == PeriodSpan{utc(2026, 11, 18, 23), utc(2026, 11, 19, 23)});
  SECTION("to the east, where the next day has begun") {
    zone.set(kTokyo);
    CHECK(period_at(BudgetPeriod::day, first, utc(2026, 11, 19, 16)) == first);
    CHECK(period_at(BudgetPeriod::day, first, utc(2026, 11, 20, 1)) ==
          PeriodSpan{utc(2026, 11, 19, 23), utc(2026, 11, 20, 15)});
  }
  SECTION("to the west, where it is the same day still: the rest of that day would be too short") {
    zone.set(kNewYork);
    CHECK(period_at(BudgetPeriod::day, first, utc(2026, 11, 19, 23, 30)) ==
          PeriodSpan{utc(2026, 11, 19, 23), utc(2026, 11, 21, 5)});
  }
  SECTION("twice in a day") {
    zone.set(kTokyo);
    CHECK(period_at(BudgetPeriod::day, first, utc(2026, 11, 19, 16)) == first);
    zone.set(kBerlin);
    CHECK(period_at(BudgetPeriod::day, first, utc(2026, 11, 19, 18)) == first);
    CHECK(period_at(BudgetPeriod::day, first, utc(2026, 11, 19, 23)) ==
          PeriodSpan{utc(2026, 11, 19, 23), utc(2026, 11, 20, 23)});
  }
}

TEST_CASE("with a clock that was set back over midnight, the day before is in force") {
  const TimeZone zone(kUtc);
  const PeriodSpan today = period(BudgetPeriod::day, utc(2026, 11, 20, 0, 5));
  CHECK(period_at(BudgetPeriod::day, today, utc(2026, 11, 19, 23, 50)) ==
        PeriodSpan{utc(2026, 11, 19), utc(2026, 11, 20)});
}

TEST_CASE("a clock that was a month ahead for a while leaves the period as it was") {
  const TimeZone zone(kUtc);
  const PeriodSpan today = period(BudgetPeriod::day, utc(2026, 11, 20, 9));
  const PeriodSpan ahead = period_at(BudgetPeriod::day, today, utc(2026, 12, 20, 9));
  CHECK(ahead == PeriodSpan{utc(2026, 12, 20), utc(2026, 12, 21)});
  CHECK(period_at(BudgetPeriod::day, ahead, utc(2026, 11, 20, 10)) == today);
}

TEST_CASE("a limit that is used up exactly admits no further call") {
  const BudgetAmount calls{BudgetUnit::calls, 20};
  CHECK(exceeded_by({budget(calls, {.calls = 19})}, {.calls = 1}) == nullptr);
  CHECK(exceeded_by({budget(calls, {.calls = 20})}, {.calls = 1}) != nullptr);
  CHECK(exceeded_by({budget(calls, {.calls = 18}, {.calls = 2})}, {.calls = 1}) != nullptr);
  CHECK(exceeded_by({budget({BudgetUnit::calls, 0}, {})}, {.calls = 1}) != nullptr);
}

TEST_CASE("a call that is expected to need more than is left is refused, but not the first one") {
  const BudgetAmount dollars{BudgetUnit::usd, 1};
  CHECK(exceeded_by({budget(dollars, {.usd = 0.6})}, {.usd = 0.5}) != nullptr);
  CHECK(exceeded_by({budget(dollars, {.usd = 0.6})}, {.usd = 0.4}) == nullptr);
  CHECK(exceeded_by({budget(dollars, {})}, {.usd = 2}) == nullptr);
  CHECK(exceeded_by({budget(dollars, {}, {.calls = 1, .usd = 0.5})}, {.usd = 2}) != nullptr);
}

TEST_CASE("a hundred cents are a dollar") {
  Spending spent;
  for (int i = 0; i < 100; ++i) spent += {.calls = 1, .usd = 0.01};
  CHECK(exceeded_by({budget({BudgetUnit::usd, 1}, spent)}, {}) != nullptr);
}

TEST_CASE("the first of several limits that is exceeded is the one that is named") {
  const std::vector<BudgetState> budgets = {budget({BudgetUnit::usd, 5}, {.usd = 1}),
                                            budget({BudgetUnit::tokens, 100}, {.tokens = 100}),
                                            budget({BudgetUnit::calls, 1}, {.calls = 1})};
  CHECK(exceeded_by(budgets, {.calls = 1}) == &budgets[1]);
}

TEST_CASE("amounts are written as people write them") {
  CHECK(parse_amount("$5") == BudgetAmount{BudgetUnit::usd, 5});
  CHECK(parse_amount(" $0.50 ") == BudgetAmount{BudgetUnit::usd, 0.5});
  CHECK(parse_amount("2M tokens") == BudgetAmount{BudgetUnit::tokens, 2e6});
  CHECK(parse_amount("1.5k tokens") == BudgetAmount{BudgetUnit::tokens, 1500});
  CHECK(parse_amount("300 calls") == BudgetAmount{BudgetUnit::calls, 300});
  CHECK(parse_amount("1 call") == BudgetAmount{BudgetUnit::calls, 1});
  for (const char* wrong : {"", "5", "$", "$-1", "$5 calls", "many calls", "calls", "1e999 calls", "nan tokens"})
    CHECK_FALSE(parse_amount(wrong));
  for (const char* text : {"$5", "$0.5", "2000000 tokens", "300 calls", "1 call", "1 token"})
    CHECK(amount_text(*parse_amount(text)) == text);
}

TEST_CASE("what is spent is shown in cents, and what is less than one in hundredths of a cent") {
  CHECK(spent_text(0.1 + 0.2, BudgetUnit::usd) == "$0.30");
  CHECK(spent_text(0.00045999999999, BudgetUnit::usd) == "$0.0005");
  CHECK(spent_text(0, BudgetUnit::usd) == "$0.00");
  CHECK(spent_text(0.00001, BudgetUnit::usd) == "<$0.0001");
  CHECK(spent_text(1, BudgetUnit::calls) == "1 call");
}
