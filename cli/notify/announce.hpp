#pragma once
#include "cli/world.hpp"

namespace delegate::cli {

/// Starts the process that tells what is owed, `delegate announce`, and does not wait for it. When it cannot be
/// started, the next one that is tells it.
void start_announcer(const World& world);

}  // namespace delegate::cli
