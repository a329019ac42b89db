#include "tests/mcp/fixture.hpp"

// Tools that answer without the client.
namespace delegate::mcp::fixture {
namespace {

Answer holding(std::vector<Content> content) { return ToolResult{std::move(content), {}, false, nullptr}; }

Answer progressing(Connection& connection, const Call& call, const Json&) {
  for (const double done : {0.0, 50.0, 100.0}) connection.progress(call.id, {done, 100.0, "at work"});
  return said("Done.");
}

Answer logging(Connection& connection, const Call& call, const Json&) {
  for (const char* line : {"Tool execution started", "Tool processing data", "Tool execution completed"})
    connection.log(LogLevel::info, "fixture", line, call.id);
  return said("Logged.");
}

}  // namespace

const std::map<std::string, ToolAnswer>& simple_tools() {
  static const std::map<std::string, ToolAnswer> kTools{
      {"test_simple_text",
       [](Connection&, const Call&, const Json&) { return said("This is a simple text response for testing."); }},
      {"test_image_content",
       [](Connection&, const Call&, const Json&) {
         return holding({Image{kPng, "image/png"}});
       }},
      {"test_audio_content",
       [](Connection&, const Call&, const Json&) {
         return holding({Audio{kWav, "audio/wav"}});
       }},
      {"test_embedded_resource",
       [](Connection&, const Call&, const Json&) {
         return holding(
             {ResourceContents{"test://embedded-resource", "text/plain", "This is an embedded resource content.", ""}});
       }},
      {"test_multiple_content_types",
       [](Connection&, const Call&, const Json&) {
         return holding({Text{"Multiple content types test:"}, Image{kPng, "image/png"},
                         ResourceContents{"test://mixed-content-resource", "application/json",
                                          R"({"test":"data","value":123})", ""}});
       }},
      {"test_error_handling",
       [](Connection&, const Call&, const Json&) -> Answer {
         return ToolResult{{Text{"This tool intentionally returns an error for testing"}}, {}, true, nullptr};
       }},
      {"test_tool_with_progress", progressing},
      {"test_tool_with_logging", logging},
      {"test_logging_tool", logging},
      {"test_trigger_tool_change",
       [](Connection& connection, const Call&, const Json&) {
         connection.list_changed(List::tools);
         return said("Told.");
       }},
      {"test_trigger_prompt_change",
       [](Connection& connection, const Call&, const Json&) {
         connection.list_changed(List::prompts);
         return said("Told.");
       }},
  };
  return kTools;
}

}  // namespace delegate::mcp::fixture
