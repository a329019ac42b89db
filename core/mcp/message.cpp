#include "core/mcp/message.hpp"

#include <cstddef>
#include <utility>

namespace delegate::mcp {
namespace {

constexpr std::size_t kLongestId = 1024;

Malformed malformed(Json id, std::string why) {
  return {std::move(id), {ErrorCode::invalid_request, std::move(why), nullptr}};
}

}  // namespace

std::string echoed(const std::string& text, std::size_t longest) {
  std::string out = text.substr(0, longest);
  if (out.size() == text.size()) return out;
  // Do not cut a character in two.
  while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
  if (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
  return out + "…";
}

Message message_of(Json value) {
  if (!value.is_object()) return malformed(nullptr, "a message is an object");
  const auto id = value.find("id");
  const bool has_id = id != value.end();
  const bool has_method = value.contains("method");
  if (!has_method && has_id && (value.contains("result") || value.contains("error"))) return Ignored{};
  if (has_method && !has_id && value.at("method").is_string()) {
    Notification notification{value.at("method").get<std::string>(), Json::object()};
    if (value.contains("params")) notification.params = std::move(value.at("params"));
    return notification.params.is_object() ? Message{std::move(notification)} : Message{Ignored{}};
  }
  if (!has_id) return malformed(nullptr, "no method");
  if (!is_id(*id)) return malformed(nullptr, "id is a string or an integer of 64 bits");
  if (const auto version = value.find("jsonrpc"); version == value.end() || *version != "2.0")
    return malformed(*id, "jsonrpc is not \"2.0\"");
  if (!has_method || !value.at("method").is_string()) return malformed(*id, "method is not a string");
  Request request{*id, value.at("method").get<std::string>(), Json::object()};
  if (const auto params = value.find("params"); params != value.end() && !params->is_null())
    request.params = std::move(*params);
  if (!request.params.is_object())
    return Malformed{request.id, {ErrorCode::invalid_params, "params is not an object", nullptr}};
  return request;
}

bool is_id(const Json& value) {
  // A number beyond 64 bits was parsed as a double, which has lost digits.
  return value.is_number_integer() || (value.is_string() && value.get_ref<const std::string&>().size() <= kLongestId);
}

std::string key_of(const Json& id) { return dump(id); }

Json response(const Json& id, Json result) { return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}}; }

Json error_object(const Refusal& refusal) {
  Json error{{"code", static_cast<int>(refusal.code)}, {"message", refusal.message}};
  if (!refusal.data.is_null()) error["data"] = refusal.data;
  return error;
}

Json error_response(const Json& id, const Refusal& refusal) {
  Json message{{"jsonrpc", "2.0"}};
  if (!id.is_null()) message["id"] = id;
  message["error"] = error_object(refusal);
  return message;
}

Json notification(const std::string& method, Json params) {
  Json message{{"jsonrpc", "2.0"}, {"method", method}};
  if (!params.empty()) message["params"] = std::move(params);
  return message;
}

}  // namespace delegate::mcp
