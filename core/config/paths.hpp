#pragma once
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/os/process_facts.hpp"

// Paths on this host. Empty: neither the XDG variable nor HOME is set.
namespace delegate {

/// HOME if it is an absolute path; a relative one would be another place in each working directory.
std::string home_path(const ProcessFacts& process);
/// The directory for settings of programs: XDG_CONFIG_HOME, else ~/.config.
std::string config_path(const ProcessFacts& process);
/// The user's delegate.toml, whether it exists or not.
std::string user_config_path(const ProcessFacts& process);
/// The list of trusted project files.
std::string trusted_path(const ProcessFacts& process);
std::string state_path(const ProcessFacts& process, const StateSettings& settings);
/// The directory for private files of calls.
std::string scratch_path(const ProcessFacts& process);

/// The set variables that move the configuration or the state away from their defaults below HOME. A process without
/// them has other breakers.
std::vector<std::string> moved_places(const ProcessFacts& process);

/// `~/x` for a path below the home directory, for display.
std::string with_tilde(const ProcessFacts& process, const std::string& path);

}  // namespace delegate
