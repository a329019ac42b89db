#pragma once
#include "core/notify/notification_text.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"

namespace delegate::notify {

/// What the texts of notifications need to know about this host. Asks the local servers for their models, each for at
/// most a second. The result refers to `engine`.
OutageFacts outage_facts(const ProcessFacts& process, const Engine& engine);

}  // namespace delegate::notify
