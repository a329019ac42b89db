#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace delegate {

/// Something in the configuration that cannot be used.
struct ConfigProblem {
  Origin origin;
  std::string key;   // dotted; empty when the file itself is the problem
  std::string what;  // "must be at least 1, is 0"
  std::string hint;  // "did you mean `cooldown`?" or what to do
};
/// `path:3:14: breaker.cooldwon: unknown key`.
std::string to_string(const ConfigProblem& problem);

/// Texts of the layers, read by the caller: loading is pure.
struct ConfigFile {
  std::string path;  // as shown in errors and origins
  std::string text;
};
struct ConfigSources {
  std::optional<ConfigFile> user_file;             // also a file named with --config
  std::optional<ConfigFile> project_file;          // may not set what runs, connects or stores
  std::map<std::string, std::string> environment;  // the DELEGATE_* variables
  std::map<std::string, std::string> flags;        // dotted key -> text, from the command line
};

struct LoadedConfig {
  Config config;                        // usable only when there are no problems
  std::vector<ConfigProblem> problems;  // by layer and line; all, or 500 and a word that there are more
};

LoadedConfig load_config(const ConfigSources& sources);

/// One documented key, for `config check`, `config show` and suggestions.
struct KeyInfo {
  std::string name;                // "breaker.cooldown", "backends.NAME.model"
  std::string type;                // "duration", "integer", "text", "list of texts", "true or false", …
  bool restricted = false;         // not from an untrusted project's file
  std::string doc;                 // one line
  std::vector<std::string> kinds;  // of backends that have it; empty: all
};
std::vector<KeyInfo> known_keys();

/// Every value that is not a backend's failure list as text, by dotted key, for comparing and showing. Of a backend the
/// keys that its kind has.
std::map<std::string, std::string> flatten(const Config& config);

}  // namespace delegate
