#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
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
  std::string name, title, version, description, website;
};

/// Hints for approval prompts; only those that are set are sent.
struct ToolHints {
  std::optional<bool> read_only, destructive, idempotent, open_world;
};

/// Whether a call may become a task (2025-11-25).
enum class TaskSupport { forbidden, optional, required };

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
  std::optional<std::uint64_t> bytes;
  Json meta;
};

struct ResourceTemplate {
  std::string uri_template, name, title, description, mime_type;
  Json meta;
};

struct PromptArgument {
  std::string name, title, description;
  bool required = false;
};

struct Prompt {
  std::string name, title, description;
  std::vector<PromptArgument> arguments;
  Json meta;
};

/// What the application provides for the tasks of 2025-11-25.
struct TaskKeeping {
  std::function<std::chrono::system_clock::time_point()> now;
  std::function<std::string()> new_id;                        // unique and hard to guess
  std::chrono::milliseconds keep_for{std::chrono::hours{1}};  // after the start, if the client states no time
  std::chrono::milliseconds keep_at_most{std::chrono::hours{24}};
  std::chrono::milliseconds poll_interval{2000};
};

/// What the server offers, in the order in which it is listed. Empty or false: the server does not have it.
struct Capabilities {
  Implementation info;
  std::string instructions;  // for the model; clients cut them after 2 KB
  std::vector<Tool> tools;
  std::vector<Resource> resources;
  std::vector<ResourceTemplate> resource_templates;
  std::vector<Prompt> prompts;
  bool completions = false;             // Service::complete answers
  bool logging = false;                 // Connection::log is used
  bool resource_subscriptions = false;  // Connection::resource_updated is used
  bool list_changes = false;  // Connection::list_changed is used, only for lists that are not empty at the start
  std::optional<TaskKeeping> tasks;
  std::chrono::milliseconds lists_fresh_for{0};  // how long a client may keep a list (2026-07-28)
};

// ---- calls

/// One call of a tool, reading of a resource, prompt or completion, from its beginning until it is finished or
/// cancelled.
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
  Json meta;                                 // `_meta` as the client sent it, or null
  Json input_responses;                      // the answers to an InputRequired, by key; null at first
  std::optional<std::string> request_state;  // of that InputRequired; a client may have changed it
};

/// Asks for values of an argument of a prompt, or of a variable of a resource template, while it is being typed.
struct CompletionQuery {
  std::string prompt;        // name, or empty
  std::string uri_template;  // or empty
  std::string argument, typed;
  std::map<std::string, std::string> others;  // the arguments that have values already
};

// ---- answers

struct Text {
  std::string text;
};
struct Image {
  std::string base64, mime_type;
};
struct Audio {
  std::string base64, mime_type;
};
struct ResourceLink {
  std::string uri, name, title, description, mime_type;
};
/// The contents of a resource: text, or bytes in base64.
struct ResourceContents {
  std::string uri, mime_type;
  std::string text;
  std::string base64;  // if not empty: instead of the text
};
/// For a version without one of these types, a text describes it.
using Content = std::variant<Text, Image, Audio, ResourceLink, ResourceContents>;

struct ToolResult {
  std::vector<Content> content;
  std::optional<Json> structured;  // fits the output schema; before 2026-07-28 only sent if it is an object
  bool is_error = false;
  Json meta;
};

struct ResourceResult {
  std::vector<ResourceContents> contents;
  std::chrono::milliseconds fresh_for{0};
};

struct PromptMessage {
  enum class Role { user, assistant };
  Role role = Role::user;
  Content content;
};

struct PromptResult {
  std::string description;
  std::vector<PromptMessage> messages;
};

/// Best first; at most a hundred are sent.
struct CompletionResult {
  std::vector<std::string> values;
};

/// The call needs input from the client: `elicitation/create`, `sampling/createMessage` or `roots/list`. The Service
/// then gets the same call again with a new id, `input_responses` and `request_state`. A client without the capability
/// gets an error instead. Not for completions.
struct InputRequired {
  struct Request {
    std::string method;
    Json params = Json::object();
  };
  std::map<std::string, Request> requests;
  std::optional<std::string> state;
};

/// An error of the protocol, which models do not see: the failure of a tool is a ToolResult.
struct Failure {
  enum class Reason { invalid_params, resource_not_found, missing_capability, internal };
  Reason reason = Reason::internal;
  std::string message;
  Json data;  // of missing_capability: the capabilities, as in {"sampling": {}}
};

using Answer = std::variant<ToolResult, ResourceResult, PromptResult, CompletionResult, InputRequired, Failure>;

/// The application. It is called by Connection::feed, end_of_input and finish, and may call the Connection back at once
/// or later. It must finish every call that is not cancelled.
class Service {
 public:
  virtual ~Service() = default;
  /// The same object for the whole life of the connection; call list_changed after changing it.
  virtual const Capabilities& capabilities() const = 0;
  /// `name` is one of the tools, `arguments` an object that fits its input schema.
  virtual void call_tool(const Call& call, const std::string& name, const Json& arguments) = 0;
  /// Any URI: the application decides which ones exist.
  virtual void read_resource(const Call& call, const std::string& uri) = 0;
  /// `name` is one of the prompts, and all its required arguments are there.
  virtual void get_prompt(const Call& call, const std::string& name,
                          const std::map<std::string, std::string>& arguments) = 0;
  virtual void complete(const Call& call, const CompletionQuery& query) = 0;
  /// The call was cancelled and should stop. finish and progress do nothing for it from now on.
  virtual void cancelled(CallId id) = 0;
};

}  // namespace delegate::mcp
