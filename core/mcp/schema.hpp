#pragma once
#include <optional>
#include <string>

#include "core/mcp/json.hpp"

namespace delegate::mcp {

/// Checks the arguments of a tool against its input schema. Known keywords of JSON Schema: type, required, properties,
/// additionalProperties, items, enum, const, minimum, maximum, minLength, maxLength and default; others are ignored.
/// Fills in the defaults of properties, and converts a whole number to an integer where the schema wants one.
///
/// Returns the errors, one a line, for the model to correct, or nothing. Only the first few are listed.
std::optional<std::string> validate(Json& arguments, const Json& schema);

}  // namespace delegate::mcp
