#pragma once
#include "core/notify/notification_text.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"

namespace delegate::notify {

enum class Servers {
  ask,     // local ones for their models, each for at most a second
  assume,  // that they run: the text is only recorded
};
/// What the texts of notifications need to know about this host. The result refers to `engine`.
OutageFacts outage_facts(const ProcessFacts& process, const Engine& engine, Servers servers = Servers::ask);

}  // namespace delegate::notify
