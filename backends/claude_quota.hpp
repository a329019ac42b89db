#pragma once
#include "core/base/json.hpp"
#include "core/quota/windows.hpp"

namespace delegate {

/// What a `rate_limit_event` of Claude Code says about the windows of the subscription. Older versions state a share
/// only as a warning, or that a window is used up.
QuotaReading quota_in_event(const Json& event);

}  // namespace delegate
