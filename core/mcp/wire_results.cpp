#include <algorithm>
#include <utility>

#include "core/mcp/wire.hpp"

// The answers to calls.
namespace delegate::mcp {
namespace {

constexpr std::size_t kMostCompletions = 100;

Json text(const std::string& said) { return {{"type", "text"}, {"text", said}}; }

Json contents(const ResourceContents& of) {
  Json json{{"uri", of.uri}};
  if (!of.mime_type.empty()) json["mimeType"] = of.mime_type;
  const bool is_text = of.base64.empty();
  json[is_text ? "text" : "blob"] = is_text ? of.text : of.base64;
  return json;
}

struct ContentWriter {
  Version version;

  Json operator()(const Text& said) const { return text(said.text); }
  Json operator()(const Image& image) const {
    return {{"type", "image"}, {"data", image.base64}, {"mimeType", image.mime_type}};
  }
  Json operator()(const Audio& audio) const {
    if (!has_annotations(version)) return text("[audio of type " + audio.mime_type + "]");
    return {{"type", "audio"}, {"data", audio.base64}, {"mimeType", audio.mime_type}};
  }
  Json operator()(const ResourceLink& link) const {
    if (!has_structure(version))
      return text("[" + (link.title.empty() ? link.name : link.title) + "](" + link.uri + ")");
    Json json{{"type", "resource_link"}, {"uri", link.uri}, {"name", link.name}};
    if (!link.title.empty()) json["title"] = link.title;
    if (!link.description.empty()) json["description"] = link.description;
    if (!link.mime_type.empty()) json["mimeType"] = link.mime_type;
    return json;
  }
  Json operator()(const ResourceContents& resource) const {
    return {{"type", "resource"}, {"resource", contents(resource)}};
  }
};

}  // namespace

Json wire(const Content& content, Version version) { return std::visit(ContentWriter{version}, content); }

Json wire(const ToolResult& result, Version version) {
  Json json{{"content", Json::array()}};
  for (const Content& content : result.content) json["content"].push_back(wire(content, version));
  if (result.structured) {
    // For clients that show text only.
    if (result.content.empty()) json["content"].push_back(text(dump(*result.structured)));
    if (is_modern(version) || (has_structure(version) && result.structured->is_object()))
      json["structuredContent"] = *result.structured;
  }
  if (result.is_error) json["isError"] = true;
  if (!result.meta.is_null()) json["_meta"] = result.meta;
  return json;
}

Json wire(const ResourceResult& result, Version version) {
  Json json{{"contents", Json::array()}};
  for (const ResourceContents& one : result.contents) json["contents"].push_back(contents(one));
  if (is_modern(version)) mark_fresh(json, result.fresh_for, false);
  return json;
}

Json wire(const PromptResult& result, Version version) {
  Json json = Json::object();
  if (!result.description.empty()) json["description"] = result.description;
  json["messages"] = Json::array();
  for (const PromptMessage& message : result.messages)
    json["messages"].push_back({{"role", message.role == PromptMessage::Role::user ? "user" : "assistant"},
                                {"content", wire(message.content, version)}});
  return json;
}

Json wire(const CompletionResult& result) {
  const std::size_t count = std::min(result.values.size(), kMostCompletions);
  Json values = Json::array();
  for (std::size_t i = 0; i < count; ++i) values.push_back(result.values[i]);
  return {
      {"completion",
       {{"values", std::move(values)}, {"total", result.values.size()}, {"hasMore", count < result.values.size()}}}};
}

Json wire(const InputRequired& result) {
  Json json{{"resultType", "input_required"}};
  for (const auto& [key, question] : result.requests)
    json["inputRequests"][key] = {{"method", question.method}, {"params", question.params}};
  if (result.state) json["requestState"] = *result.state;
  return json;
}

Refusal wire(const Failure& failure, Version version) {
  switch (failure.reason) {
    case Failure::Reason::invalid_params: return {ErrorCode::invalid_params, failure.message, failure.data};
    case Failure::Reason::internal: return {ErrorCode::internal_error, failure.message, failure.data};
    case Failure::Reason::resource_not_found:
      return {is_modern(version) ? ErrorCode::invalid_params : ErrorCode::resource_not_found, failure.message,
              failure.data};
    case Failure::Reason::missing_capability:
      if (!is_modern(version)) return {ErrorCode::invalid_params, failure.message, nullptr};
      return {ErrorCode::missing_client_capability, failure.message, {{"requiredCapabilities", failure.data}}};
  }
  return {ErrorCode::internal_error, failure.message, nullptr};
}

}  // namespace delegate::mcp
