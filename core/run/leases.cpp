#include "core/run/leases.hpp"

namespace delegate {

bool is_over(const ProcessLease& lease, const HostTime& now, const IsDead& is_dead) {
  return remaining(lease.span, now) == milliseconds(0) || lease.span.since.boot_id != now.boot_id ||
         is_dead(lease.owner);
}

bool was_killed(const ProcessLease& lease, const HostTime& now, const IsDead& is_dead) {
  return lease.span.since.boot_id == now.boot_id && remaining(lease.span, now) > milliseconds(0) &&
         is_dead(lease.owner);
}

}  // namespace delegate
