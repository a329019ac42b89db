#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/quota/windows.hpp"
#include "core/run/engine.hpp"

// How much of the windows of a login is left, as its calls have reported it. Starts nothing and changes nothing.
namespace delegate::inspect {

/// A window as it is now, and where its use leads.
struct WindowStatus {
  WindowView view;
  std::optional<milliseconds> used_up_at;  // at the pace since it began; wall; nothing: not before its end, or unknown
  double reserve = 0;                      // share that `auto` leaves
};
struct QuotaStatus {
  std::vector<WindowStatus> windows;  // the shortest first
  Overage overage;

  bool empty() const { return windows.empty() && overage == Overage{}; }
};
QuotaStatus quota_status(const Quota& quota, const BackendSettings& settings, milliseconds now);

/// The window of which least is left, of those that count all models if there is one; null: none is known.
const WindowStatus* scarcest(const QuotaStatus& quota);

struct CandidateQuota {
  std::string name;
  QuotaStatus quota;
};
/// Of the enabled candidates about which something is known; one read of the store.
Result<std::vector<CandidateQuota>> known_quotas(const Engine& engine);

}  // namespace delegate::inspect
