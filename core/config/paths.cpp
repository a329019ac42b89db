#include "core/config/paths.hpp"

#include "core/os/file.hpp"

namespace delegate {
namespace {

/// An XDG base directory: the variable if it is an absolute path (the standard says to ignore others), else below HOME.
std::string base_directory(const ProcessFacts& process, const char* variable, const char* below_home) {
  if (std::string set = process.variable(variable); set.starts_with('/')) return set;
  const std::string home = home_path(process);
  return home.empty() ? std::string() : home + below_home;
}

std::string below(const std::string& base, const char* name) { return base.empty() ? std::string() : base + name; }

}  // namespace

std::string home_path(const ProcessFacts& process) {
  std::string home = process.variable("HOME");
  return home.starts_with('/') ? home : std::string();
}

std::string config_path(const ProcessFacts& process) { return base_directory(process, "XDG_CONFIG_HOME", "/.config"); }

std::string user_config_path(const ProcessFacts& process) {
  return below(config_path(process), "/delegate/delegate.toml");
}

std::string trusted_path(const ProcessFacts& process) {
  return below(base_directory(process, "XDG_STATE_HOME", "/.local/state"), "/delegate/trusted.json");
}

std::string state_path(const ProcessFacts& process, const StateSettings& settings) {
  if (settings.path.starts_with("~/")) return below(home_path(process), settings.path.substr(1).c_str());
  if (!settings.path.empty()) return settings.path;
  return below(base_directory(process, "XDG_STATE_HOME", "/.local/state"), "/delegate/state.db");
}

std::string scratch_path(const ProcessFacts& process) {
  if (const std::string runtime = process.variable("XDG_RUNTIME_DIR"); runtime.starts_with('/'))
    return runtime + "/delegate";
  return below(base_directory(process, "XDG_CACHE_HOME", "/.cache"), "/delegate/calls");
}

std::vector<std::string> moved_places(const ProcessFacts& process) {
  const std::string home = home_path(process);
  const auto is_moved = [&](const char* variable, const char* below_home) {
    const std::string set = process.variable(variable);
    return set.starts_with('/') &&
           Path(set + "/").lexically_normal() != Path(home + below_home + "/").lexically_normal();
  };
  std::vector<std::string> names;
  if (is_moved("XDG_CONFIG_HOME", "/.config")) names.emplace_back("XDG_CONFIG_HOME");
  if (is_moved("XDG_STATE_HOME", "/.local/state")) names.emplace_back("XDG_STATE_HOME");
  if (process.variable("DELEGATE_CONFIG").starts_with('/')) names.emplace_back("DELEGATE_CONFIG");
  return names;
}

std::string with_tilde(const ProcessFacts& process, const std::string& path) {
  const std::string home = home_path(process);
  if (home.size() < 2 || !path.starts_with(home + "/")) return path;
  return "~" + path.substr(home.size());
}

}  // namespace delegate
