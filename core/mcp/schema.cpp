#include "core/mcp/schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mcp/message.hpp"

namespace delegate::mcp {
namespace {

constexpr std::size_t kMostComplaints = 8;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: larger integers are not exact in a double

struct Kind {
  std::string_view name;
  bool (*is)(const Json&);
};
constexpr std::array<Kind, 7> kKinds{{{"object", [](const Json& v) { return v.is_object(); }},
                                      {"array", [](const Json& v) { return v.is_array(); }},
                                      {"string", [](const Json& v) { return v.is_string(); }},
                                      {"integer", [](const Json& v) { return v.is_number_integer(); }},
                                      {"number", [](const Json& v) { return v.is_number(); }},
                                      {"boolean", [](const Json& v) { return v.is_boolean(); }},
                                      {"null", [](const Json& v) { return v.is_null(); }}}};

/// The value of a keyword, if it is there and has the right type.
const Json* keyword(const Json& schema, const char* name, bool (Json::*is)() const noexcept) {
  const auto found = schema.find(name);
  return found != schema.end() && ((*found).*is)() ? &*found : nullptr;
}

std::string listed(const Json& values) {
  std::string text;
  for (const Json& value : values) text += (text.empty() ? "" : ", ") + dump(value);
  return text;
}

std::string shown(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  if (value.is_string()) return dump(echoed(value.get<std::string>(), 60));
  return dump(value);
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

class Check {
 public:
  void value(Json& value, const Json& schema, const std::string& where);
  std::vector<std::string> complaints;

 private:
  void complain(const std::string& where, const std::string& what) {
    if (complaints.size() < kMostComplaints) complaints.push_back((where.empty() ? "arguments" : where) + ": " + what);
  }
  bool has_type(Json& value, const Json& schema, const std::string& where);
  void scalar(const Json& value, const Json& schema, const std::string& where);
  void members(Json& value, const Json& schema, const std::string& where);
  void stranger(Json& value, const Json& schema, const Json* properties, const std::string& name,
                const std::string& where);
};

bool Check::has_type(Json& value, const Json& schema, const std::string& where) {
  const Json* type = keyword(schema, "type", &Json::is_string);
  if (type == nullptr) return true;
  if (*type == "integer" && value.is_number_float()) {
    const double number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) <= kExactIntegers) value = static_cast<std::int64_t>(number);
  }
  const auto* const kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& one) { return *type == one.name; });
  if (kind == kKinds.end() || kind->is(value)) return true;
  complain(where, "must be " + std::string(kind->name) + ", not " + shown(value));
  return false;
}

void Check::scalar(const Json& value, const Json& schema, const std::string& where) {
  if (const Json* values = keyword(schema, "enum", &Json::is_array))
    if (std::find(values->begin(), values->end(), value) == values->end())
      complain(where, "must be one of " + listed(*values) + ", not " + shown(value));
  if (const auto only = schema.find("const"); only != schema.end() && *only != value)
    complain(where, "must be " + dump(*only) + ", not " + shown(value));
  if (value.is_number()) {
    const Json* least = keyword(schema, "minimum", &Json::is_number);
    const Json* most = keyword(schema, "maximum", &Json::is_number);
    if (least != nullptr && value < *least) complain(where, shown(value) + " is less than " + dump(*least));
    if (most != nullptr && value > *most) complain(where, shown(value) + " is more than " + dump(*most));
  }
  if (value.is_string()) {
    const std::size_t length = characters(value.get_ref<const std::string&>());
    const Json* least = keyword(schema, "minLength", &Json::is_number_unsigned);
    const Json* most = keyword(schema, "maxLength", &Json::is_number_unsigned);
    if (least != nullptr && length < least->get<std::size_t>())
      complain(where, length == 0 ? "must not be empty" : "must have " + dump(*least) + " characters or more");
    if (most != nullptr && length > most->get<std::size_t>())
      complain(where, "has " + std::to_string(length) + " characters, at most " + dump(*most) + " are allowed");
  }
}

void Check::stranger(Json& value, const Json& schema, const Json* properties, const std::string& name,
                     const std::string& where) {
  const auto additional = schema.find("additionalProperties");
  if (additional == schema.end()) return;
  if (additional->is_object()) return this->value(value, *additional, where);
  if (*additional != false) return;
  std::string known;
  if (properties != nullptr)
    for (const auto& [property, its] : properties->items()) known += (known.empty() ? "" : ", ") + property;
  complain(where.substr(0, where.size() - name.size() - (where.size() > name.size() ? 1 : 0)),
           "unknown argument " + shown(name) + (known.empty() ? " (none is expected)" : " (known: " + known + ")"));
}

void Check::members(Json& value, const Json& schema, const std::string& where) {
  const std::string before = where.empty() ? "" : where + ".";
  const Json* properties = keyword(schema, "properties", &Json::is_object);
  if (properties != nullptr)
    for (const auto& [name, property] : properties->items())
      if (property.is_object() && property.contains("default") && !value.contains(name))
        value[name] = property.at("default");
  if (const Json* required = keyword(schema, "required", &Json::is_array))
    for (const Json& name : *required)
      if (name.is_string() && !value.contains(name.get<std::string>()))
        complain(before + name.get<std::string>(), "is required");
  for (auto member = value.begin(); member != value.end() && complaints.size() < kMostComplaints; ++member) {
    const bool known = properties != nullptr && properties->contains(member.key());
    if (known) this->value(*member, properties->at(member.key()), before + member.key());
    else stranger(*member, schema, properties, member.key(), before + member.key());
  }
}

void Check::value(Json& value, const Json& schema, const std::string& where) {
  if (!schema.is_object() || complaints.size() >= kMostComplaints || !has_type(value, schema, where)) return;
  scalar(value, schema, where);
  if (value.is_object()) members(value, schema, where);
  const auto items = schema.find("items");
  if (!value.is_array() || items == schema.end()) return;
  for (std::size_t i = 0; i < value.size() && complaints.size() < kMostComplaints; ++i)
    this->value(value[i], *items, where + "[" + std::to_string(i) + "]");
}

}  // namespace

std::optional<std::string> validate(Json& arguments, const Json& schema) {
  Check check;
  check.value(arguments, schema, "");
  if (check.complaints.empty()) return std::nullopt;
  std::string text;
  for (const std::string& one : check.complaints) text += (text.empty() ? "" : "\n") + one;
  return text;
}

}  // namespace delegate::mcp
