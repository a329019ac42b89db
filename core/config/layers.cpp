#include "core/config/layers.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/text.hpp"
#include "core/config/assign.hpp"
#include "core/config/toml_text.hpp"

namespace delegate::config {

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

}  // namespace delegate::config
