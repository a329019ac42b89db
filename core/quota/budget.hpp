#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// Budgets: how much may be spent in a day, week or month. Pure, except that it reads the local time zone.
namespace delegate {

enum class BudgetUnit { usd, tokens, calls };

struct BudgetAmount {
  BudgetUnit unit = BudgetUnit::calls;
  double value = 0;

  bool operator==(const BudgetAmount&) const = default;
};
/// "$5", "$0.50", "2000000 tokens", "2M tokens", "300 calls".
Result<BudgetAmount> parse_amount(std::string_view text);
std::string amount_text(const BudgetAmount& amount);
/// The same of a sum: dollars are rounded to cents, amounts below a cent to hundredths of a cent.
std::string spent_text(double value, BudgetUnit unit);

enum class BudgetPeriod { day, week, month };
inline constexpr std::array kBudgetPeriods{BudgetPeriod::day, BudgetPeriod::week, BudgetPeriod::month};
std::string_view to_string(BudgetPeriod period);

/// The limits of one backend, or of all together.
struct BudgetSettings {
  std::vector<BudgetAmount> day;  // at most one of each unit
  std::vector<BudgetAmount> week;
  std::vector<BudgetAmount> month;

  const std::vector<BudgetAmount>& of(BudgetPeriod period) const;
  bool empty() const { return day.empty() && week.empty() && month.empty(); }
  bool operator==(const BudgetSettings&) const = default;
};

/// Sums of a hundred cents may be this much less than a dollar.
inline constexpr double kBudgetRounding = 1e-9;

/// What calls have used, or what one is expected to use.
struct Spending {
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
  double usd = 0;

  double of(BudgetUnit unit) const;
  Spending& operator+=(const Spending& more);
  bool operator==(const Spending&) const = default;
};

/// A stretch of wall-clock time that a budget is for.
struct PeriodSpan {
  milliseconds begin{0};
  milliseconds end{0};

  bool operator==(const PeriodSpan&) const = default;
};
/// The period in force at `now`, given the one that was in force before (nothing: none). It begins and ends at local
/// midnight (weeks on Mondays, months on their first day). A change of the time zone does not cut the one in force
/// short, nor does it make the next one shorter than half. If the clock was set back before its begin, the one that the
/// clock now stands in is in force: it reopens nothing, because whatever was spent after its begin counts, even with a
/// date in the future.
PeriodSpan period_at(BudgetPeriod period, const std::optional<PeriodSpan>& before, milliseconds now);

/// The beginning of the hour of local time that `now` is in. In a zone whose offset is no whole number of hours that is
/// no full hour of UTC, so every local midnight is the beginning of an hour.
milliseconds local_hour(milliseconds now);
/// Its midnight.
milliseconds local_day(milliseconds now);

/// What a call that is under way is expected to use.
struct Reservation {
  std::string token;    // of its call
  std::string backend;  // candidate
  std::string model;
  Spending expected;
  ProcessId owner;
  Span span;                // its lease
  milliseconds made_at{0};  // wall

  bool operator==(const Reservation&) const = default;
};

/// A limit, and what counts towards it.
struct BudgetState {
  std::string backend;  // empty: all but the local model
  BudgetPeriod period = BudgetPeriod::day;
  BudgetAmount limit;
  PeriodSpan span;
  Spending spent;     // by calls that have ended
  Spending reserved;  // by calls that are under way

  bool operator==(const BudgetState&) const = default;
};
/// The first limit that one more call with this expectation would exceed; nothing: it may be made. What is used up
/// exactly admits no further call. A single call that is larger than a whole limit is admitted if nothing was spent.
const BudgetState* exceeded_by(const std::vector<BudgetState>& budgets, const Spending& expected);

}  // namespace delegate
