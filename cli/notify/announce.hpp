#pragma once
#include "cli/host.hpp"

namespace delegate::cli {

/// Starts the process that tells what is owed, `delegate announce`, and does not wait for it. When it cannot be
/// started, the next one that is tells it.
void start_announcer(const World& world);

/// The same, if something is owed that nobody is about to tell.
void tell_left_behind(const World& world, const Host& host);

}  // namespace delegate::cli
