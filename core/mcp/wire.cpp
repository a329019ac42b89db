#include "core/mcp/wire.hpp"

#include <utility>

namespace delegate::mcp {
namespace {

void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}
void put(Json& json, const char* key, const std::optional<bool>& value) {
  if (value) json[key] = *value;
}

Json wire_hints(const Tool& tool) {
  Json json = Json::object();
  put(json, "title", tool.title);
  put(json, "readOnlyHint", tool.hints.read_only);
  put(json, "destructiveHint", tool.hints.destructive);
  put(json, "idempotentHint", tool.hints.idempotent);
  put(json, "openWorldHint", tool.hints.open_world);
  return json;
}

/// The common fields of resources and templates.
template <class Described>
void describe(Json& json, const Described& what, Version version) {
  json["name"] = what.name;
  if (has_structure(version)) put(json, "title", what.title);
  put(json, "description", what.description);
  put(json, "mimeType", what.mime_type);
}

}  // namespace

Json wire(const Implementation& info, Version version) {
  Json json{{"name", info.name}, {"version", info.version}};
  if (has_structure(version)) put(json, "title", info.title);
  if (version >= Version::v2025_11_25) {
    put(json, "description", info.description);
  }
  return json;
}

Json wire_capabilities(const Capabilities& offered, Version version) {
  Json json = Json::object();
  if (!offered.tools.empty()) json["tools"] = Json::object();
  if (!offered.resources.empty() || !offered.resource_templates.empty()) json["resources"] = Json::object();
  if (offered.tasks && is_modern(version)) json["extensions"] = {{kTaskExtension, Json::object()}};
  if (offered.tasks && has_core_tasks(version))
    json["tasks"] = {
        {"list", Json::object()}, {"cancel", Json::object()}, {"requests", {{"tools", {{"call", Json::object()}}}}}};
  return json;
}

Json wire(const Tool& tool, Version version, bool with_tasks) {
  Json json{{"name", tool.name}};
  if (has_structure(version)) put(json, "title", tool.title);
  put(json, "description", tool.description);
  json["inputSchema"] = tool.input_schema;
  // Before 2026-07-28 structured content must be an object.
  const Json& output = tool.output_schema;
  if (is_modern(version) ? output.is_object() : has_structure(version) && text_member(output, "type") == "object")
    json["outputSchema"] = output;
  if (Json hints = wire_hints(tool); has_annotations(version) && !hints.empty()) json["annotations"] = std::move(hints);
  if (with_tasks && tool.task_support != TaskSupport::forbidden) json["execution"] = {{"taskSupport", "optional"}};
  if (has_structure(version) && !tool.meta.is_null()) json["_meta"] = tool.meta;
  return json;
}

Json wire(const Resource& resource, Version version) {
  Json json{{"uri", resource.uri}};
  describe(json, resource, version);
  return json;
}

Json wire(const ResourceTemplate& resource_template, Version version) {
  Json json{{"uriTemplate", resource_template.uri_template}};
  describe(json, resource_template, version);
  return json;
}

void complete(Json& result, const Implementation& info) {
  if (!result.contains("resultType")) result["resultType"] = "complete";
  result["_meta"][kMetaServer] = wire(info, Version::v2026_07_28);
}

void mark_stale(Json& result, bool is_public) {
  result["ttlMs"] = 0;
  result["cacheScope"] = is_public ? "public" : "private";
}

bool has_task_extension(const Client& client) {
  return is_modern(client.version) && member(member(client.capabilities, "extensions"), kTaskExtension).is_object();
}

Refusal needs_task_extension() {
  const Json extension{{kTaskExtension, Json::object()}};
  return {ErrorCode::missing_client_capability,
          "this needs a client with the tasks extension",
          {{"requiredCapabilities", {{"extensions", extension}}}}};
}

}  // namespace delegate::mcp
