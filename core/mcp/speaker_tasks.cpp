#include <utility>

#include "core/mcp/speaker.hpp"

// The tasks of 2025-11-25.
namespace delegate::mcp {

std::variant<std::string, Refusal> Speaker::task_named_in(const Asked& asked) {
  const auto name = text_member(asked.params, "taskId");
  if (!name) return invalid_params("taskId is not a string");
  tasks_.expire(*service_.offer().tasks);
  if (!tasks_.has(*name)) return invalid_params("there is no such task, or it has been forgotten");
  return *name;
}

Reply Speaker::get_task(const Asked& asked) {
  auto named = task_named_in(asked);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  return tasks_.describe(*service_.offer().tasks, std::get<std::string>(named));
}

Reply Speaker::task_result(const Asked& asked) {
  auto named = task_named_in(asked);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  const auto& name = std::get<std::string>(named);
  if (tasks_.is_over(name)) return std::visit([](const auto& outcome) { return Reply{outcome}; }, tasks_.outcome(name));
  in_flight_.add(asked.seat.id, AwaitsTask{name});
  tasks_.wait(name, asked.seat);
  return Later{};
}

Reply Speaker::list_tasks(const Asked& asked) {
  if (!member(asked.params, "cursor").is_null()) return invalid_params("there is no such page");
  const TaskKeeping& keeping = *service_.offer().tasks;
  tasks_.expire(keeping);
  Json result{{"tasks", Json::array()}};
  for (const std::string& name : tasks_.names()) result["tasks"].push_back(tasks_.describe(keeping, name));
  return result;
}

Reply Speaker::cancel_task(const Asked& asked) {
  auto named = task_named_in(asked);
  if (auto* why = std::get_if<Refusal>(&named)) return std::move(*why);
  const auto& name = std::get<std::string>(named);
  if (tasks_.is_over(name)) return invalid_params("the task is over");
  calls_.cancel(tasks_.call_of(name));
  return tasks_.describe(*service_.offer().tasks, name);
}

}  // namespace delegate::mcp
