#pragma once
#include "core/run/breakers.hpp"

namespace delegate {

/// Why the quota of its login keeps this call from being made, although its breaker would permit it; nothing: it does
/// not. Pure, but for the local time in its message.
std::optional<Skip> refused_by_quota(const AdmissionRequest& wanted, const Quota& quota, milliseconds now);

}  // namespace delegate
