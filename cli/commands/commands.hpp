#pragma once
#include "cli/args/parse.hpp"
#include "cli/request/request_builder.hpp"
#include "cli/session.hpp"
#include "cli/terminal/output.hpp"

// One function a subcommand; each returns the exit code.
namespace delegate::cli {

int run_ask(const World& world, const Config& config, const AskCommand& command);
int run_submit(const World& world, const Config& config, const SubmitCommand& command);
int run_result(const World& world, const Config& config, const ResultCommand& command);
int run_cancel(const World& world, const Config& config, const CancelCommand& command);
int run_worker(const World& world, const Config& config, const WorkerCommand& command);
int run_mcp(const World& world, const std::string& config_file, const McpCommand& command);
int run_carry(const World& world, const Config& config, const CarryCommand& command);
int run_status(const World& world, const Config& config, const StatusCommand& command);
int run_backends(const World& world, const Config& config, const BackendsCommand& command);
int run_ping(const World& world, const Config& config, const PingCommand& command);
int run_doctor(const World& world, const std::string& config_file, const DoctorCommand& command);
int run_breaker(const World& world, const Config& config, const BreakerCommand& command);
int run_notifications(const World& world, const Config& config, const NotificationsCommand& command);
int run_guard(const World& world, const Config& config, const GuardCommand& command);
int run_health(const World& world, const Config& config, const HealthCommand& command);
int run_announce(const World& world, const Config& config);
int run_config(const World& world, const Configured& configured, const ConfigCommand& command);  // show and check
int run_config_init(const World& world, const std::string& config_file, const ConfigCommand& command);
int run_config_path(const World& world, const std::string& config_file, const std::string& directory,
                    const ConfigCommand& command);
int run_runs(const World& world, const Config& config, const RunsCommand& command);
int run_trust(const World& world, const TrustCommand& command);
int run_setup(const World& world, const SetupCommand& command);
int run_drill(const World& world, const Configured& configured, const DrillCommand& command);
int run_stand_in(const World& world, const StandInCommand& command);
int run_completion(const World& world, const CompletionCommand& command);
int run_complete(const World& world, const Configured& configured, const CompleteCommand& command);
int run_manual(const World& world, const ManualCommand& command);

}  // namespace delegate::cli
