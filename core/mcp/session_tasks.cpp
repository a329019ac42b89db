#include <utility>

#include "core/mcp/session.hpp"
#include "core/mcp/wire.hpp"

// The tasks of 2025-11-25, and of the extension of 2026-07-28.
namespace delegate::mcp {

std::variant<std::string, Refusal> Session::task_named_in(const IncomingRequest& incoming) {
  if (is_modern(incoming.version()) && !has_task_extension(incoming.client)) return needs_task_extension();
  const auto name = text_member(incoming.params, "taskId");
  if (!name) return invalid_params("taskId is not a string");
  tasks_.expire(*service_.capabilities().tasks);
  if (!tasks_.has(*name)) return invalid_params("unknown task, or it has been forgotten");
  return *name;
}

Reply Session::get_task(const IncomingRequest& incoming) {
  auto named = task_named_in(incoming);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  return tasks_.describe(*service_.capabilities().tasks, std::get<std::string>(named), incoming.version());
}

Reply Session::task_result(const IncomingRequest& incoming) {
  auto named = task_named_in(incoming);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  const auto& name = std::get<std::string>(named);
  if (tasks_.is_over(name)) return std::visit([](const auto& outcome) { return Reply{outcome}; }, tasks_.outcome(name));
  in_flight_.add(incoming.to.id, AwaitsTask{name});
  tasks_.wait(name, incoming.to);
  return Later{};
}

Reply Session::list_tasks(const IncomingRequest& incoming) {
  if (!member(incoming.params, "cursor").is_null()) return invalid_params("unknown cursor");
  const TaskKeeping& keeping = *service_.capabilities().tasks;
  tasks_.expire(keeping);
  Json result{{"tasks", Json::array()}};
  for (const std::string& name : tasks_.names())
    result["tasks"].push_back(tasks_.describe(keeping, name, incoming.version()));
  return result;
}

/// The answers to what the server has asked for, which is nothing.
Reply Session::update_task(const IncomingRequest& incoming) {
  auto named = task_named_in(incoming);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  return Json::object();
}

Reply Session::cancel_task(const IncomingRequest& incoming) {
  auto named = task_named_in(incoming);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  const auto& name = std::get<std::string>(named);
  const bool modern = is_modern(incoming.version());
  if (!tasks_.is_over(name)) calls_.cancel(tasks_.call_of(name), CancelledBy::client);
  else if (!modern) return invalid_params("the task is over");
  return modern ? Json::object() : tasks_.describe(*service_.capabilities().tasks, name, incoming.version());
}

}  // namespace delegate::mcp
