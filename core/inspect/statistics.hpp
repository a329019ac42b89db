#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/run/engine.hpp"
#include "core/state/usage.hpp"

// What the calls of a time came to: from the usage by the hour, which outlives the runs that are kept. Starts nothing
// and changes nothing.
namespace delegate::inspect {

/// As candidates are named: "claude@work".
std::string name_of_backend(const UsageKey& key);

/// A sum. Tokens and cost are of those calls for which they are known.
struct Figures {
  UsageRow all;  // its key is empty
  std::int64_t answered = 0;
  std::int64_t failed = 0;  // the others say nothing about the backend: cancelled, a wrong model name, …
  LatencyCounts took{};     // of the calls that were answered

  Figures& operator+=(const UsageRow& row);
};
Figures sum_of(const std::vector<UsageRow>& rows);

enum class GroupBy { backend, model, directory, day, hour };
struct Group {
  std::string name;  // a day: "2026-11-30", an hour: "2026-11-30 14:00", local time; a backend: with its login; empty:
                     // unknown
  Figures figures;
  milliseconds begin{0};  // of the day or the hour; wall
};
/// Days and hours in their order, without those between that have no call; all others by the number of their calls, the
/// largest first.
std::vector<Group> grouped(const std::vector<UsageRow>& rows, GroupBy by);

/// What the open breaker of a backend saved: so many times, the wait for a call that would have failed as those did
/// that opened it.
struct Saving {
  std::string backend;
  std::int64_t skipped = 0;
  milliseconds wait{0};  // the median time of its calls with those outcomes that have opened its breaker

  milliseconds saved() const { return wait * skipped; }
};
/// `all`: of a longer time, so that the calls that opened a breaker are known. The largest first.
std::vector<Saving> savings(const std::vector<UsageRow>& rows, const std::vector<UsageRow>& all);

struct Statistics {
  milliseconds since{0};  // wall
  milliseconds until{0};
  std::vector<UsageRow> rows;  // of that time; oldest first
  std::vector<Saving> savings;

  milliseconds saved() const;
};
/// `since`: rounded down to a whole hour.
Result<Statistics> statistics(const Engine& engine, milliseconds since);

}  // namespace delegate::inspect
