#pragma once
#include "core/notify/channels.hpp"

namespace delegate::notify {

inline constexpr milliseconds kLongestTerminal{3'000};  // with the question to tmux

/// The terminal that stderr is, by the sequence that it understands.
Channel terminal_channel(const ProcessFacts& process);

}  // namespace delegate::notify
