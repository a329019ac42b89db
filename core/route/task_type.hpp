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
  std::string_view word;  // what in the prompt decided; empty: nothing did
};
/// From the prompt alone, whole words only (A49 and its trap: no "test" in "latest"), first rule that matches.
/// Of a long prompt only the beginning is looked at: the instruction stands there.
InferredType infer_task_type(std::string_view prompt);

}  // namespace delegate
