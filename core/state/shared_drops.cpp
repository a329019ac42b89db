#include "core/state/shared_drops.hpp"

namespace delegate {
namespace {

bool same_drops(const Breaker& a, const Breaker& b) {
  return a.burst == b.burst && a.bursts_in_a_row == b.bursts_in_a_row;
}

void take_drops(Breaker& to, const Breaker& from) {
  to.burst = from.burst;
  to.bursts_in_a_row = from.bursts_in_a_row;
}

}  // namespace

bool concerns_peer(const BackendState& before, const BackendState& after) {
  return !after.peer.empty() && (after.peer != before.peer || !same_drops(before.breaker, after.breaker));
}

BackendStates share_drops(const std::string& backend, const BackendState& before, BackendState& after,
                          const BackendStates& all) {
  BackendStates changed;
  for (const auto& [name, other] : all) {
    if (name == backend || other.peer != after.peer || same_drops(other.breaker, after.breaker)) continue;
    if (after.peer != before.peer) {
      take_drops(after.breaker, other.breaker);
      return {};  // the backends already there are equal
    }
    take_drops(changed.emplace(name, other).first->second.breaker, after.breaker);
  }
  return changed;
}

}  // namespace delegate
