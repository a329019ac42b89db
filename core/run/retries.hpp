#pragma once
#include "core/run/backend.hpp"

namespace delegate {

/// What an attempt ends with when its backend's own retries (`failed.retrying`) have no point any more; nothing while
/// they do. Pure. `left`: until the attempt's time is over; nothing: it has no end.
std::optional<Failure> end_of_retries(const Failure& failed, std::optional<milliseconds> left);

}  // namespace delegate
