#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/config/config.hpp"

namespace delegate {

/// Something in the configuration that cannot be used.
struct ConfigProblem {
  Origin origin;
  std::string key;           // dotted; empty when the file itself is the problem
  std::string what;          // "must be at least 1, is 0"
  std::string hint;          // "did you mean `cooldown`?" or what to do
  bool needs_trust = false;  // nothing is wrong with it but that a project's file says it which is not trusted
};
/// `path:3:14: breaker.cooldwon: unknown key`.
std::string to_string(const ConfigProblem& problem);

/// Texts of the layers, read by the caller: loading is pure.
struct ConfigFile {
  std::string path;  // as shown in errors and origins
  std::string text;
};
/// Whether the person has agreed to a project's file exactly as it is. The caller knows; loading believes it.
enum class ProjectTrust { none, changed, trusted };  // changed: agreed to an earlier text
struct ConfigSources {
  std::optional<ConfigFile> user_file;     // also a file named with --config
  std::optional<ConfigFile> project_file;  // only when trusted may it set what runs, connects or stores
  ProjectTrust project_trust = ProjectTrust::none;
  std::map<std::string, std::string> environment;  // the DELEGATE_* variables
  std::map<std::string, std::string> flags;        // dotted key -> text, from the command line
};

/// What a project's file says and has to be trusted for.
struct RestrictedSetting {
  std::string key;
  std::string value;  // as TOML; empty: a new backend of which it says nothing
  Origin origin;      // of the key
};

struct LoadedConfig {
  Config config;                              // usable only when there are no problems
  std::vector<ConfigProblem> problems;        // by layer and line; all, or 500 and a word that there are more
  std::vector<ConfigProblem> warnings;        // what is probably a slip, and changes nothing
  std::vector<RestrictedSetting> restricted;  // of the project's file, trusted or not
};

LoadedConfig load_config(const ConfigSources& sources);

/// What to do about a project's file that is not trusted.
std::string trust_hint(const std::string& project_file);

/// One documented key, for `config check`, `config show` and suggestions.
struct KeyInfo {
  std::string name;                // "breaker.cooldown", "backends.NAME.model"
  std::string type;                // "duration", "integer", "text", "list of texts", "true or false", …
  bool restricted = false;         // not from an untrusted project's file
  std::string doc;                 // one line
  std::vector<std::string> kinds;  // of backends that have it; empty: all
};
std::vector<KeyInfo> known_keys();

/// Every value that is not a backend's list of tables as text, by dotted key, for comparing and showing. Of a backend
/// the keys that its kind has.
std::map<std::string, std::string> flatten(const Config& config);

/// A value as a file would have it; durations are texts.
using PlainValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>, std::vector<FailureRule>,
                                std::vector<Login>>;
std::string to_toml(const PlainValue& value);

struct ConfigValue {
  std::string key;  // dotted
  Origin origin;
  PlainValue value;
};
/// Every value, the sections first; of a backend the keys that its kind has.
std::vector<ConfigValue> values_of(const Config& config);

}  // namespace delegate
