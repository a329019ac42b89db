#include "core/mcp/json.hpp"

namespace delegate::mcp {

const Json& member(const Json& object, const char* name) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

std::optional<std::string> text_member(const Json& object, const char* name) {
  const Json& found = member(object, name);
  return found.is_string() ? std::optional(found.get<std::string>()) : std::nullopt;
}

}  // namespace delegate::mcp
