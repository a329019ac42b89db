#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace delegate::mcp {

/// Keeps the order in which an object was written: a model reads a schema from its first property on.
using Json = nlohmann::ordered_json;

/// On one line; bytes that are no UTF-8 are replaced. Recurses: not for a value that was never measured (see
/// reader.hpp).
inline std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// A member of an object, or null.
const Json& member(const Json& object, const char* name);
/// The text of a member; nothing when it is absent or no text.
std::optional<std::string> text_member(const Json& object, const char* name);

}  // namespace delegate::mcp
