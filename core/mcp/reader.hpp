#pragma once
#include <string_view>
#include <variant>

#include "core/mcp/errors.hpp"
#include "core/mcp/json.hpp"

namespace delegate::mcp {

/// What one line says, or why it says nothing. JSON as strict as its standard: UTF-8, no lone surrogates, no number
/// that no double can hold. Nothing deeper than 64 or of more than 250,000 values comes out of it, so everything may
/// walk through what does, and copy and dump it.
std::variant<Json, Refusal> read_json(std::string_view line);

}  // namespace delegate::mcp
