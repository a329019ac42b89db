#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/base/text.hpp"
#include "core/config/assign.hpp"
#include "core/config/checks.hpp"
#include "core/config/layers.hpp"

// The layer whose values are texts: the environment.
namespace delegate::config {
namespace {

struct Target {
  std::string section;
  std::string backend;
  std::string name;
  Slot slot;  // into a scratch configuration; only its type matters

  std::string key() const { return dotted(section, backend, name); }
};

/// All keys that a single text can set.
std::vector<Target> all_targets(Config& scratch, const std::vector<std::string>& backends) {
  std::vector<Target> targets;
  const auto add = [&](std::string_view section, const std::string& backend, const std::vector<Key>& keys) {
    for (const Key& key : keys)
      if (!std::holds_alternative<std::vector<FailureRule>*>(key.slot))
        targets.push_back({std::string(section), backend, key.name(), key.slot});
  };
  for (const std::string_view section : section_names()) add(section, "", section_keys(scratch, section));
  for (const std::string& backend : backends) add("backends", backend, backend_keys(scratch.backends[backend]));
  return targets;
}

constexpr std::string_view kPrefix = "DELEGATE_";
constexpr std::array<std::string_view, 3> kOurs = {"DELEGATE_CONFIG", "DELEGATE_DEPTH", "DELEGATE_RUN_ID"};

bool is_ours(std::string_view variable) { return std::find(kOurs.begin(), kOurs.end(), variable) != kOurs.end(); }

std::string variable_name(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) {
    const int upper = std::toupper(static_cast<unsigned char>(c));
    name += c == '.' || c == '-' ? '_' : static_cast<char>(upper);
  }
  return name;
}

bool names_a_section(std::string_view variable) {
  if (variable.starts_with("DELEGATE_BACKENDS_")) return true;
  return std::any_of(section_names().begin(), section_names().end(),
                     [&](std::string_view section) { return variable.starts_with(variable_name(section) + "_"); });
}

using Variables = std::map<std::string, std::vector<Target>>;  // the names of two backends may differ only in - and _

Variables known_variables(const std::vector<Target>& targets) {
  Variables known;
  for (const Target& target : targets) known[variable_name(target.key())].push_back(target);
  return known;
}

/// The variable that was probably meant: DELEGATE_BREAKER_THRESHOLD for DELEGATE_BREAKR_THRESHOLD and for
/// DELEGATE_THRESHOLD. The prefix does not count as similarity.
std::string meant_variable(std::string_view variable, const Variables& known) {
  const std::string_view typed = variable.substr(kPrefix.size());
  std::vector<std::string> rests;
  for (const std::string_view ours : kOurs) rests.emplace_back(ours.substr(kPrefix.size()));
  for (const auto& [name, targets] : known) {
    rests.push_back(name.substr(kPrefix.size()));
    if (targets.front().backend.empty() && !typed.empty() && name.ends_with("_" + std::string(typed))) return name;
  }
  const std::string_view near = nearest(typed, rests);
  return near.empty() ? std::string() : std::string(kPrefix).append(near);
}

/// A variable with the prefix of a section is a mistake; any other may belong to another program, so it is a warning
/// at most.
void stray_variable(const std::string& variable, const Origin& origin, const Variables& known, Problems& problems,
                    std::vector<ConfigProblem>& warnings) {
  if (names_a_section(variable)) {
    std::vector<std::string> names;
    for (const auto& [name, targets] : known) names.push_back(name);
    return problems.add({origin, "", "no such setting", suggestion(variable, names)});
  }
  const std::string meant = meant_variable(variable, known);
  if (!meant.empty()) warnings.push_back({origin, "", "ignored: no such setting", did_you_mean(meant)});
}

void add_setting(const Target& target, const std::string& text, const Origin& origin, LayerSettings& out) {
  Node value = node_from_text(target.slot, text);
  out.settings.push_back({target.section, target.backend, target.name, std::move(value), origin, origin});
}

}  // namespace

LayerSettings from_environment(const std::map<std::string, std::string>& variables,
                               const std::vector<std::string>& backends, Problems& problems,
                               std::vector<ConfigProblem>& warnings) {
  LayerSettings out;
  Config scratch;
  std::optional<Variables> known;  // created for the first variable; usually there is none
  for (const auto& [variable, text] : variables) {
    if (!variable.starts_with(kPrefix) || is_ours(variable)) continue;
    if (!known) known = known_variables(all_targets(scratch, backends));
    const Origin origin{Layer::environment, one_line(variable, 200)};
    const auto found = known->find(variable);
    if (found == known->end()) stray_variable(variable, origin, *known, problems, warnings);
    else if (found->second.size() > 1)
      problems.add({origin, "", "names both " + found->second[0].key() + " and " + found->second[1].key(),
                    "set it in ~/.config/delegate/delegate.toml"});
    else add_setting(found->second.front(), text, origin, out);
  }
  return out;
}

}  // namespace delegate::config
