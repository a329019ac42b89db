#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace delegate::mcp {

/// Keeps the order of members: a model reads the properties of a schema in that order.
using Json = nlohmann::ordered_json;

/// On one line; bytes that are not UTF-8 are replaced. Recursive: only for values of limited depth (see input.hpp).
inline std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// A member of an object, or null.
inline const Json& member(const Json& object, const char* name) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}
/// The text of a member; nothing if it is missing or not a string.
inline std::optional<std::string> text_member(const Json& object, const char* name) {
  const Json& found = member(object, name);
  return found.is_string() ? std::optional(found.get<std::string>()) : std::nullopt;
}

}  // namespace delegate::mcp
