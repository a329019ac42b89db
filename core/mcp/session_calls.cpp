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
  auto task = task_wanted(incoming, *tool, offered);
  if (auto* why = std::get_if<Refusal>(&task)) return std::move(*why);
  // A result, because only that reaches the model, which can correct the arguments.
  if (auto complaint = validate(arguments, tool->input_schema))
    return wire(ToolResult{{Text{"The arguments of " + *name + " are wrong.\n" + *complaint}}, {}, true},
                incoming.version());
  const auto& wanted = std::get<TaskWanted>(task);
  ToolCall call{*name, std::move(arguments), offered.tasks && tool->task_support == TaskSupport::optional};
  return wanted.wanted ? calls_.start_task(incoming, std::move(call), wanted.keep_for)
                       : calls_.start(incoming, std::move(call));
}

Reply Session::read_resource(const IncomingRequest& incoming) {
  auto uri = text_member(incoming.params, "uri");
  if (!uri) return invalid_params("uri is not a string");
  return calls_.start(incoming, ResourceRead{std::move(*uri)});
}

}  // namespace delegate::mcp
