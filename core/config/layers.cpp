#include "core/config/layers.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/text.hpp"
#include "core/config/assign.hpp"
#include "core/config/toml_text.hpp"

namespace delegate::config {
namespace {

bool is_one_of(const std::string& backend, const std::vector<std::string>& known) {
  return backend.empty() || std::find(known.begin(), known.end(), backend) != known.end();
}

/// The local server runs such a model elsewhere, so prompts leave the machine.
bool names_a_cloud_model(const Setting& setting) {
  const auto* text = std::get_if<std::string>(&setting.value.value);
  const bool is_model = setting.name == "model" || setting.name.starts_with("tier.");
  return is_model && text != nullptr && (text->ends_with("-cloud") || text->ends_with(":cloud"));
}

/// A setting for what runs, connects or stores, or that sends prompts elsewhere.
bool is_restricted(const Setting& setting) {
  Config scratch;
  return find_key(scratch, setting)->rule->restricted || names_a_cloud_model(setting);
}

}  // namespace

bool restates_built_in(const Setting& setting) {
  Config config = built_in_config();
  if (!setting.backend.empty() && config.backend(setting.backend) == nullptr) return false;
  const std::optional<Key> key = find_key(config, setting);
  const std::string before = to_text(key->slot);
  return assign(*key, setting.value).empty() && to_text(key->slot) == before;
}

void Problems::add(ConfigProblem problem) {
  if (full()) cut_ = true;
  else list_.push_back(std::move(problem));
}

std::vector<ConfigProblem> Problems::sorted() && {
  const auto place = [](const ConfigProblem& p) { return std::tie(p.origin.layer, p.origin.line, p.origin.column); };
  std::stable_sort(list_.begin(), list_.end(),
                   [&](const ConfigProblem& a, const ConfigProblem& b) { return place(a) < place(b); });
  if (cut_) list_.push_back({list_.back().origin, "", "more problems are not listed", ""});
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

std::vector<RestrictedSetting> restricted_in(const LayerSettings& layer,
                                             const std::vector<std::string>& known_backends) {
  std::vector<RestrictedSetting> restricted;
  std::set<std::string> described;
  for (const Setting& setting : layer.settings) {
    const bool is_new = !is_one_of(setting.backend, known_backends);
    if (!is_new && (!is_restricted(setting) || restates_built_in(setting))) continue;
    restricted.push_back({setting.key(), toml_text(setting.value), setting.key_origin});
    described.insert(setting.backend);
  }
  for (const auto& [name, origin] : layer.backends)
    if (!is_one_of(name, known_backends) && !described.contains(name))
      restricted.push_back({"backends." + name, "", origin});
  return restricted;
}

void restrict_to_project(LayerSettings& layer, const std::vector<std::string>& known_backends, ProjectTrust trust,
                         Problems& problems, std::vector<ConfigProblem>& warnings) {
  const std::string file = std::string("a project's delegate.toml that ") +
                           (trust == ProjectTrust::changed ? "has changed since it was trusted" : "is not trusted");
  const auto refuse = [&](const Origin& origin, const std::string& key, const std::string& what,
                          std::string_view meant) {
    problems.add(
        {origin, key, what + " " + file, did_you_mean(meant, trust_hint(origin.source)), true, std::string(meant)});
  };
  for (const auto& [name, origin] : layer.backends)
    if (!is_one_of(name, known_backends))
      refuse(origin, "backends." + name, "a new backend may not come from", nearest(name, known_backends));
  std::vector<Setting> allowed;
  for (Setting& setting : layer.settings) {
    if (!is_one_of(setting.backend, known_backends)) continue;
    Config scratch;
    if (!is_restricted(setting)) allowed.push_back(std::move(setting));
    else if (restates_built_in(setting)) continue;
    else if (find_key(scratch, setting)->rule->is_optional)
      warnings.push_back(
          {setting.key_origin, setting.key(), "ignored: it comes from " + file, trust_hint(setting.key_origin.source)});
    else refuse(setting.key_origin, setting.key(), "may not be set by", "");
  }
  layer.settings = std::move(allowed);
  std::erase_if(layer.backends, [&](const auto& mention) { return !is_one_of(mention.first, known_backends); });
}

}  // namespace delegate::config

namespace delegate {

std::string trust_hint(const std::string& project_file) {
  const std::size_t slash = project_file.rfind('/');
  std::string directory = slash == std::string::npos ? "." : project_file.substr(0, slash);
  if (directory.empty()) directory = "/";
  return "read it, then `delegate trust " + shell_word(directory) +
         "`; or put it into ~/.config/delegate/delegate.toml";
}

}  // namespace delegate
