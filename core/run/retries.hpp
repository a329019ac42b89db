#pragma once
#include "core/run/backend.hpp"

namespace delegate {

/// The failure to end an attempt with if its backend's own retries (`failed.retrying`) are pointless; nothing if they
/// may go on. Pure. `left` is the time until the attempt's limit; nothing: unlimited.
std::optional<Failure> end_of_retries(const Failure& failed, std::optional<milliseconds> left);

}  // namespace delegate
