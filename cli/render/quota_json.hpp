#pragma once
#include "core/base/json.hpp"
#include "core/inspect/quota.hpp"

namespace delegate::cli {

/// What is known of a login's windows; an empty object if nothing is.
OrderedJson quota_object(const inspect::QuotaStatus& quota);

}  // namespace delegate::cli
