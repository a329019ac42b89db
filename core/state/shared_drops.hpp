#pragma once
#include "core/state/store.hpp"

namespace delegate {

using BackendStates = std::map<std::string, BackendState>;

/// Does this change of a backend concern the others with its peer?
bool concerns_peer(const BackendState& before, const BackendState& after);

/// Makes what is known of drops the same in all backends with the peer of `backend`, whose change from `before` to
/// `after` concerns them: one that has just come to its peer takes what is known there, else the others take what is
/// new. Returns the others that changed. Pure.
BackendStates share_drops(const std::string& backend, const BackendState& before, BackendState& after,
                          const BackendStates& all);

}  // namespace delegate
