#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/mcp/json.hpp"
#include "core/mcp/version.hpp"

// The types of an MCP server: its capabilities, the calls and the answers. The application implements Service and never
// sees the wire format; Connection handles every version of the protocol.
//
// Text is UTF-8. A field that is empty (or a Json that is null) is not sent.
namespace delegate::mcp {

// ---- capabilities

struct Implementation {
  std::string name, title, version, description;
};

/// Hints for approval prompts; only those that are set are sent.
struct ToolHints {
  std::optional<bool> read_only, destructive, idempotent, open_world;
};

/// Whether a call may become a task: at the client's request (2025-11-25), or by Connection::make_task (2026-07-28).
enum class TaskSupport { forbidden, optional };

struct Tool {
  std::string name, title, description;
  /// An object schema with the keywords of schema.hpp. Arguments are checked against it before the call, and get its
  /// defaults.
  Json input_schema = {{"type", "object"}};
  Json output_schema;
  ToolHints hints;
  Json meta;
  TaskSupport task_support = TaskSupport::forbidden;
};

struct Resource {
  std::string uri, name, title, description, mime_type;
};

struct ResourceTemplate {
  std::string uri_template, name, title, description, mime_type;
};

/// What the application provides for tasks.
struct TaskKeeping {
  std::function<std::chrono::system_clock::time_point()> now;
  std::function<std::string()> new_id;                        // unique and hard to guess; for 2025-11-25
  std::chrono::milliseconds keep_for{std::chrono::hours{1}};  // after the start, if the client states no time
  std::chrono::milliseconds keep_at_most{std::chrono::hours{24}};
  std::chrono::milliseconds poll_interval{2000};
};

/// What the server offers, in the order in which it is listed. Empty: the server does not have it.
struct Capabilities {
  Implementation info;
  std::string instructions;  // for the model; clients cut them after 2 KB
  std::vector<Tool> tools;
  std::vector<Resource> resources;
  std::vector<ResourceTemplate> resource_templates;
  std::optional<TaskKeeping> tasks;
};

// ---- calls

/// One call of a tool or reading of a resource, from its beginning until it is finished or cancelled.
enum class CallId : std::uint64_t {};

/// The client as it describes itself: for display, not to be trusted.
struct Client {
  Version version = kLatestLegacy;
  std::string name, program_version;
  Json capabilities = Json::object();
};

/// What all calls have in common.
struct Call {
  CallId id{};
  Client client;
  bool wants_progress = false;
};

// ---- answers

struct Text {
  std::string text;
};

struct ToolResult {
  std::vector<Text> content;
  std::optional<Json> structured;  // fits the output schema; before 2026-07-28 only sent if it is an object
  bool is_error = false;
};

struct ResourceText {
  std::string uri, mime_type, text;
};

struct ResourceResult {
  std::vector<ResourceText> contents;
};

/// An error of the protocol, which models do not see: the failure of a tool is a ToolResult.
struct Failure {
  enum class Reason { resource_not_found, internal };
  Reason reason = Reason::internal;
  std::string message;
  Json data;
};

using Answer = std::variant<ToolResult, ResourceResult, Failure>;

enum class CancelledBy { client, end_of_input };

/// The application. It is called by Connection::feed, end_of_input and finish, and may call the Connection back at once
/// or later. It must finish every call that is not cancelled.
class Service {
 public:
  virtual ~Service() = default;
  /// The same object for the whole life of the connection.
  virtual const Capabilities& capabilities() const = 0;
  /// `name` is one of the tools, `arguments` an object that fits its input schema.
  virtual void call_tool(const Call& call, const std::string& name, const Json& arguments) = 0;
  /// Any URI: the application decides which ones exist.
  virtual void read_resource(const Call& call, const std::string& uri) = 0;
  /// The call was cancelled and should stop. finish and progress do nothing for it from now on.
  virtual void cancelled(CallId id, CancelledBy by) = 0;
};

}  // namespace delegate::mcp
