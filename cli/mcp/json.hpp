#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace delegate::mcp {

/// Keeps the order in which an object was written: a model reads a schema from its first property on.
using Json = nlohmann::ordered_json;

/// On one line; bytes that are no UTF-8 are replaced. Recurses: not for a value that was never measured (see
/// reader.hpp).
inline std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace delegate::mcp
