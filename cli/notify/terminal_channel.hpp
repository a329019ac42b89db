#pragma once
#include "cli/notify/channels.hpp"

namespace delegate::cli {

/// The terminal that stderr is, by the sequence that it understands.
Channel terminal_channel(const World& world);

}  // namespace delegate::cli
