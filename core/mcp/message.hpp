#pragma once
#include <string>
#include <variant>

#include "core/mcp/json.hpp"

// The shapes of JSON-RPC 2.0.
namespace delegate::mcp {

/// Error codes of JSON-RPC, and those of MCP that we send.
enum class ErrorCode {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  resource_not_found = -32002,  // before 2026-07-28
  missing_client_capability = -32021,
  unsupported_version = -32022,
};

/// The error that answers a request.
struct Refusal {
  ErrorCode code = ErrorCode::internal_error;
  std::string message;
  Json data;
};

/// Text of a client, shortened for an error message.
std::string echoed(const std::string& text, std::size_t longest = 100);

struct Request {
  Json id;
  std::string method;
  Json params = Json::object();
};

struct Notification {
  std::string method;
  Json params = Json::object();
};

/// None of these, but the client may wait for an answer. `id` is null if it is unknown.
struct Malformed {
  Json id;
  Refusal refusal;
};

/// A malformed notification, or a response, though nothing was requested: it must not be answered.
struct Ignored {};

using Message = std::variant<Request, Notification, Malformed, Ignored>;

/// `value` is not an array.
Message message_of(Json value);

/// A string or an integer, and short enough to be repeated in the answer.
bool is_id(const Json& value);
/// Unique: the string "7" and the number 7 differ.
std::string key_of(const Json& id);

Json response(const Json& id, Json result);
Json error_object(const Refusal& refusal);
Json error_response(const Json& id, const Refusal& refusal);
Json notification(const std::string& method, Json params);

}  // namespace delegate::mcp
