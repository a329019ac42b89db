#pragma once
#include "core/canary/invariant.hpp"
#include "core/state/canary_records.hpp"

// What a cycle makes of the findings: what is remembered, and what is announced. Pure.
namespace delegate::canary {

/// One invariant in one cycle.
struct InvariantResult {
  const Invariant* invariant = nullptr;
  Verdict verdict = Verdict::held;
  std::string reason;     // of skipped and error
  Deviations deviations;  // of violated
  std::string notes;      // for the next cycle
};

/// An invariant that became violated, or that holds again.
struct Transition {
  std::string id;
  bool is_violated = false;

  bool operator==(const Transition&) const = default;
};

inline constexpr std::size_t kMostLines = 5;       // in a notification, and in the list of a cycle
inline constexpr std::size_t kMostLinesKept = 50;  // for `delegate canary show`

/// Remembers the result. A cycle that could not check an invariant changes nothing about whether it is violated, so
/// it can neither hide a violation nor report it twice. The notification of a transition is added to `rows`.
std::optional<Transition> record(const InvariantResult& result, CanaryRecordsById& records, NotificationRows& rows,
                                 const HostTime& now);

/// The first `most` lines, and "+N more" for `found` in all.
std::vector<std::string> shortened(const std::vector<std::string>& lines, std::size_t most, std::size_t found);

}  // namespace delegate::canary
