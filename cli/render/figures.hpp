#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/inspect/statistics.hpp"

// Sums of calls as cells of tables, for a terminal and for a page.
namespace delegate::cli {

inline constexpr double kMedian = 0.5;
inline constexpr double kNearlyAll = 0.95;

/// Nothing: no call said it.
std::optional<std::int64_t> known_tokens(const inspect::Figures& figures, std::int64_t sum);
std::optional<double> known_cost(const inspect::Figures& figures);

/// Of the calls that say something about a backend; rounded down, so that 100 % means that none failed.
std::string percent_answered(std::int64_t answered, std::int64_t failed);

/// Calls, share answered, median, 95 %, tokens in, tokens out, cost, trips, skipped.
std::vector<std::string> cells_of(const inspect::Figures& figures);

}  // namespace delegate::cli
