#pragma once
#include "cli/host.hpp"
#include "cli/output.hpp"
#include "cli/parse.hpp"

// One function a subcommand; each returns the exit code.
namespace delegate::cli {

int run_ask(const World& world, const Config& config, const AskCommand& command);
int run_status(const World& world, const Config& config, const StatusCommand& command);
int run_backends(const World& world, const Config& config, const BackendsCommand& command);
int run_ping(const World& world, const Config& config, const PingCommand& command);
int run_breaker(const World& world, const Config& config, const BreakerCommand& command);
int run_config_check(const World& world, const Configured& configured, const ConfigCommand& command);

/// A backend that is not in the configuration: the error with a suggestion.
Error unknown_backend(const Config& config, const std::string& name);

}  // namespace delegate::cli
