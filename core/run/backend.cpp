#include "core/run/backend.hpp"

namespace delegate {

const std::string& tier_setting(const BackendSettings& settings, Tier tier) {
  switch (tier) {
    case Tier::small: return settings.tier_small;
    case Tier::medium: return settings.tier_medium;
    case Tier::large: break;
  }
  return settings.tier_large;
}

bool Backend::choose(Task& task, Tier tier) const {
  const std::string& model = tier_setting(task.settings, tier);
  if (model.empty()) return false;
  task.model = model;
  return true;
}

}  // namespace delegate
