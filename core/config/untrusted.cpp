#include "core/config/untrusted.hpp"

#include <algorithm>
#include <set>
#include <type_traits>

#include "core/base/text.hpp"
#include "core/config/checks.hpp"
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

UntrustedUse use_of(const Setting& setting) {
  Config scratch;
  return names_a_cloud_model(setting) ? UntrustedUse::refused : find_key(scratch, setting)->rule->untrusted;
}

/// Trust makes no difference to the others.
bool needs_trust(UntrustedUse use) {
  return use == UntrustedUse::refused || use == UntrustedUse::ignored || use == UntrustedUse::this_run ||
         use == UntrustedUse::shorten;
}

bool is_equal(const Slot& one, const Slot& other) {
  return std::visit([&](auto* value) { return *value == **std::get_if<decltype(value)>(&other); }, one);
}

void copy(const Slot& from, const Slot& to) {
  std::visit([&](auto* value) { *value = **std::get_if<decltype(value)>(&from); }, to);
}

/// 0 is no limit at all.
bool is_shorter(milliseconds one, milliseconds other) {
  return one != milliseconds(0) && (other == milliseconds(0) || one < other);
}

/// How far a call with this value is not to be believed. Of clocks only a shorter one can make it fail.
Distrust distrust_of(const Slot& set, const Slot& own) {
  milliseconds* const* time = std::get_if<milliseconds*>(&set);
  if (time == nullptr) return Distrust::everything;
  return is_shorter(**time, **std::get_if<milliseconds*>(&own)) ? Distrust::clocks : Distrust::nothing;
}

bool is_on(const Slot& slot) {
  bool* const* value = std::get_if<bool*>(&slot);
  return value != nullptr && **value;
}

bool by_line(const RestrictedSetting& a, const RestrictedSetting& b) { return a.origin.line < b.origin.line; }

/// Compares one configuration key by key with the one that it would be without the project's file.
class Comparison {
 public:
  Comparison(LoadedConfig& loaded, Config& without, const std::string& path)
      : loaded_(loaded), config_(loaded.config), without_(without), path_(path) {}

  void compare() {
    UntrustedChanges all{.distrust = Distrust::nothing, .file = path_, .keys = {}};  // for each backend
    for (const std::string_view section : section_names())
      compare(std::string(section) + ".", section_keys(config_, section), section_keys(without_, section), all);
    for (auto& [name, backend] : config_.backends) {
      const auto own = without_.backends.find(name);
      if (own == without_.backends.end()) continue;
      UntrustedChanges changed = all;
      compare("backends." + name + ".", backend_keys(backend), backend_keys(own->second), changed);
      if (changed.distrust != Distrust::nothing) backend.changed_by = std::move(changed);
    }
  }

 private:
  void compare(const std::string& scope, const std::vector<Key>& set, const std::vector<Key>& own,
               UntrustedChanges& changed) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      const std::string key = scope + set[i].name();
      const UntrustedUse use = set[i].rule->untrusted;
      if (is_equal(set[i].slot, own[i].slot)) continue;
      const bool for_calls = use == UntrustedUse::this_run || use == UntrustedUse::shorten;
      const Distrust distrust = for_calls ? distrust_of(set[i].slot, own[i].slot) : Distrust::nothing;
      if (distrust != Distrust::nothing) {
        list(key, loaded_.this_run);
        changed.keys.push_back(key);
        changed.distrust = std::max(changed.distrust, distrust);
      }
      const bool is_off = use == UntrustedUse::turn_off && is_on(set[i].slot);  // you have switched it off
      const bool is_longer = use == UntrustedUse::shorten && distrust == Distrust::nothing;
      const bool is_ignored =
          use == UntrustedUse::ignored || is_longer || (use == UntrustedUse::reorder && is_restricted(key));
      if (is_ignored) list(key, loaded_.ignored);
      if (is_ignored || is_off) reset(key, own[i].slot, set[i].slot);
    }
  }

  bool is_restricted(const std::string& key) const {
    return std::any_of(loaded_.restricted.begin(), loaded_.restricted.end(),
                       [&](const RestrictedSetting& setting) { return setting.key == key; });
  }

  void list(const std::string& key, std::vector<RestrictedSetting>& to) const {
    for (const RestrictedSetting& setting : loaded_.restricted)
      if (setting.key == key) to.push_back(setting);
  }

  void reset(const std::string& key, const Slot& from, const Slot& to) {
    copy(from, to);
    config_.origins.erase(key);
    if (const auto own = without_.origins.find(key); own != without_.origins.end()) config_.origins.insert(*own);
  }

  LoadedConfig& loaded_;
  Config& config_;
  Config& without_;
  const std::string& path_;
};

}  // namespace

std::vector<RestrictedSetting> restricted_in(const LayerSettings& layer,
                                             const std::vector<std::string>& known_backends) {
  std::vector<RestrictedSetting> restricted;
  std::set<std::string> described;
  for (const Setting& setting : layer.settings) {
    const bool is_new = !is_one_of(setting.backend, known_backends);
    const UntrustedUse use = is_new ? UntrustedUse::refused : use_of(setting);
    if (!needs_trust(use) || (!is_new && restates_built_in(setting))) continue;
    restricted.push_back({setting.key(), toml_text(setting.value), setting.key_origin});
    described.insert(setting.backend);
  }
  for (const auto& [name, origin] : layer.backends)
    if (!is_one_of(name, known_backends) && !described.contains(name))
      restricted.push_back({"backends." + name, "", origin});
  return restricted;
}

void restrict_to_project(LayerSettings& layer, const std::vector<std::string>& known_backends, ProjectTrust trust,
                         Problems& problems) {
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
    const UntrustedUse use = use_of(setting);
    if (needs_trust(use) && restates_built_in(setting)) continue;
    if (use != UntrustedUse::refused) allowed.push_back(std::move(setting));
    else refuse(setting.key_origin, setting.key(), "may not be set by", "");
  }
  layer.settings = std::move(allowed);
  std::erase_if(layer.backends, [&](const auto& mention) { return !is_one_of(mention.first, known_backends); });
}

void restrict_orders(LoadedConfig& loaded, const Config& without) {
  const RouterSettings& own = without.router;
  std::set<std::string> known{"", own.local};
  known.insert(own.order.names.begin(), own.order.names.end());
  known.insert(own.order_light.names.begin(), own.order_light.names.end());
  for (const Key& key : section_keys(loaded.config, "router")) {
    const std::string name = "router." + key.name();
    if (key.rule->untrusted != UntrustedUse::reorder) continue;
    const Origin origin = loaded.config.origin(name);
    if (origin.layer != Layer::project_file) continue;
    std::vector<std::string> named;
    PlainValue value;
    if (const auto* order = std::get_if<BackendOrder*>(&key.slot)) value = **order, named = (*order)->names;
    if (const auto* text = std::get_if<std::string*>(&key.slot)) named.push_back(**text), value = **text;
    // [budget] does not limit the local model.
    const bool frees_of_budget = name == "router.local" && !without.budget.empty();
    const auto is_known = [&](const std::string& backend) {
      return frees_of_budget ? backend.empty() || backend == own.local : known.contains(backend);
    };
    if (!std::all_of(named.begin(), named.end(), is_known)) loaded.restricted.push_back({name, to_toml(value), origin});
  }
  std::stable_sort(loaded.restricted.begin(), loaded.restricted.end(), by_line);
}

void hold_back(LoadedConfig& loaded, Config without, const std::string& path) {
  Comparison(loaded, without, one_line(path, 1000)).compare();
  for (auto* list : {&loaded.ignored, &loaded.this_run}) std::stable_sort(list->begin(), list->end(), by_line);
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
