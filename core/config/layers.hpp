#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/document.hpp"
#include "core/config/schema.hpp"

// The text of a layer matched with the keys of the schema; the values are not checked yet.
namespace delegate::config {

/// Collects problems up to a limit, so that hostile text stays cheap.
class Problems {
 public:
  void add(ConfigProblem problem);
  bool full() const { return list_.size() >= kMost; }
  /// Sorted by layer and line.
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
/// Its key in `config`; a missing backend is created.
std::optional<Key> find_key(Config& config, const Setting& setting);

/// The value is the same as in the built-in configuration.
bool restates_built_in(const Setting& setting);

/// The settings of one layer.
struct LayerSettings {
  std::vector<Setting> settings;
  std::map<std::string, Origin> backends;  // every one that is mentioned
  bool readable = true;                    // false: the file is not TOML, so its content is not known
};

LayerSettings from_file(const ConfigFile& file, Layer layer, Problems& problems);
/// `backends` are the names known so far: this layer cannot bring new ones.
LayerSettings from_environment(const std::map<std::string, std::string>& variables,
                               const std::vector<std::string>& backends, Problems& problems,
                               std::vector<ConfigProblem>& warnings);

}  // namespace delegate::config
