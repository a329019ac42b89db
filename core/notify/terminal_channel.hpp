#pragma once
#include "core/notify/channels.hpp"

namespace delegate::notify {

/// The terminal that stderr is, by the sequence that it understands.
Channel terminal_channel(const ProcessFacts& process);

}  // namespace delegate::notify
