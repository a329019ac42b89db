#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "core/config/load.hpp"

// What the tests of the configuration share.
namespace delegate::test {

using Texts = std::map<std::string, std::string>;

inline ConfigSources user(std::string text) {
  ConfigSources sources;
  sources.user_file = ConfigFile{"user.toml", std::move(text)};
  return sources;
}
inline ConfigSources project(std::string text) {
  ConfigSources sources;
  sources.project_file = ConfigFile{"project.toml", std::move(text)};
  return sources;
}
inline ConfigSources environment(Texts variables) {
  ConfigSources sources;
  sources.environment = std::move(variables);
  return sources;
}

inline LoadedConfig load_user(std::string text) { return load_config(user(std::move(text))); }
inline LoadedConfig load_project(std::string text) { return load_config(project(std::move(text))); }

/// Problems as shown to the user, each hint after an arrow.
inline std::vector<std::string> lines(const LoadedConfig& loaded) {
  std::vector<std::string> out;
  for (const ConfigProblem& problem : loaded.problems)
    out.push_back(to_string(problem) + (problem.hint.empty() ? "" : " -> " + problem.hint));
  return out;
}
inline std::vector<std::string> problems_of(std::string text) { return lines(load_user(std::move(text))); }

inline bool same(const Config& a, const Config& b) {
  const auto rules = [](const Config& config) {
    std::vector<FailureRule> all;
    for (const auto& [name, backend] : config.backends)
      all.insert(all.end(), backend.failures.begin(), backend.failures.end());
    return all;
  };
  return flatten(a) == flatten(b) && rules(a) == rules(b);
}

}  // namespace delegate::test
