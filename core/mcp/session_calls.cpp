#include <algorithm>
#include <utility>

#include "core/mcp/schema.hpp"
#include "core/mcp/session.hpp"
#include "core/mcp/wire.hpp"

// Methods for the application, checked as far as the protocol allows.
namespace delegate::mcp {
namespace {

template <class Item>
const Item* named(const std::vector<Item>& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

/// The answers of a client of 2026-07-28 that repeats its call.
std::optional<Refusal> fault_in_answers(const IncomingRequest& incoming) {
  if (!is_modern(incoming.version())) return std::nullopt;
  if (incoming.params.contains("requestState") && !incoming.params.at("requestState").is_string())
    return invalid_params("requestState is not a string");
  if (!incoming.params.contains("inputResponses")) return std::nullopt;
  const Json& responses = incoming.params.at("inputResponses");
  const bool fine = responses.is_object() && std::all_of(responses.begin(), responses.end(),
                                                         [](const Json& response) { return response.is_object(); });
  return fine ? std::nullopt : std::optional(invalid_params("inputResponses is not an object of objects"));
}

/// Arguments of prompts and completions: text by name.
std::optional<std::map<std::string, std::string>> texts(const Json& json) {
  std::map<std::string, std::string> found;
  if (json.is_null()) return found;
  if (!json.is_object()) return std::nullopt;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return std::nullopt;
    found[name] = value.get<std::string>();
  }
  return found;
}

struct TaskWanted {
  bool wanted = false;
  std::optional<std::chrono::milliseconds> keep_for;
};

std::variant<TaskWanted, Refusal> task_wanted(const IncomingRequest& incoming, const Tool& tool,
                                              const Capabilities& offered) {
  // A server without tasks ignores the request for one.
  if (!has_core_tasks(incoming.version()) || !offered.tasks) return TaskWanted{};
  const Json& task = member(incoming.params, "task");
  if (!task.is_null() && !task.is_object()) return invalid_params("task is not an object");
  if (task.is_null() && tool.task_support == TaskSupport::required)
    return Refusal{ErrorCode::method_not_found, "this tool can only be called as a task", nullptr};
  if (!task.is_null() && tool.task_support == TaskSupport::forbidden)
    return Refusal{ErrorCode::method_not_found, "this tool cannot be called as a task", nullptr};
  TaskWanted wanted{!task.is_null(), std::nullopt};
  const Json& ttl = member(task, "ttl");
  if (ttl.is_null()) return wanted;
  const double milliseconds = ttl.is_number() ? ttl.get<double>() : -1;
  if (milliseconds < 0) return invalid_params("ttl is not a number of milliseconds");
  // Avoids an overflow; the application's maximum is lower.
  constexpr double kYear = 365.0 * 24 * 3600 * 1000;
  wanted.keep_for = std::chrono::milliseconds(static_cast<std::int64_t>(std::min(milliseconds, kYear)));
  return wanted;
}

}  // namespace

Reply Session::call_tool(const IncomingRequest& incoming) {
  const Capabilities& offered = service_.capabilities();
  const auto name = text_member(incoming.params, "name");
  if (!name) return invalid_params("name is not a string");
  const Tool* tool = named(offered.tools, *name);
  if (tool == nullptr) return invalid_params("unknown tool " + echoed(*name));
  Json arguments = member(incoming.params, "arguments");
  if (arguments.is_null()) arguments = Json::object();
  if (!arguments.is_object()) return invalid_params("arguments is not an object");
  if (auto why = fault_in_answers(incoming)) return std::move(*why);
  auto task = task_wanted(incoming, *tool, offered);
  if (auto* why = std::get_if<Refusal>(&task)) return std::move(*why);
  // A result, because only that reaches the model, which can correct the arguments.
  if (auto complaint = validate(arguments, tool->input_schema))
    return wire(ToolResult{{Text{"The arguments of " + *name + " are wrong.\n" + *complaint}}, {}, true, nullptr},
                incoming.version());
  const auto& wanted = std::get<TaskWanted>(task);
  ToolCall call{*name, std::move(arguments)};
  return wanted.wanted ? calls_.start_task(incoming, std::move(call), wanted.keep_for)
                       : calls_.start(incoming, std::move(call));
}

Reply Session::read_resource(const IncomingRequest& incoming) {
  auto uri = text_member(incoming.params, "uri");
  if (!uri) return invalid_params("uri is not a string");
  if (auto why = fault_in_answers(incoming)) return std::move(*why);
  return calls_.start(incoming, ResourceRead{std::move(*uri)});
}

Reply Session::get_prompt(const IncomingRequest& incoming) {
  const auto name = text_member(incoming.params, "name");
  if (!name) return invalid_params("name is not a string");
  const Prompt* prompt = named(service_.capabilities().prompts, *name);
  if (prompt == nullptr) return invalid_params("unknown prompt " + echoed(*name));
  auto arguments = texts(member(incoming.params, "arguments"));
  if (!arguments) return invalid_params("arguments is not an object of strings");
  for (const PromptArgument& argument : prompt->arguments)
    if (argument.required && arguments->count(argument.name) == 0)
      return invalid_params("the argument " + argument.name + " is required");
  if (auto why = fault_in_answers(incoming)) return std::move(*why);
  return calls_.start(incoming, PromptCall{*name, std::move(*arguments)});
}

Reply Session::complete_argument(const IncomingRequest& incoming) {
  const Json& reference = member(incoming.params, "ref");
  const Json& argument = member(incoming.params, "argument");
  auto name = text_member(argument, "name");
  auto typed = text_member(argument, "value");
  auto others = texts(member(member(incoming.params, "context"), "arguments"));
  if (!name || !typed || !others) return invalid_params("argument needs a name and a value, and context strings");
  CompletionQuery query{{}, {}, std::move(*name), std::move(*typed), std::move(*others)};
  const auto type = text_member(reference, "type");
  if (type == "ref/prompt") {
    query.prompt = text_member(reference, "name").value_or("");
    if (named(service_.capabilities().prompts, query.prompt) == nullptr)
      return invalid_params("unknown prompt " + echoed(query.prompt));
  } else if (type == "ref/resource" && text_member(reference, "uri")) {
    query.uri_template = *text_member(reference, "uri");
  } else {
    return invalid_params("ref is neither a prompt nor a resource");
  }
  return calls_.start(incoming, std::move(query));
}

}  // namespace delegate::mcp
