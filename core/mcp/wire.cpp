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
void put_meta(Json& json, const Json& meta, Version version) {
  if (has_structure(version) && !meta.is_null()) json["_meta"] = meta;
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

/// The common fields of resources, templates and links.
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
    put(json, "websiteUrl", info.website);
  }
  return json;
}

Json wire_capabilities(const Capabilities& offered, Version version) {
  Json json = Json::object();
  const Json list = offered.list_changes ? Json{{"listChanged", true}} : Json::object();
  if (!offered.tools.empty()) json["tools"] = list;
  if (!offered.resources.empty() || !offered.resource_templates.empty()) {
    json["resources"] = list;
    if (offered.resource_subscriptions) json["resources"]["subscribe"] = true;
  }
  if (!offered.prompts.empty()) json["prompts"] = list;
  if (offered.completions && has_annotations(version)) json["completions"] = Json::object();
  if (offered.logging) json["logging"] = Json::object();
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
  if (with_tasks && tool.task_support != TaskSupport::forbidden)
    json["execution"] = {{"taskSupport", tool.task_support == TaskSupport::required ? "required" : "optional"}};
  put_meta(json, tool.meta, version);
  return json;
}

Json wire(const Resource& resource, Version version) {
  Json json{{"uri", resource.uri}};
  describe(json, resource, version);
  if (resource.bytes && has_annotations(version)) json["size"] = *resource.bytes;
  put_meta(json, resource.meta, version);
  return json;
}

Json wire(const ResourceTemplate& resource_template, Version version) {
  Json json{{"uriTemplate", resource_template.uri_template}};
  describe(json, resource_template, version);
  put_meta(json, resource_template.meta, version);
  return json;
}

Json wire(const Prompt& prompt, Version version) {
  Json json{{"name", prompt.name}};
  if (has_structure(version)) put(json, "title", prompt.title);
  put(json, "description", prompt.description);
  for (const PromptArgument& argument : prompt.arguments) {
    Json one{{"name", argument.name}};
    if (has_structure(version)) put(one, "title", argument.title);
    put(one, "description", argument.description);
    one["required"] = argument.required;
    json["arguments"].push_back(std::move(one));
  }
  put_meta(json, prompt.meta, version);
  return json;
}

void complete(Json& result, const Implementation& info) {
  if (!result.contains("resultType")) result["resultType"] = "complete";
  result["_meta"][kMetaServer] = wire(info, Version::v2026_07_28);
}

void mark_fresh(Json& result, std::chrono::milliseconds fresh_for, bool is_public) {
  result["ttlMs"] = fresh_for.count();
  result["cacheScope"] = is_public ? "public" : "private";
}

}  // namespace delegate::mcp
