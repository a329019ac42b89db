#pragma once
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"

namespace delegate::notify {

/// Starts `delegate announce`, the process that sends pending notifications, without waiting for it. If it cannot be
/// started, the next announcer sends them.
void start_announcer(const ProcessFacts& process, const OwnCommand& self);

/// The same, but only if an announcer died before it sent a pending notification.
void announce_pending(const ProcessFacts& process, const OwnCommand& self, const Engine& engine);

/// How long the announcer waits for a busy store. No process waits for the announcer.
inline constexpr milliseconds kAnnouncerStoreTimeout{10'000};

/// The announcer itself: sends all pending notifications, one announcer at a time on a host. The exit code.
int announce(const ProcessFacts& process, const Engine& engine);

}  // namespace delegate::notify
