// The configuration as text, for `config show`, comparisons and lists of keys.
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/assign.hpp"
#include "core/config/load.hpp"
#include "core/config/quota_values.hpp"
#include "core/config/schema.hpp"
#include "core/config/toml_text.hpp"

namespace delegate {
namespace config {
namespace {

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct ToText {
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const int* value) const { return std::to_string(*value); }
  std::string operator()(const milliseconds* value) const { return format_duration(*value); }
  std::string operator()(const std::string* value) const { return *value; }
  std::string operator()(const std::vector<std::string>* values) const {
    std::vector<std::string> parts;
    for (const std::string& value : *values) parts.push_back(in_quotes(value));
    return "[" + join(parts, ", ") + "]";
  }
  std::string operator()(const std::vector<FailureRule>* rules) const {
    std::vector<std::string> parts;
    for (const FailureRule& rule : *rules) parts.push_back(in_quotes(rule.match) + " = " + in_quotes(rule.outcome));
    return "[" + join(parts, ", ") + "]";
  }
  std::string operator()(const std::vector<Login>* logins) const {
    std::vector<std::string> parts;
    for (const Login& login : *logins) {
      std::string part = in_quotes(login.name) + ":";
      for (const auto& [name, value] : login.env) part += " " + name + "=" + in_quotes(value);
      parts.push_back(std::move(part));
    }
    return "[" + join(parts, ", ") + "]";
  }
  template <class Value>
  std::string operator()(const Value* value) const {
    return toml_text(node_of(*value));
  }
};

struct ToPlain {
  PlainValue operator()(const bool* value) const { return *value; }
  PlainValue operator()(const int* value) const { return std::int64_t{*value}; }
  PlainValue operator()(const milliseconds* value) const { return format_duration(*value); }
  template <class Same>
  PlainValue operator()(const Same* value) const {
    return *value;
  }
};

Node to_node(const std::string& text) { return {text, {}}; }
Node to_node(const FailureRule& rule) {
  return {Node::Table{{"match", {}, to_node(rule.match)}, {"outcome", {}, to_node(rule.outcome)}}, {}};
}

Node to_node(const Login& login) {
  Node::Table env;
  for (const auto& [name, value] : login.env) env.push_back({name, {}, to_node(value)});
  return {Node::Table{{"name", {}, to_node(login.name)}, {"env", {}, {std::move(env), {}}}}, {}};
}

struct ToNode {
  Node operator()(bool value) const { return {value, {}}; }
  Node operator()(std::int64_t value) const { return {value, {}}; }
  Node operator()(const std::string& value) const { return to_node(value); }
  template <class Element>
  Node operator()(const std::vector<Element>& values) const {
    Node::List list;
    for (const Element& value : values) list.push_back(to_node(value));
    return {std::move(list), {}};
  }
  Node operator()(const BackendOrder& value) const { return node_of(value); }
  Node operator()(const std::vector<WindowShare>& value) const { return node_of(value); }
  Node operator()(const std::vector<BudgetAmount>& value) const { return node_of(value); }
  Node operator()(const std::optional<double>& value) const { return node_of(value); }
};

KeyInfo key_info(const std::string& scope, const Key& key) {
  const Rule& rule = *key.rule;
  KeyInfo info{scope + key.name(), std::string(type_name(key.slot)), rule.untrusted, std::string(rule.doc), {}};
  if (!rule.kinds.empty())
    for (const std::string_view kind : split(rule.kinds, ' ')) info.kinds.emplace_back(kind);
  return info;
}

}  // namespace

std::string to_text(const Slot& slot) { return std::visit(ToText{}, slot); }

}  // namespace config

std::string to_toml(const PlainValue& value) { return config::toml_text(std::visit(config::ToNode{}, value)); }

std::vector<ConfigValue> values_of(const Config& config) {
  Config copy = config;
  std::vector<ConfigValue> values;
  const auto add = [&](const std::string& scope, const config::Key& key) {
    const std::string name = scope + key.name();
    values.push_back({name, config.origin(name), std::visit(config::ToPlain{}, key.slot)});
  };
  for (const std::string_view section : config::section_names())
    for (const config::Key& key : config::section_keys(copy, section)) add(std::string(section) + ".", key);
  for (auto& [name, backend] : copy.backends)
    for (const config::Key& key : config::backend_keys(backend))
      if (key.applies_to(backend.kind)) add("backends." + name + ".", key);
  return values;
}

std::vector<KeyInfo> known_keys() {
  Config scratch;
  BackendSettings backend;
  std::vector<KeyInfo> keys;
  for (const std::string_view section : config::section_names())
    for (const config::Key& key : config::section_keys(scratch, section))
      keys.push_back(config::key_info(std::string(section) + ".", key));
  for (const config::Key& key : config::backend_keys(backend)) keys.push_back(config::key_info("backends.NAME.", key));
  return keys;
}

std::map<std::string, std::string> flatten(const Config& config) {
  Config copy = config;
  std::map<std::string, std::string> out;
  for (const std::string_view section : config::section_names())
    for (const config::Key& key : config::section_keys(copy, section))
      out[std::string(section) + "." + key.name()] = config::to_text(key.slot);
  for (auto& [name, backend] : copy.backends)
    for (const config::Key& key : config::backend_keys(backend))
      if (key.applies_to(backend.kind) && !std::holds_alternative<std::vector<FailureRule>*>(key.slot) &&
          !std::holds_alternative<std::vector<Login>*>(key.slot))
        out["backends." + name + "." + key.name()] = config::to_text(key.slot);
  return out;
}

}  // namespace delegate
