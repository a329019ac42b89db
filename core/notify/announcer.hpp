#pragma once
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"

namespace delegate::notify {

/// Starts the process that tells what is owed, `delegate announce`, and does not wait for it. When it cannot be
/// started, the next one that is tells it.
void start_announcer(const ProcessFacts& process, const OwnCommand& self);

/// The same, if a pending notification was left behind by an announcer that has died.
void announce_left_behind(const ProcessFacts& process, const OwnCommand& self, const Engine& engine);

/// How long the announcer waits for a busy store; no person waits for it.
inline constexpr milliseconds kAnnouncerPatience{10'000};

/// The announcer itself: sends all pending notifications, one announcer at a time on a host. The exit code.
int announce(const ProcessFacts& process, const Engine& engine);

}  // namespace delegate::notify
