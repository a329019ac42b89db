#include "core/config/layers.hpp"

#include <algorithm>
#include <tuple>

#include "core/config/assign.hpp"
#include "core/config/checks.hpp"

namespace delegate::config {
namespace {

const std::string kElsewhere = "put it into ~/.config/delegate/delegate.toml";

/// The value is what the built-in configuration has anyway.
bool restates_built_in(const Setting& setting) {
  Config config = built_in_config();
  if (!setting.backend.empty() && config.backend(setting.backend) == nullptr) return false;
  const std::optional<Key> key = find_key(config, setting);
  const std::string before = to_text(key->slot);
  return assign(*key, setting.value).empty() && to_text(key->slot) == before;
}

}  // namespace

void Problems::add(ConfigProblem problem) {
  if (full()) cut_ = true;
  else list_.push_back(std::move(problem));
}

std::vector<ConfigProblem> Problems::sorted() && {
  const auto place = [](const ConfigProblem& p) { return std::tie(p.origin.layer, p.origin.line, p.origin.column); };
  std::stable_sort(list_.begin(), list_.end(),
                   [&](const ConfigProblem& a, const ConfigProblem& b) { return place(a) < place(b); });
  if (cut_) list_.push_back({list_.back().origin, "", "there are more problems than are listed here", ""});
  return std::move(list_);
}

std::string dotted(const std::string& section, const std::string& backend, const std::string& name) {
  return section + (backend.empty() ? "." : "." + backend + ".") + name;
}

std::optional<Key> find_key(Config& config, const Setting& setting) {
  const std::vector<Key> keys =
      setting.backend.empty() ? section_keys(config, setting.section) : backend_keys(config.backends[setting.backend]);
  for (const Key& key : keys)
    if (key.is(setting.name)) return key;
  return std::nullopt;
}

/// Such a model of the local server runs elsewhere: naming one sends the prompts off the machine.
bool names_a_cloud_model(const Setting& setting) {
  const auto* text = std::get_if<std::string>(&setting.value.value);
  return setting.name == "model" && text != nullptr && (text->ends_with("-cloud") || text->ends_with(":cloud"));
}

void restrict_to_project(LayerSettings& layer, const std::vector<std::string>& known_backends, Problems& problems) {
  const auto is_known = [&](const std::string& backend) {
    return backend.empty() || std::find(known_backends.begin(), known_backends.end(), backend) != known_backends.end();
  };
  for (const auto& [name, origin] : layer.backends) {
    if (is_known(name)) continue;
    const std::string hint = suggestion(name, known_backends);
    problems.add({origin, "backends." + name, "a project's delegate.toml may not bring a new backend",
                  hint.empty() ? kElsewhere : hint});
  }
  Config scratch;
  std::vector<Setting> allowed;
  for (Setting& setting : layer.settings) {
    if (!is_known(setting.backend)) continue;
    const bool restricted = find_key(scratch, setting)->rule->restricted || names_a_cloud_model(setting);
    if (!restricted) allowed.push_back(std::move(setting));
    else if (!restates_built_in(setting))
      problems.add({setting.key_origin, setting.key(), "may not be set by a project's delegate.toml", kElsewhere});
  }
  layer.settings = std::move(allowed);
  std::erase_if(layer.backends, [&](const auto& mention) { return !is_known(mention.first); });
}

}  // namespace delegate::config
