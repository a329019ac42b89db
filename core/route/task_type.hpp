#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace delegate {

enum class TaskType { summarize, explain, docstring, review, ask, test, diagnose, improve };

std::string_view to_string(TaskType type);
std::optional<TaskType> task_type_named(std::string_view name);

struct InferredType {
  TaskType type = TaskType::explain;
  std::string_view word;  // the word of the prompt that decided; empty: none
};
/// From the prompt alone: the first rule with a matching whole word ("latest" does not contain the word "test"). Of a
/// long prompt only the beginning counts, where the instruction usually is.
InferredType infer_task_type(std::string_view prompt);

}  // namespace delegate
