#pragma once
#include <cstddef>

#include "core/state/store.hpp"

namespace delegate::soak {

/// Resources that a process must release.
struct Figures {
  std::size_t fds = 0;
  std::size_t threads = 0;
  std::size_t children = 0;  // zombies among them
  std::size_t tagged = 0;    // processes that a run has started, whatever their parent
  std::size_t slots = 0;
  std::size_t probes = 0;
  std::size_t in_use_kb = 0;    // what the program has allocated and not freed
  std::size_t resident_kb = 0;  // … and what the allocator holds for it
};

/// `not_ours` is the one child that is not a backend's.
Figures figures_now(StateStore& store, int not_ours);

inline constexpr const char* kTag = "DELEGATE_RUN_ID";
inline constexpr const char* kOuterRun = "soak";

}  // namespace delegate::soak
