#pragma once
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/os/process_facts.hpp"

// Where things are kept on this host. Empty: neither the XDG variable nor HOME says.
namespace delegate {

/// HOME when it is an absolute path; a relative one would mean another place in each directory.
std::string home_path(const ProcessFacts& process);
/// Where programs keep their settings: XDG_CONFIG_HOME, else ~/.config.
std::string config_path(const ProcessFacts& process);
/// The person's own delegate.toml, there or not.
std::string user_config_path(const ProcessFacts& process);
/// Which projects' files are trusted.
std::string trusted_path(const ProcessFacts& process);
std::string state_path(const ProcessFacts& process, const StateSettings& settings);
/// For private files of calls.
std::string scratch_path(const ProcessFacts& process);

/// Variables that are set here and put the configuration or the state elsewhere than HOME alone would: a process
/// without them has other breakers.
std::vector<std::string> moved_places(const ProcessFacts& process);

/// `~/x` for what is below the home directory: for showing.
std::string with_tilde(const ProcessFacts& process, const std::string& path);

}  // namespace delegate
