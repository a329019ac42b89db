#pragma once
#include <optional>
#include <vector>

#include "cli/mcp/results.hpp"
#include "cli/mcp/tools.hpp"
#include "cli/world.hpp"
#include "core/config/load.hpp"
#include "core/run/engine.hpp"

namespace delegate::cli::server {

/// What this machine has. Only looks at files, and at the ports of local servers: a client waits for its first answer.
ToolFacts facts_of(const World& world, const Config& config, bool may_write);

/// In the order of auto: for a demanding task, as far as they are here.
std::vector<std::string> order_of_auto(const Engine& engine, const std::vector<std::string>& here);

/// Every configured backend, and what can be seen of its server.
std::vector<SeenBackend> seen_backends(const Engine& engine);
/// The names of those that are here, without their logins.
std::vector<std::string> installed_ones(const std::vector<SeenBackend>& seen);

}  // namespace delegate::cli::server
