#include "core/config/load.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/config/assign.hpp"
#include "core/config/checks.hpp"
#include "core/config/layers.hpp"
#include "core/config/untrusted.hpp"

namespace delegate {

std::string to_string(const ConfigProblem& problem) {
  const std::string where = to_string(problem.origin) + ": ";
  return problem.key.empty() ? where + problem.what : where + problem.key + ": " + problem.what;
}

namespace config {
namespace {

std::string with_name(std::string hint, const std::string& backend) {
  const std::size_t at = hint.find("NAME");
  if (at != std::string::npos && !backend.empty()) hint.replace(at, 4, backend);
  return hint;
}

/// Of each call, on its own.
/// What a local server answers is free.
bool has_known_cost(const BackendSettings& backend) {
  return backend.kind == "claude" || backend.kind == "ollama" || (backend.price_input && backend.price_output);
}

class Loader {
 public:
  LoadedConfig load(const ConfigSources& sources) {
    read_layers(sources);
    make_backends();
    // Sections first: a backend's breaker starts as the final [breaker].
    for (const Setting& setting : settings_)
      if (setting.backend.empty()) apply(setting);
    for (auto& [name, backend] : config_.backends) backend.breaker = config_.breaker;
    for (const Setting& setting : settings_)
      if (!setting.backend.empty()) apply(setting);
    heed_refusals();
    if (backends_known_) check_together();
    std::vector<ConfigProblem> without_effect;
    for (auto& [key, setting] : without_effect_) without_effect.push_back(std::move(setting));
    return {.config = std::move(config_),
            .problems = std::move(problems_).sorted(),
            .warnings = std::move(warnings_),
            .without_effect = std::move(without_effect),
            .restricted = std::move(restricted_),
            .ignored = {},
            .this_run = {}};
  }

 private:
  void read_layers(const ConfigSources& sources) {
    if (sources.user_file) {
      LayerSettings user = from_file(*sources.user_file, Layer::user_file, problems_);
      backends_known_ = user.readable;
      take(std::move(user));
    }
    if (sources.project_file) {
      LayerSettings project = from_file(*sources.project_file, Layer::project_file, problems_);
      if (!backends_known_)
        for (const auto& [name, origin] : project.backends) mentioned_.emplace(name, origin);
      restricted_ = restricted_in(project, backend_names());
      if (sources.project_trust != ProjectTrust::trusted)
        restrict_to_project(project, backend_names(), sources.project_trust, problems_);
      take(std::move(project));
    }
    take(from_environment(sources.environment, backend_names(), problems_, warnings_));
  }

  void take(LayerSettings layer) {
    mentioned_.merge(layer.backends);
    for (Setting& setting : layer.settings) settings_.push_back(std::move(setting));
  }

  std::vector<std::string> backend_names() const {
    std::set<std::string> names;
    for (const auto& [name, backend] : config_.backends) names.insert(name);
    for (const auto& [name, origin] : mentioned_) names.insert(name);
    return {names.begin(), names.end()};
  }

  /// A backend starts with the defaults of its kind; the strongest layer that sets the kind wins.
  void make_backends() {
    std::map<std::string, std::string> kinds;
    for (const Setting& setting : settings_) {
      if (setting.backend.empty() || setting.name != "kind") continue;
      const auto* kind = std::get_if<std::string>(&setting.value.value);
      const bool usable = kind != nullptr && check_choice(*kind, backend_kinds()).empty();
      kinds[setting.backend] = usable ? *kind : std::string();
    }
    for (const auto& [name, origin] : mentioned_)
      if (!kinds.contains(name) && config_.backend(name) == nullptr) {
        kinds[name] = "";
        if (backends_known_) kind_is_missing(name, origin);
      }
    for (const auto& [name, kind] : kinds) {
      config_.backends[name] = kind_defaults(kind);
      config_.backends[name].name = name;
    }
  }

  void kind_is_missing(const std::string& name, const Origin& origin) {
    const std::vector<std::string> kinds(backend_kinds().begin(), backend_kinds().end());
    problems_.add({origin, "backends." + name + ".kind", "must be set for a backend that is not built in",
                   did_you_mean(nearest(name, built_in_names()), "one of " + join(kinds, ", "))});
  }

  std::vector<std::string> built_in_names() const {
    std::vector<std::string> names;
    for (const auto& [name, backend] : config_.backends) names.push_back(name);
    return names;
  }

  void apply(const Setting& setting) {
    const std::string dotted = setting.key();
    const std::optional<Key> key = find_key(config_, setting);
    const std::string kind = setting.backend.empty() ? "" : config_.backends[setting.backend].kind;
    if (!kind.empty() && !key->applies_to(kind)) {
      // A project's file may repeat built-in values even if this backend is of another kind here.
      if (setting.origin.layer == Layer::project_file && restates_built_in(setting)) return;
      const std::string kinds = join_kinds(key->rule->kinds);
      problems_.add(
          {setting.key_origin, dotted, "is only for backends of kind " + kinds + ", this one is of kind " + kind, ""});
      return;
    }
    const Complaints complaints = assign(*key, setting.value);
    for (const Complaint& complaint : complaints) {
      Origin origin = setting.origin;
      if (complaint.at.line != 0) origin.line = complaint.at.line, origin.column = complaint.at.column;
      problems_.add({origin, dotted + complaint.below, complaint.what, with_name(complaint.hint, setting.backend)});
      failed_.insert(dotted);
    }
    if (!complaints.empty()) return;
    config_.origins[dotted] = setting.origin;
    note_without_effect(*key->rule, setting);
  }

  /// A stronger layer replaces the warning of a weaker one.
  void note_without_effect(const Rule& rule, const Setting& setting) {
    const std::string key = setting.key();
    without_effect_.erase(key);
    if (!rule.without_effect.empty())
      without_effect_[key] = {setting.origin, key, "has no effect: " + std::string(rule.without_effect), "remove it"};
  }

  static std::string join_kinds(std::string_view kinds) {
    std::vector<std::string> list;
    for (const std::string_view kind : split(kinds, ' ')) list.emplace_back(kind);
    return join(list, ", ");
  }

  /// A file that keeps no prompts, or no answers, does not want a part of them either, or for a while.
  void heed_refusals() {
    HistorySettings& history = config_.history;
    const auto is_set = [&](const std::string& key) { return config_.origins.contains(key); };
    if (is_set("history.keep_prompts") && !history.keep_prompts && !is_set("history.summary")) history.summary = 0;
    if (is_set("history.keep_answers") && !history.keep_answers && !is_set("history.last_answers"))
      history.last_answers = milliseconds(0);
  }

  /// Checks that need the whole configuration.
  void check_together() {
    for (const auto& [name, backend] : config_.backends) {
      check_needs(backend);
      check_url(backend);
    }
    check_order("router.order", config_.router.order.names);
    check_order("router.order_light", config_.router.order_light.names);
    check_local();
    check_order("notify.mute_backends", config_.notify.mute_backends);
    check_damping();
    check_budgets();
  }

  /// A limit in money needs to know what each call costs that it is for.
  void check_budgets() {
    std::vector<std::string> unpriced;
    for (const auto& [name, backend] : config_.backends) {
      if (has_known_cost(backend)) continue;
      check_costs("backends." + name + ".budget", backend.budget, {name});
      if (backend.enabled && name != config_.router.local) unpriced.push_back(name);
    }
    if (!unpriced.empty()) check_costs("budget", config_.budget, unpriced);
    check_memory();
  }

  /// A budget that every process starts from zero limits nothing.
  void check_memory() {
    const bool has_budget =
        !config_.budget.empty() || std::any_of(config_.backends.begin(), config_.backends.end(),
                                               [](const auto& one) { return !one.second.budget.empty(); });
    if (config_.state.store == "memory" && has_budget)
      problems_.add({config_.origin("state.store"), "state.store", "budgets need a state that outlives the process",
                     "\"sqlite\", or remove the budgets"});
  }

  void check_costs(const std::string& section, const BudgetSettings& budget, const std::vector<std::string>& unpriced) {
    for (const BudgetPeriod period : kBudgetPeriods) {
      const auto& limits = budget.of(period);
      if (std::none_of(limits.begin(), limits.end(), [](const auto& one) { return one.unit == BudgetUnit::usd; }))
        continue;
      const std::string key = section + "." + std::string(to_string(period));
      problems_.add({config_.origin(key), key,
                     "a limit in dollars needs the cost of each call, which is not known for " + join(unpriced, ", "),
                     "set price.input and price.output there, or limit tokens or calls"});
    }
  }

  /// With one, a backend would be called unstable after its first outage.
  void check_damping() {
    if (config_.notify.damping_trips == 1)
      problems_.add({config_.origin("notify.damping.trips"), "notify.damping.trips", "must be 0 or at least 2, is 1",
                     "0 announces every outage"});
  }

  void check_needs(const BackendSettings& backend) {
    const auto need = [&](const std::string& key, bool missing) {
      const std::string dotted = "backends." + backend.name + "." + key;
      if (missing && !failed_.contains(dotted))
        problems_.add({config_.origin("backends." + backend.name + ".kind"), dotted,
                       "must be set for a backend of kind " + backend.kind, ""});
    };
    need("command", backend.kind == "command" && backend.command.empty());
    need("url", backend.kind == "openai" && backend.url.empty());
  }

  void check_url(const BackendSettings& backend) {
    if (backend.url.empty()) return;
    const std::string key = "backends." + backend.name + ".url";
    for (const Complaint& complaint :
         backend.kind == "openai" ? check_http_url(backend.url) : check_ollama_host(backend.url))
      problems_.add({config_.origin(key), key, complaint.what, complaint.hint});
  }

  void check_order(const std::string& key, const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (config_.backend(name) == nullptr) unknown_backend(key, name);
  }

  void unknown_backend(const std::string& key, const std::string& name) {
    problems_.add({config_.origin(key), key, in_quotes(name) + " is not a backend",
                   did_you_mean(nearest(name, backend_names()), "one of " + join(backend_names(), ", "))});
  }

  void check_local() {
    const std::string key = "router.local";
    const std::string& name = config_.router.local;
    if (name.empty()) return;
    const BackendSettings* backend = config_.backend(name);
    if (backend == nullptr) return unknown_backend(key, name);
    if (backend->kind.empty() || backend->kind == "ollama" || backend->kind == "openai") return;
    Origin origin = config_.origin(key);
    if (origin.layer == Layer::built_in) origin = config_.origin("backends." + name + ".kind");
    const std::string what = "must be a local model (kind ollama or openai), " + name + " is of kind " + backend->kind;
    problems_.add({origin, key, what, "use \"\" for none"});
  }

  Config config_ = built_in_config();
  Problems problems_;
  std::vector<ConfigProblem> warnings_;
  std::vector<RestrictedSetting> restricted_;
  std::vector<Setting> settings_;                        // weakest layer first
  std::map<std::string, Origin> mentioned_;              // backends that a file has a table for
  std::set<std::string> failed_;                         // keys whose value could not be used
  std::map<std::string, ConfigProblem> without_effect_;  // by key
  bool backends_known_ = true;                           // false: the user's file is not TOML and may contain any name
};

}  // namespace
}  // namespace config

LoadedConfig load_config(const ConfigSources& sources) {
  LoadedConfig loaded = config::Loader().load(sources);
  if (!sources.project_file) return loaded;
  ConfigSources own = sources;
  own.project_file.reset();
  Config without = config::Loader().load(own).config;
  config::restrict_orders(loaded, without);
  if (sources.project_trust != ProjectTrust::trusted)
    config::hold_back(loaded, std::move(without), sources.project_file->path);
  return loaded;
}

}  // namespace delegate
