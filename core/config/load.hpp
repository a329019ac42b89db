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

/// A part of the configuration that cannot be used.
struct ConfigProblem {
  Origin origin;
  std::string key;           // dotted; empty if the file itself is the problem
  std::string what;          // "must be at least 1, is 0"
  std::string hint;          // "did you mean `cooldown`?" or what to do
  bool needs_trust = false;  // valid, but set by a project's file that is not trusted
  std::string meant = {};    // if it needs trust and is a new backend: the known one with a similar name
};
/// `path:3:14: breaker.cooldwon: unknown key`.
std::string to_string(const ConfigProblem& problem);

/// The texts of the layers. The caller reads them, so that loading is pure.
struct ConfigFile {
  std::string path;  // as shown in errors and origins
  std::string text;

  bool operator==(const ConfigFile&) const = default;
};
/// Whether the user trusts a project's file with exactly this content; the caller decides.
enum class ProjectTrust { none, changed, trusted };  // changed: an earlier content is trusted
struct ConfigSources {
  std::optional<ConfigFile> user_file;     // also a file named with --config
  std::optional<ConfigFile> project_file;  // may set what runs, connects or stores only if trusted
  ProjectTrust project_trust = ProjectTrust::none;
  std::map<std::string, std::string> environment;  // the DELEGATE_* variables

  bool operator==(const ConfigSources&) const = default;
};

/// What a project's file that is not trusted may do with a key. It can never make the state of this host worse.
enum class UntrustedUse {
  undecided,  // no key has this
  refused,    // what runs, connects or stores: the file cannot be used
  ignored,    // what all runs of this host share, or how a failure is understood: left out, with a warning
  this_run,   // how calls are made: it applies, but what a call under a changed value says counts for that run only
  shorten,    // the same for a shorter time; a longer one is ignored, because slots and probes are held for it
  reorder,    // backends: ignored if it names one that your own order does not
  turn_off,   // may be switched off, but not on where you have switched it off
  harmless,   // applies
};

/// A setting of a project's file that needs trust to apply in full.
struct RestrictedSetting {
  std::string key;
  std::string value;  // as TOML; empty: a new backend without settings
  Origin origin;      // of the key
};

struct LoadedConfig {
  Config config;                              // usable only if there are no problems
  std::vector<ConfigProblem> problems;        // by layer and line; at most 500, then a note that there are more
  std::vector<ConfigProblem> warnings;        // probable typos; they change nothing
  std::vector<ConfigProblem> without_effect;  // accepted, but of no use in this build
  std::vector<RestrictedSetting> restricted;  // of the project's file, trusted or not
  // Of these, if the file is not trusted and its value differs from the one without it:
  std::vector<RestrictedSetting> ignored;   // left out
  std::vector<RestrictedSetting> this_run;  // applied, and able to cause failures: see BackendSettings::changed_by
};

LoadedConfig load_config(const ConfigSources& sources);

/// The hint for a project's file that is not trusted.
std::string trust_hint(const std::string& project_file);

/// One documented key, for the man page, completions and suggestions.
struct KeyInfo {
  std::string name;  // "breaker.cooldown", "backends.NAME.model"
  std::string type;  // "duration", "integer", "string", "list of strings", "true or false", …
  UntrustedUse untrusted = UntrustedUse::undecided;
  std::string doc;                 // one line
  std::vector<std::string> kinds;  // of backends that have it; empty: all
};
std::vector<KeyInfo> known_keys();

/// Every value as text by dotted key, for comparing and showing, except lists of tables. A backend has the keys of its
/// kind.
std::map<std::string, std::string> flatten(const Config& config);

/// A value as in a file; durations are texts.
using PlainValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>, std::vector<FailureRule>,
                                std::vector<Login>, BackendOrder, std::vector<WindowShare>, std::vector<BudgetAmount>,
                                std::optional<double>>;
std::string to_toml(const PlainValue& value);

struct ConfigValue {
  std::string key;  // dotted
  Origin origin;
  PlainValue value;
};
/// Every value, the sections first; a backend has the keys of its kind.
std::vector<ConfigValue> values_of(const Config& config);

}  // namespace delegate
