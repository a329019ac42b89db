#include "core/inspect/quota.hpp"

#include <algorithm>

#include "core/quota/pace.hpp"

namespace delegate::inspect {

QuotaStatus quota_status(const Quota& quota, const BackendSettings& settings, milliseconds now) {
  QuotaStatus status{.windows = {}, .overage = current_overage(quota, now)};
  for (WindowView& view : current_windows(quota, now)) {
    const auto used_up = used_up_at(view, now);
    const double reserve = reserve_of(settings.reserve, view.name);
    status.windows.push_back({std::move(view), used_up, reserve});
  }
  return status;
}

const WindowStatus* scarcest(const QuotaStatus& quota) {
  const auto counts_all = [](const WindowStatus& window) { return model_of_window(window.view.name).empty(); };
  const auto is_scarcer = [&](const WindowStatus& one, const WindowStatus& other) {
    if (counts_all(one) != counts_all(other)) return counts_all(one);
    return one.view.left() < other.view.left();
  };
  const auto least = std::min_element(quota.windows.begin(), quota.windows.end(), is_scarcer);
  return least == quota.windows.end() ? nullptr : &*least;
}

Result<std::vector<CandidateQuota>> known_quotas(const Engine& engine) {
  TRY(const StateStore::Snapshot snapshot, engine.breakers.read());
  std::vector<CandidateQuota> found;
  for (const std::string& name : engine.config.candidates()) {
    const BackendSettings& settings = *engine.config.backend(name);
    const auto known = snapshot.backends.find(name);
    if (!settings.enabled || known == snapshot.backends.end()) continue;
    QuotaStatus quota = quota_status(known->second.quota, settings, snapshot.now.wall);
    if (!quota.empty()) found.push_back({name, std::move(quota)});
  }
  return found;
}

}  // namespace delegate::inspect
