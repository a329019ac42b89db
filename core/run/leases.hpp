#pragma once
#include "core/base/result.hpp"
#include "core/health/breaker.hpp"
#include "core/state/lease.hpp"

// When what a process has had is free for others.
namespace delegate {

/// Its time or its boot has ended, or its owner has. What it started may still go on: see was_killed().
bool is_over(const ProcessLease& lease, const HostTime& now, const IsDead& is_dead);

/// Its owner is dead before its time: it is free as soon as its processes have ended, which takes a moment. To know
/// that, the environment of all processes is read, so it must not be done while the store is locked.
bool was_killed(const ProcessLease& lease, const HostTime& now, const IsDead& is_dead);

/// Writes what must not get lost: other processes may keep the store locked for longer than its busy wait. On a slow
/// disk, the first of many processes does.
template <class Write>
Status write_patiently(const Write& write) {
  constexpr int kTries = 10;
  for (int tries = 1;; ++tries) {
    Status done = write();
    if (done || done.error().code != Code::busy || tries == kTries) return done;
  }
}

}  // namespace delegate
