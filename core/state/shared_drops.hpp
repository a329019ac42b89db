#pragma once
#include "core/state/store.hpp"

namespace delegate {

using BackendStates = std::map<std::string, BackendState>;

/// Does this change of a backend affect the others with the same peer?
bool concerns_peer(const BackendState& before, const BackendState& after);

/// Makes the state of drops equal in all backends with the peer of `backend`, which changes from `before` to `after`: a
/// backend that is new at its peer takes over the state there, otherwise the others take over the new state. Returns
/// the others that changed. Pure.
BackendStates share_drops(const std::string& backend, const BackendState& before, BackendState& after,
                          const BackendStates& all);

}  // namespace delegate
