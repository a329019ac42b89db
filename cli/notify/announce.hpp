#pragma once
#include "cli/world.hpp"
#include "core/state/notifications.hpp"

namespace delegate::cli {

/// Starts the process that tells what is owed, `delegate announce`, and does not wait for it. When it cannot be
/// started, the next one that is tells it.
void start_announcer(const World& world);

/// Nobody has told it, nor given it up.
bool is_untold(const NotificationRow& row);

}  // namespace delegate::cli
