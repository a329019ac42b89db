#pragma once
#include "cli/args/command_row.hpp"
#include "cli/session.hpp"
#include "cli/terminal/output.hpp"
#include "core/base/exit_code.hpp"
#include "core/config/report.hpp"

namespace delegate::cli {

/// What a command works with; the dispatcher prepares what its row needs.
struct CommandContext {
  const World& world;
  const Output& output;
  const Configured* configured = nullptr;  // Needs::unchecked_configuration and more
  const Host* open_host = nullptr;         // Needs::host

  const Config& config() const { return configured->loaded.config; }
  const Host& host() const { return *open_host; }
  const Engine& engine() const { return open_host->engine(); }
  /// A remark about the store, if there is one.
  void report_notice() const {
    if (!host().notice().empty()) output.note("delegate: " + host().notice());
  }
  /// The exit code of a command that a signal has interrupted.
  int interrupted() const { return 128 + world.signal; }
};

/// What an invalid configuration is to a command that needs it.
inline ErrorKind kind_of(const ConfigVerdict& verdict) {
  return verdict.lacks_only_trust ? ErrorKind::blocked : ErrorKind::configuration;
}

/// The exit code of a command that only reports on it; 0: it can be used.
inline int exit_code_of(const ConfigVerdict& verdict) {
  return verdict.errors.empty() ? kAnswered : exit_code_of(kind_of(verdict), 0);
}

/// All commands, hidden ones too: table.cpp.
CommandTable all_commands();

/// For a command whose options decide where the configuration comes from. `directory`: where the search for a project's
/// file begins, relative to the working directory; empty: there.
enum class Notices { shown, hidden };
tl::expected<Configured, CommandError> usable_configuration(const CommandContext& context, const std::string& directory,
                                                            Notices notices);

}  // namespace delegate::cli
