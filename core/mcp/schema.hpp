#pragma once
#include <optional>
#include <string>

#include "core/mcp/json.hpp"

namespace delegate::mcp {

/// Checks the arguments of a tool against its input schema, in the words of JSON Schema that tools use: type, required,
/// properties, additionalProperties, items, enum, const, minimum, maximum, minLength, maxLength and default; other
/// words say nothing. Fills in defaults of properties, and writes a whole number as an integer where one is wanted.
///
/// Returns what is wrong, a line for each thing and not too many, for a model that is to do better; or nothing.
std::optional<std::string> complaint_about(Json& arguments, const Json& schema);

}  // namespace delegate::mcp
