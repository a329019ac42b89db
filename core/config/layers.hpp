#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/document.hpp"
#include "core/config/schema.hpp"

// A layer's text matched with the names that the schema knows; the values are still untouched.
namespace delegate::config {

/// Collects what is wrong, up to a bound: hostile text must not cost more than it can tell.
class Problems {
 public:
  void add(ConfigProblem problem);
  bool full() const { return list_.size() >= kMost; }
  /// In the order of layer and line.
  std::vector<ConfigProblem> sorted() &&;

 private:
  static constexpr std::size_t kMost = 500;
  std::vector<ConfigProblem> list_;
  bool cut_ = false;
};

/// `breaker.cooldown`, `backends.gemini.breaker.cooldown`; `backend` is empty for the sections.
std::string dotted(const std::string& section, const std::string& backend, const std::string& name);

/// One value for one known key.
struct Setting {
  std::string section;  // "router", "backends"
  std::string backend;  // its name when the section is "backends"
  std::string name;     // within the section or backend: "cooldown", "breaker.cooldown"
  Node value;
  Origin origin;  // of the value
  Origin key_origin;

  std::string key() const { return dotted(section, backend, name); }
};
/// Its key in `config`; a backend that is not there is made.
std::optional<Key> find_key(Config& config, const Setting& setting);

/// The value is what the built-in configuration has anyway.
bool restates_built_in(const Setting& setting);

/// What one layer says.
struct LayerSettings {
  std::vector<Setting> settings;
  std::map<std::string, Origin> backends;  // every one that is mentioned
  bool readable = true;                    // false: the file is no TOML, nothing is known about it
};

LayerSettings from_file(const ConfigFile& file, Layer layer, Problems& problems);
/// `backends` are the names known so far: these layers cannot bring new ones.
LayerSettings from_environment(const std::map<std::string, std::string>& variables,
                               const std::vector<std::string>& backends, Problems& problems,
                               std::vector<ConfigProblem>& warnings);
LayerSettings from_flags(const std::map<std::string, std::string>& flags, const std::vector<std::string>& backends,
                         Problems& problems);

/// What a project's file says and has to be trusted for.
std::vector<RestrictedSetting> restricted_in(const LayerSettings& layer,
                                             const std::vector<std::string>& known_backends);

/// Removes what a project's file that is not trusted may not say (a problem each) or says without effect.
void restrict_to_project(LayerSettings& layer, const std::vector<std::string>& known_backends, ProjectTrust trust,
                         Problems& problems);

}  // namespace delegate::config
