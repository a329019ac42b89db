#include <chrono>

#include "tests/mcp/fixture.hpp"

namespace delegate::mcp::fixture {
namespace {

Json takes(const char* argument) {
  return {{"type", "object"}, {"properties", {{argument, {{"type", "string"}}}}}, {"required", {argument}}};
}

Tool tool(const std::string& name, Json schema = {{"type", "object"}}) {
  Tool made;
  made.name = name;
  made.description = "Does what the conformance tests expect of " + name + ".";
  made.input_schema = std::move(schema);
  return made;
}

/// JSON Schema that a server may use and must pass on unchanged.
Json rich_schema() {
  return Json::parse(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                          "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                   "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                   "phone": {"type": "string"}, "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": false
  })");
}

std::vector<Tool> tools() {
  std::vector<Tool> all;
  for (const auto& [name, answer] : simple_tools()) all.push_back(tool(name));
  for (const auto& [name, answer] : asking_tools()) {
    const char* argument = name == "test_sampling" ? "prompt" : name == "test_elicitation" ? "message" : nullptr;
    all.push_back(argument == nullptr ? tool(name) : tool(name, takes(argument)));
  }
  all.push_back(tool("json_schema_2020_12_tool", rich_schema()));
  return all;
}

}  // namespace

Capabilities capabilities() {
  Capabilities all;
  all.info = {"conformance-fixture", "Conformance fixture", "1.0.0", "", ""};
  all.instructions = "A server for tests of the protocol.";
  all.tools = tools();
  all.resources = {{"test://static-text", "static-text", "", "Text that never changes", "text/plain", {}, nullptr},
                   {"test://static-binary", "static-binary", "", "An image", "image/png", {}, nullptr},
                   {"test://watched-resource", "watched-resource", "", "May be watched", "text/plain", {}, nullptr}};
  all.resource_templates = {
      {"test://template/{id}/data", "template", "", "Data of an id", "application/json", nullptr}};
  all.prompts = {
      {"test_simple_prompt", "", "Without arguments", {}, nullptr},
      {"test_prompt_with_arguments",
       "",
       "With two arguments",
       {{"arg1", "", "The first", true}, {"arg2", "", "The second", true}},
       nullptr},
      {"test_prompt_with_embedded_resource", "", "With a resource", {{"resourceUri", "", "Which one", true}}, nullptr},
      {"test_prompt_with_image", "", "With an image", {}, nullptr},
      {"test_input_required_result_prompt", "", "Asks for a context first", {}, nullptr}};
  all.completions = all.logging = all.resource_subscriptions = all.list_changes = true;
  all.lists_fresh_for = std::chrono::minutes{1};
  return all;
}

}  // namespace delegate::mcp::fixture
