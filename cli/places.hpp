#pragma once
#include <string>
#include <vector>

#include "cli/world.hpp"
#include "core/config/config.hpp"

// Where things are kept on this host. Empty: neither the XDG variable nor HOME says.
namespace delegate::cli {

/// HOME when it is an absolute path; a relative one would mean another place in each directory.
std::string home_path(const World& world);
/// Where programs keep their settings: XDG_CONFIG_HOME, else ~/.config.
std::string config_path(const World& world);
/// The person's own delegate.toml, there or not.
std::string user_config_path(const World& world);
/// Which projects' files are trusted.
std::string trusted_path(const World& world);
std::string state_path(const World& world, const StateSettings& settings);
/// For private files of calls.
std::string scratch_path(const World& world);

/// Variables that are set here and put the configuration or the state elsewhere than HOME alone would: a process
/// without them has other breakers.
std::vector<std::string> moved_places(const World& world);

/// `~/x` for what is below the home directory: for showing.
std::string with_tilde(const World& world, const std::string& path);

}  // namespace delegate::cli
