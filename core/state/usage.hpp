#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/quota/budget.hpp"

// What calls have used, hour by hour. It outlives the rows of the runs, so budgets and statistics read it.
namespace delegate {

struct AttemptRow;
struct SkipRow;

inline constexpr milliseconds kUsageKept{std::chrono::hours(24 * 400)};
/// Calls in further directories of one hour are counted without theirs.
inline constexpr std::int64_t kMostDirectories = 16;
/// The outcome of a call whose process was killed before its end.
inline constexpr std::string_view kKilled = "killed";

/// How many calls took how long. The first bucket has those of less than 250 ms; the bound of each next one is larger
/// by the square root of 2; the last one has all from 17 minutes on.
using LatencyCounts = std::array<std::int64_t, 26>;
std::size_t latency_bucket(milliseconds took);
/// What the bucket's calls took less than, in seconds. The last one has no bound.
double latency_bound(std::size_t bucket);
/// How long the calls took, at most, of which this share was quicker; within a bucket they are taken to lie evenly.
/// Nothing: there are none.
std::optional<milliseconds> latency_quantile(const LatencyCounts& counts, double share);
/// Stored: the buckets that are not empty, "3:2 7:1".
std::string latency_text(const LatencyCounts& counts);
LatencyCounts parse_latency(std::string_view text);

struct UsageKey {
  milliseconds hour{0};  // wall; the beginning of an hour of local time, see local_hour()
  std::string backend;
  std::string login;  // empty: it has none
  std::string model;
  std::string outcome;    // by name
  std::string directory;  // of the run; empty: unknown

  auto operator<=>(const UsageKey&) const = default;  // NOLINT(modernize-use-nullptr): none is written here
};

/// Calls with the same key. Those whose tokens or cost are not known count in `calls` alone.
struct UsageRow {
  UsageKey key;
  std::int64_t calls = 0;
  std::int64_t calls_with_tokens = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t calls_with_cost = 0;
  double cost_usd = 0;
  LatencyCounts latency{};
  std::int64_t tripped = 0;  // of the calls: those that opened the breaker
  std::int64_t skipped =
      0;  // no calls: times that the open breaker spared a person the wait; model and outcome are empty

  UsageRow& operator+=(const UsageRow& more);  // the key stays
  Spending spending() const { return {calls, input_tokens + output_tokens, cost_usd}; }
  bool operator==(const UsageRow&) const = default;
};

/// One call, in the hour in which it began.
UsageRow usage_of(const AttemptRow& attempt, const std::string& directory);
/// A call that was spared, in a run that ended at this time.
UsageRow usage_of(const SkipRow& spared, milliseconds at, const std::string& directory);
/// A call that was killed: what it was expected to use counts.
UsageRow usage_of(const Reservation& killed);

/// An empty field matches all.
struct UsageQuery {
  milliseconds since{0};  // wall
  std::optional<milliseconds> until = {};
  std::string backend = {};
};

/// What is remembered for budgets besides the usage.
struct BudgetBook {
  std::map<BudgetPeriod, PeriodSpan> periods;  // the last one in force
  std::vector<Reservation> reservations;       // of calls that are under way
  std::vector<Reservation> killed = {};        // taken out of `reservations`: the step counts them as used

  bool operator==(const BudgetBook&) const = default;
};

/// Calls of one model that were answered.
struct AnsweredUse {
  std::int64_t calls_with_tokens = 0;
  std::int64_t tokens = 0;
  std::int64_t calls_with_cost = 0;
  double cost_usd = 0;
};

/// Sums of the usage, as a step over the budgets sees it.
class UsageSums {
 public:
  virtual ~UsageSums() = default;
  /// By backend. Hours that began before count if they reach into the time: after a change of the time zone they may.
  virtual Result<std::map<std::string, Spending>> spent_since(milliseconds begin) = 0;
  /// By model.
  virtual Result<std::map<std::string, AnsweredUse>> answered_since(const std::string& backend, milliseconds begin) = 0;
};

}  // namespace delegate
