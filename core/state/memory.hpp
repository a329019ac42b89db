#pragma once
#include <memory>

#include "core/os/clock.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// A store in memory, for `state.store = "memory"` and for tests. The clock must outlive it.
std::unique_ptr<StateStore> make_memory_store(const Clock& clock);

}  // namespace delegate
