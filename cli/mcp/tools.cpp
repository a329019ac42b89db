#include "cli/mcp/tools.hpp"

#include "core/base/host_time.hpp"
#include "core/base/ids.hpp"
#include "core/base/json.hpp"

namespace delegate::cli::server {
namespace {

constexpr const char* kInstructions =
    "Ask another coding agent when a second opinion, another model's strength or a cheap local model helps. It sees "
    "nothing of this conversation, so every prompt must be complete: goal, context, constraints, form of the answer. "
    "Failing agents are skipped automatically; the answer says who gave it and who was skipped. For work of more than "
    "a minute use background and fetch it with result.";

OrderedJson text(const char* description) { return {{"type", "string"}, {"description", description}}; }
OrderedJson integer(const char* description, int least, int most) {
  return {{"type", "integer"}, {"description", description}, {"minimum", least}, {"maximum", most}};
}
OrderedJson flag(const char* description) {
  return {{"type", "boolean"}, {"description", description}, {"default", false}};
}
OrderedJson object(OrderedJson properties, OrderedJson required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}
OrderedJson plain(const char* type) { return {{"type", type}}; }

/// The structured answer of `ask` and `result`.
OrderedJson run_schema() {
  return {{"type", "object"},
          {"properties",
           {{"answer", plain("string")},
            {"status", {{"type", "string"}, {"enum", {"done", "working", "failed", "cancelled"}}}},
            {"run", plain("string")},
            {"backend", plain("string")},
            {"model", plain("string")},
            {"session", plain("string")},
            {"seconds", plain("number")},
            {"note", plain("string")},
            {"changes", plain("object")},
            {"next_offset", plain("integer")},
            {"outcome", plain("string")},
            {"error", plain("string")},
            {"hint", plain("string")}}},
          {"required", {"status"}}};
}

mcp::Tool ask_tool(const std::vector<std::string>& backends, bool may_write) {
  std::vector<std::string> names{"auto"};
  names.insert(names.end(), backends.begin(), backends.end());
  OrderedJson prompt = text("Complete task and context.");
  prompt["minLength"] = 1;
  OrderedJson timeout = integer("Time limit in seconds.", 1, 3600);
  OrderedJson properties{{"prompt", std::move(prompt)},
                         {"backend",
                          {{"type", "string"},
                           {"description", "Backend to ask; auto picks an available one."},
                           {"enum", names},
                           {"default", "auto"}}},
                         {"model", text("Model of the named backend; omit for its default.")},
                         {"cwd", text("Absolute path of the directory it may read.")},
                         {"session", text("Session id from an earlier answer, to continue it.")},
                         {"timeout_s", std::move(timeout)},
                         {"background", flag("Return a run id at once; fetch the answer with result.")}};
  if (may_write) properties["write"] = flag("Let it change files and run commands.");
  if (may_write)
    properties["isolate"] = flag("With write: work in a copy of the git work tree; the change is applied at the end.");
  if (may_write) properties["continue_writing"] = flag("Go on with a change that another backend left half done.");
  return {.name = "ask",
          .title = "Ask another agent",
          .description =
              "Send one self-contained prompt to another coding agent and return its answer. It sees nothing "
              "of this conversation: put all context into the prompt. Takes seconds to minutes; after a "
              "while it returns a run id to fetch the answer with. With auto, failing agents are skipped.",
          .input_schema = object(std::move(properties), {"prompt"}),
          .output_schema = run_schema(),
          .hints = {.read_only = !may_write, .destructive = may_write, .idempotent = false, .open_world = true},
          .meta = {{"anthropic/alwaysLoad", true}, {"anthropic/maxResultSizeChars", 200000}},
          .task_support = mcp::TaskSupport::optional};
}

mcp::Tool result_tool() {
  return {.name = "result",
          .title = "Fetch or stop a run",
          .description =
              "Returns the answer of an earlier `ask` by run id. Waits if it is still running. Use offset to read the "
              "rest of a long answer.",
          .input_schema = object(
              {{"run", text("Id from ask.")},
               {"wait_s", integer("Maximum wait in seconds; omit to wait as long as possible.", 0, kMaxWaitSeconds)},
               {"offset", integer("Offset of the part to return: next_offset of the previous part.", 0, 1'000'000'000)},
               {"cancel", flag("Stop the run.")}},
              {"run"}),
          .output_schema = run_schema(),
          .hints = {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}};
}

mcp::Tool status_tool() {
  OrderedJson backend{{"type", "object"},
                      {"properties",
                       {{"name", plain("string")},
                        {"installed", plain("boolean")},
                        {"breaker", plain("string")},
                        {"retry_in_s", plain("integer")},
                        {"last_error", plain("string")}}},
                      {"required", {"name", "breaker"}}};
  return {.name = "status",
          .title = "Health of the agents",
          .description = "Which agents are installed, which are skipped because they are broken, why, and until when.",
          .input_schema = object(OrderedJson::object(), OrderedJson::array()),
          .output_schema = {{"type", "object"},
                            {"properties", {{"backends", {{"type", "array"}, {"items", std::move(backend)}}}}},
                            {"required", {"backends"}}},
          .hints = {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}};
}

}  // namespace

mcp::Capabilities capabilities(const std::vector<std::string>& backends, bool may_write) {
  mcp::Capabilities all;
  all.info = {.name = "delegate", .title = "delegate", .version = DELEGATE_VERSION};
  all.info.description = "Asks the AI agents of this machine, and skips the broken ones";
  all.instructions = kInstructions;
  all.tools = {ask_tool(backends, may_write), result_tool(), status_tool()};
  all.resources = {
      {.uri = kStatusUri, .name = "status", .title = "Health of the agents", .mime_type = "application/json"},
      {.uri = kHistoryUri, .name = "history", .title = "Latest runs in this project", .mime_type = "application/json"}};
  all.resource_templates = {{.uri_template = std::string(kRunUri) + "{id}",
                             .name = "run",
                             .title = "The whole answer of a run",
                             .mime_type = "text/plain"}};
  all.tasks = mcp::TaskKeeping{.now = [] { return std::chrono::system_clock::now(); },
                               .new_id =
                                   [] {
                                     return make_run_id(std::chrono::duration_cast<milliseconds>(
                                         std::chrono::system_clock::now().time_since_epoch()));
                                   }};
  return all;
}

}  // namespace delegate::cli::server
