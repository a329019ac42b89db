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

// What an MCP server is made of: what it offers, what it is asked, what it answers. The application implements Service
// and never sees the wire; Connection speaks every version of the protocol for it.
//
// Text is UTF-8. A field that is empty (or a Json that is null) is not on the wire.
namespace delegate::mcp {

// ---- what is offered
// -------------------------------------------------------------------------------------------------

struct Implementation {
  std::string name, title, version, description, website;
};

/// Hints for approval prompts; what is not set is not said.
struct ToolHints {
  std::optional<bool> read_only, destructive, idempotent, open_world;
};

/// Whether a call may become a task of its own (2025-11-25).
enum class TaskSupport { forbidden, optional, required };

struct Tool {
  std::string name, title, description;
  /// An object schema of the keywords that schema.hpp knows; arguments are checked against it before the call, and
  /// what is absent and has a default gets it.
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

/// What the tasks of 2025-11-25 need from outside.
struct TaskKeeping {
  std::function<std::chrono::system_clock::time_point()> now;
  std::function<std::string()> new_id;                        // never the same twice, hard to guess
  std::chrono::milliseconds keep_for{std::chrono::hours{1}};  // after its beginning, when the client names no time
  std::chrono::milliseconds keep_at_most{std::chrono::hours{24}};
  std::chrono::milliseconds poll_interval{2000};
};

/// Everything in the order in which it is to be listed. What is empty or off is no capability of the server.
struct Offer {
  Implementation info;
  std::string instructions;  // for the model; clients cut them at 2 KB
  std::vector<Tool> tools;
  std::vector<Resource> resources;
  std::vector<ResourceTemplate> resource_templates;
  std::vector<Prompt> prompts;
  bool completions = false;             // Service::complete answers
  bool logging = false;                 // Connection::log is used
  bool resource_subscriptions = false;  // Connection::resource_updated is used
  bool list_changes = false;            // Connection::list_changed is used: for what is offered at the beginning
  std::optional<TaskKeeping> tasks;
  std::chrono::milliseconds lists_fresh_for{0};  // how long a client may keep a list (2026-07-28)
};

// ---- what is asked
// ---------------------------------------------------------------------------------------------------

/// One call of a tool, reading of a resource, prompt or completion, from its beginning until it is finished or
/// cancelled.
enum class CallId : std::uint64_t {};

/// Who asks, in its own words: for display, not to be trusted.
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
  Json meta;             // `_meta` as the client sent it, or null
  Json input_responses;  // what the client answered to an InputRequired, by key; null the first time
  std::optional<std::string> request_state;  // of that InputRequired; a client may have changed it
};

/// A value for an argument of a prompt, or for a variable of a resource template, is being typed.
struct CompletionQuery {
  std::string prompt;        // name, or empty
  std::string uri_template;  // or empty
  std::string argument, typed;
  std::map<std::string, std::string> others;  // the arguments that are there already
};

// ---- what is answered
// ------------------------------------------------------------------------------------------------

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
/// What is in a resource: text, or bytes in base64.
struct ResourceContents {
  std::string uri, mime_type;
  std::string text;
  std::string base64;  // when not empty, instead of the text
};
/// A version that does not know a kind gets text that says what is there.
using Content = std::variant<Text, Image, Audio, ResourceLink, ResourceContents>;

struct ToolResult {
  std::vector<Content> content;
  std::optional<Json> structured;  // of the output schema; an object, for versions before 2026-07-28 to get it
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

/// Best first; more than a hundred are cut.
struct CompletionResult {
  std::vector<std::string> values;
};

/// The call cannot go on without the client: `elicitation/create`, `sampling/createMessage` or `roots/list`. It comes
/// again, as the same call of the Service with a new id, with `input_responses` and `request_state`. How the client is
/// asked is up to its version. One that never declared it can do this gets an error instead. Not for completions.
struct InputRequired {
  struct Request {
    std::string method;
    Json params = Json::object();
  };
  std::map<std::string, Request> requests;
  std::optional<std::string> state;
};

/// An error of the protocol, which a model does not get to see: a tool that fails says so in a ToolResult.
struct Failure {
  enum class Kind { invalid_params, resource_not_found, missing_capability, internal };
  Kind kind = Kind::internal;
  std::string message;
  Json data;  // of missing_capability: the capabilities, as in {"sampling": {}}
};

using Answer = std::variant<ToolResult, ResourceResult, PromptResult, CompletionResult, InputRequired, Failure>;

/// The application. Called from within Connection::feed and end_of_input, and from finish when the client answered; it
/// may call the Connection back at once, or later. Every call is finished, whatever happens, unless it is cancelled.
class Service {
 public:
  virtual ~Service() = default;
  /// What is offered now. The same object for all the connection's life; call list_changed after changing it.
  virtual const Offer& offer() const = 0;
  /// `name` is one of the offer's tools, `arguments` an object that fits its input schema.
  virtual void call_tool(const Call& call, const std::string& name, const Json& arguments) = 0;
  /// Any URI: which ones there are is for the application to say.
  virtual void read_resource(const Call& call, const std::string& uri) = 0;
  /// `name` is one of the offer's prompts, and all arguments that it requires are there.
  virtual void get_prompt(const Call& call, const std::string& name,
                          const std::map<std::string, std::string>& arguments) = 0;
  virtual void complete(const Call& call, const CompletionQuery& query) = 0;
  /// Nobody waits for this call any more: stop what it does. finish and progress do nothing from now on.
  virtual void cancelled(CallId id) = 0;
};

}  // namespace delegate::mcp
