#pragma once
#include <optional>
#include <string>
#include <variant>

#include "core/mcp/errors.hpp"
#include "core/mcp/json.hpp"

// The shapes of JSON-RPC 2.0.
namespace delegate::mcp {

struct Request {
  Json id;
  std::string method;
  Json params = Json::object();
};

struct Notification {
  std::string method;
  Json params = Json::object();
};

/// The client answers something that we asked.
struct Response {
  Json id;
  std::optional<Json> result;
  std::string error;  // its message, when there is no result
};

/// Neither of these, and somebody may wait for an answer; `id` is null when it cannot be known.
struct Malformed {
  Json id;
  Refusal refusal;
};

/// A notification that is not one: nobody waits for an answer, and none may be given.
struct Ignored {};

using Message = std::variant<Request, Notification, Response, Malformed, Ignored>;

/// `value` is anything but an array.
Message message_of(Json value);

/// A string or an integer, and of a length that we are ready to repeat.
bool is_id(const Json& value);
/// The same for the same id only: the string "7" is not the number 7.
std::string key_of(const Json& id);

Json response(const Json& id, Json result);
Json error_response(const Json& id, const Refusal& refusal);
Json notification(const std::string& method, Json params);
Json request(const Json& id, const std::string& method, Json params);

}  // namespace delegate::mcp
