#include "tests/mcp/fixture.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace delegate::mcp::fixture {
namespace {

Tool tool(const std::string& name, Json schema = {{"type", "object"}}, TaskSupport tasks = TaskSupport::forbidden) {
  return {.name = name,
          .description = "Does what the conformance tests expect of " + name + ".",
          .input_schema = std::move(schema),
          .task_support = tasks};
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
  const Json greeted = Json::parse(R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})");
  const Json slow = Json::parse(R"({"type":"object","properties":{
    "seconds":{"type":"number","minimum":0,"maximum":3600,"default":0},"label":{"type":"string"}}})");
  return {tool("test_simple_text"),
          tool("test_error_handling"),
          tool("test_tool_with_progress"),
          tool("json_schema_2020_12_tool", rich_schema()),
          tool("greet", greeted),
          tool("slow_compute", slow, TaskSupport::optional),
          tool("failing_job", {{"type", "object"}}, TaskSupport::optional),
          tool("protocol_error_job", {{"type", "object"}}, TaskSupport::optional)};
}

Answer said(const std::string& text) { return ToolResult{{Text{text}}}; }

}  // namespace

Fixture::Fixture() {
  capabilities_.info = {"conformance-fixture", "Conformance fixture", "1.0.0", ""};
  capabilities_.instructions = "A server for tests of the protocol.";
  capabilities_.tools = tools();
  capabilities_.resources = {{"test://static-text", "static-text", "", "Text that never changes", "text/plain"}};
  capabilities_.resource_templates = {
      {"test://template/{id}/data", "template", "", "Data of an id", "application/json"}};
  capabilities_.tasks.emplace();
  capabilities_.tasks->now = [] { return std::chrono::system_clock::now(); };
  capabilities_.tasks->new_id = [this] { return "task-" + std::to_string(++tasks_); };
  capabilities_.tasks->poll_interval = std::chrono::milliseconds{100};
}

void Fixture::call_tool(const Call& call, const std::string& name, const Json& arguments) {
  using std::chrono::milliseconds;
  if (name == "slow_compute") {
    const auto takes = milliseconds(static_cast<std::int64_t>(arguments.at("seconds").get<double>() * 1000));
    return answer_later(call.id, takes, said("computed " + arguments.value("label", std::string())));
  }
  if (name == "failing_job")
    return answer_later(call.id, milliseconds(1000), ToolResult{{Text{"This job fails"}}, {}, true});
  if (name == "protocol_error_job")
    return answer_later(call.id, milliseconds(100), Failure{Failure::Reason::internal, "This job breaks", nullptr});
  if (name == "test_tool_with_progress")
    for (const double done : {0.0, 50.0, 100.0}) connection_->progress(call.id, {done, 100.0, "at work"});
  if (name == "test_error_handling")
    connection_->finish(call.id, ToolResult{{Text{"This tool intentionally returns an error for testing"}}, {}, true});
  else if (name == "greet") connection_->finish(call.id, said("Hello, " + arguments.value("name", "") + "!"));
  else connection_->finish(call.id, said("This is a simple text response for testing."));
}

void Fixture::answer_later(CallId id, std::chrono::milliseconds after, Answer answer) {
  if (after > std::chrono::milliseconds(0)) connection_->make_task(id, capabilities_.tasks->new_id(), "working");
  slow_[id] = {std::chrono::steady_clock::now() + after, std::move(answer)};
}

std::optional<Fixture::Moment> Fixture::wake() const {
  std::optional<Moment> wake;
  for (const auto& [id, call] : slow_) wake = std::min(wake.value_or(call.ends), call.ends);
  return wake;
}

void Fixture::advance() {
  const Moment now = std::chrono::steady_clock::now();
  for (auto call = slow_.begin(); call != slow_.end();) {
    if (call->second.ends > now) {
      ++call;
      continue;
    }
    connection_->finish(call->first, call->second.answer);
    call = slow_.erase(call);
  }
}

void Fixture::read_resource(const Call& call, const std::string& uri) {
  const std::string before = "test://template/";
  const std::string after = "/data";
  if (uri == "test://static-text") {
    connection_->finish(call.id,
                        ResourceResult{{{uri, "text/plain", "This is the content of the static text resource."}}});
  } else if (uri.size() > before.size() + after.size() && uri.starts_with(before) && uri.ends_with(after)) {
    const std::string id = uri.substr(before.size(), uri.size() - before.size() - after.size());
    const Json data{{"id", id}, {"templateTest", true}, {"data", "Data for ID: " + id}};
    connection_->finish(call.id, ResourceResult{{{uri, "application/json", dump(data)}}});
  } else {
    connection_->finish(call.id,
                        Failure{Failure::Reason::resource_not_found, "there is no such resource", {{"uri", uri}}});
  }
}

}  // namespace delegate::mcp::fixture
