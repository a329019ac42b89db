#include "core/route/task_type.hpp"

#include <array>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::array<std::string_view, 8> kNames{"summarize", "explain", "docstring", "review",
                                                 "ask",       "test",    "diagnose",  "improve"};
constexpr std::size_t kInspected = 4096;

struct Rule {
  TaskType type;
  std::array<std::string_view, 6> words;  // empty entries match nothing
};
constexpr std::array kRules{
    Rule{TaskType::diagnose, {"traceback", "exception", "stack trace", "exit code", "failed", "error"}},
    Rule{TaskType::review, {"review", "regression", "bug risk", "audit"}},
    Rule{TaskType::test, {"test", "tests", "pytest", "unit test", "integration test"}},
    Rule{TaskType::docstring, {"docstring", "document", "documentation"}},
    Rule{TaskType::summarize, {"summarize", "summary", "tl;dr"}},
    Rule{TaskType::improve, {"improve", "refactor", "clean up", "optimize"}},
};

/// Cut between words, because part of a word may be another word.
std::string_view beginning_of(std::string_view prompt) {
  if (prompt.size() <= kInspected) return prompt;
  return prompt.substr(0, prompt.find_last_of(" \t\r\n", kInspected));
}

}  // namespace

std::string_view to_string(TaskType type) { return kNames[static_cast<std::size_t>(type)]; }

std::optional<TaskType> task_type_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<TaskType>(i);
  return std::nullopt;
}

InferredType infer_task_type(std::string_view prompt) {
  const std::string_view beginning = beginning_of(prompt);
  for (const Rule& rule : kRules)
    for (const std::string_view word : rule.words)
      if (!word.empty() && contains_word(beginning, word)) return {rule.type, word};
  return {};
}

}  // namespace delegate
