#include "core/canary/record.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate::canary {
namespace {

constexpr const char* kKind = "canary";

void announce_violation(const Invariant& invariant, const std::vector<std::string>& lines, std::size_t found,
                        NotificationRows& rows, const HostTime& now) {
  const std::vector<std::string> shown = shortened(lines, kMostLines, found);
  raise(rows, {.kind = kKind,
               .subject = std::string(invariant.id),
               .severity = invariant.severity,
               .title = std::string(invariant.id) + ": " + std::string(invariant.name),
               .message = join(shown, "\n") + "\n" + std::string(invariant.remedy),
               .first_seen = now.wall,
               .last_seen = now.wall});
}

void announce_recovery(const Invariant& invariant, NotificationRows& rows, const HostTime& now) {
  for (NotificationRow& row : rows) {
    const bool is_violation = row.kind == kKind && row.severity != NotificationSeverity::info;
    if (!is_violation || row.subject != invariant.id || row.ended_at) continue;
    row.ended_at = now.wall;
    if (!row.acknowledged_at) row.acknowledged_at = now.wall;
  }
  raise(rows, {.kind = kKind,
               .subject = std::string(invariant.id),
               .title = std::string(invariant.id) + " holds again",
               .message = "It was violated: " + std::string(invariant.name) + ".",
               .first_seen = now.wall,
               .last_seen = now.wall});
}

}  // namespace

std::vector<std::string> shortened(const std::vector<std::string>& lines, std::size_t most, std::size_t found) {
  std::vector<std::string> shown(lines.begin(),
                                 lines.begin() + static_cast<std::ptrdiff_t>(std::min(most, lines.size())));
  if (found > shown.size()) shown.push_back("+" + std::to_string(found - shown.size()) + " more");
  return shown;
}

std::optional<Transition> record(const InvariantResult& result, CanaryRecordsById& records, NotificationRows& rows,
                                 const HostTime& now) {
  const Invariant& invariant = *result.invariant;
  const std::string id(invariant.id);
  CanaryRecord& kept = records[id];
  kept.id = id;
  kept.verdict = to_string(result.verdict);
  kept.reason = result.reason;
  kept.checked_at = now.wall;
  kept.notes = result.notes;
  if (result.verdict == Verdict::violated) {
    kept.last_violated = now.wall;
    kept.found = static_cast<std::int64_t>(result.deviations.size());
    kept.lines.clear();
    for (const Deviation& one : result.deviations)
      if (kept.lines.size() < kMostLinesKept) kept.lines.push_back(one_line(one.line));
    if (kept.violated_since) return std::nullopt;
    kept.violated_since = now.wall;
    ++kept.times;
    announce_violation(invariant, kept.lines, result.deviations.size(), rows, now);
    return Transition{id, true};
  }
  if (result.verdict != Verdict::held || !kept.violated_since) return std::nullopt;
  kept.violated_since.reset();
  announce_recovery(invariant, rows, now);
  return Transition{id, false};
}

}  // namespace delegate::canary
