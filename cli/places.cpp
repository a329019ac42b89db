#include "cli/places.hpp"

#include "core/os/file.hpp"

namespace delegate::cli {
namespace {

/// An XDG base directory: the variable when it is an absolute path (others are to be ignored), else below HOME.
std::string base_directory(const World& world, const char* variable, const char* below_home) {
  if (std::string set = world.variable(variable); set.starts_with('/')) return set;
  const std::string home = home_path(world);
  return home.empty() ? std::string() : home + below_home;
}

std::string below(const std::string& base, const char* name) { return base.empty() ? std::string() : base + name; }

}  // namespace

std::string home_path(const World& world) {
  std::string home = world.variable("HOME");
  return home.starts_with('/') ? home : std::string();
}

std::string config_path(const World& world) { return base_directory(world, "XDG_CONFIG_HOME", "/.config"); }

std::string user_config_path(const World& world) { return below(config_path(world), "/delegate/delegate.toml"); }

std::string trusted_path(const World& world) {
  return below(base_directory(world, "XDG_STATE_HOME", "/.local/state"), "/delegate/trusted.json");
}

std::string state_path(const World& world, const StateSettings& settings) {
  if (settings.path.starts_with("~/")) return below(home_path(world), settings.path.substr(1).c_str());
  if (!settings.path.empty()) return settings.path;
  return below(base_directory(world, "XDG_STATE_HOME", "/.local/state"), "/delegate/state.db");
}

std::string scratch_path(const World& world) {
  if (const std::string runtime = world.variable("XDG_RUNTIME_DIR"); runtime.starts_with('/'))
    return runtime + "/delegate";
  return below(base_directory(world, "XDG_CACHE_HOME", "/.cache"), "/delegate/calls");
}

std::vector<std::string> moved_places(const World& world) {
  const std::string home = home_path(world);
  const auto is_moved = [&](const char* variable, const char* below_home) {
    const std::string set = world.variable(variable);
    return set.starts_with('/') &&
           Path(set + "/").lexically_normal() != Path(home + below_home + "/").lexically_normal();
  };
  std::vector<std::string> names;
  if (is_moved("XDG_CONFIG_HOME", "/.config")) names.emplace_back("XDG_CONFIG_HOME");
  if (is_moved("XDG_STATE_HOME", "/.local/state")) names.emplace_back("XDG_STATE_HOME");
  if (world.variable("DELEGATE_CONFIG").starts_with('/')) names.emplace_back("DELEGATE_CONFIG");
  return names;
}

std::string with_tilde(const World& world, const std::string& path) {
  const std::string home = home_path(world);
  if (home.size() < 2 || !path.starts_with(home + "/")) return path;
  return "~" + path.substr(home.size());
}

}  // namespace delegate::cli
