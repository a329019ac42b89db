#include "cli/setup/settings_text.hpp"

#include <cmath>

#include "cli/setup/jsonc.hpp"
#include "cli/setup/toml_edit.hpp"
#include "cli/setup/yaml_edit.hpp"
#include "core/base/text.hpp"
#include "core/config/document.hpp"
#include "core/os/kept_file.hpp"

namespace delegate::cli::setup {
namespace {

OrderedJson json_of(const config::Node& node);

OrderedJson json_of(const config::Node::Table& table) {
  OrderedJson out = OrderedJson::object();
  for (const config::Node::Member& member : table) out[member.key] = json_of(member.value);
  return out;
}

struct ToJson {
  OrderedJson operator()(const config::Foreign& foreign) const { return std::string(foreign.name); }
  OrderedJson operator()(const config::Node::List& list) const {
    OrderedJson out = OrderedJson::array();
    for (const config::Node& node : list) out.push_back(json_of(node));
    return out;
  }
  OrderedJson operator()(const config::Node::Table& table) const { return json_of(table); }
  /// JSON has neither `nan` nor `inf`, and a NaN is not even equal to itself.
  OrderedJson operator()(double number) const {
    if (std::isfinite(number)) return number;
    return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
  }
  template <class Scalar>
  OrderedJson operator()(const Scalar& scalar) const {
    return scalar;
  }
};

OrderedJson json_of(const config::Node& node) { return std::visit(ToJson{}, node.value); }

Result<OrderedJson> read_toml(std::string_view text) {
  const config::Document document = config::read_toml({"", std::string(text)}, Layer::user_file, kLargestKeptFile);
  if (!document.problem) return json_of(document.members);
  const Origin& at = document.problem->origin;
  return fail(Code::invalid_argument,
              (at.line == 0 ? "" : "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": ") +
                  document.problem->what);
}

Result<OrderedJson> read_jsonc(std::string_view text) {
  TRY(const JsoncText scanned, scan_jsonc(text));
  if (!scanned.root) return OrderedJson::object();
  try {  // the JSON library throws
    return OrderedJson::parse(scanned.strict);
  } catch (const OrderedJson::parse_error& error) {
    return fail(Code::invalid_argument, place_in(text, error.byte == 0 ? 0 : error.byte - 1) + ": invalid JSON");
  } catch (const OrderedJson::exception&) {
    return fail(Code::invalid_argument, "contains a number that is too large");
  }
}

}  // namespace

Result<OrderedJson> read_settings(Language language, std::string_view text) {
  switch (language) {
    case Language::toml: return read_toml(text);
    case Language::yaml: return read_yaml(text);
    case Language::jsonc: break;
  }
  return read_jsonc(text);
}

Result<std::string> put_setting(Language language, std::string_view text, const KeyPath& path,
                                const OrderedJson& value) {
  switch (language) {
    case Language::toml: return put_toml(text, path, value);
    case Language::yaml: return put_yaml(text, path, value);
    case Language::jsonc: break;
  }
  return put_jsonc(text, path, value);
}

Remains remains_of(Language language, std::string_view text, const KeyPath& path) {
  switch (language) {
    case Language::toml: return {};
    case Language::yaml: return remains_of_yaml(text, path);
    case Language::jsonc: break;
  }
  return remains_of_jsonc(text, path);
}

Result<std::string> remove_setting(Language language, std::string_view text, const KeyPath& path,
                                   const Remains& remains) {
  switch (language) {
    case Language::toml: return remove_toml(text, path);
    case Language::yaml: return remove_yaml(text, path, remains);
    case Language::jsonc: break;
  }
  return remove_jsonc(text, path, remains);
}

std::string whole_settings(Language language, const KeyPath& path, const OrderedJson& value) {
  if (language == Language::toml) return whole_toml(path, value);
  if (language == Language::yaml) return whole_yaml(path, value);
  OrderedJson whole = value;
  for (auto key = path.rbegin(); key != path.rend(); ++key) whole = OrderedJson{{*key, std::move(whole)}};
  return whole_json(whole);
}

const OrderedJson* setting_at(const OrderedJson& settings, const KeyPath& path) {
  const OrderedJson* here = &settings;
  for (const std::string& key : path) {
    if (!here->is_object() || !here->contains(key)) return nullptr;
    here = &(*here)[key];
  }
  return here;
}

}  // namespace delegate::cli::setup
