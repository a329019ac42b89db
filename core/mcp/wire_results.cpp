#include <utility>

#include "core/mcp/wire.hpp"

// The answers to calls.
namespace delegate::mcp {
namespace {

Json text(const std::string& said) { return {{"type", "text"}, {"text", said}}; }

}  // namespace

Json wire(const ToolResult& result, Version version) {
  Json json{{"content", Json::array()}};
  for (const Text& said : result.content) json["content"].push_back(text(said.text));
  if (result.structured) {
    // For clients that show text only.
    if (result.content.empty()) json["content"].push_back(text(dump(*result.structured)));
    if (is_modern(version) || (has_structure(version) && result.structured->is_object()))
      json["structuredContent"] = *result.structured;
  }
  if (result.is_error) json["isError"] = true;
  return json;
}

Json wire(const ResourceResult& result, Version version) {
  Json json{{"contents", Json::array()}};
  for (const ResourceText& one : result.contents) {
    Json contents{{"uri", one.uri}};
    if (!one.mime_type.empty()) contents["mimeType"] = one.mime_type;
    contents["text"] = one.text;
    json["contents"].push_back(std::move(contents));
  }
  if (is_modern(version)) mark_stale(json, false);
  return json;
}

Refusal wire(const Failure& failure, Version version) {
  const bool is_missing = failure.reason == Failure::Reason::resource_not_found;
  const ErrorCode missing = is_modern(version) ? ErrorCode::invalid_params : ErrorCode::resource_not_found;
  return {is_missing ? missing : ErrorCode::internal_error, failure.message, failure.data};
}

}  // namespace delegate::mcp
