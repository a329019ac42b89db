#include "cli/args/completion.hpp"

namespace delegate::cli {

std::string_view completed_by(ValueKind kind) {
  switch (kind) {
    case ValueKind::backends: return "backends";
    case ValueKind::candidates: return "candidates";
    case ValueKind::runs: return "runs";
    case ValueKind::unended: return "unended";
    case ValueKind::writing: return "writing";
    case ValueKind::keys: return "keys";
    case ValueKind::outcomes: return "outcomes";
    default: return {};
  }
}

std::vector<std::string_view> fixed_values(CommandTable table, const OptionRow& option) {
  if (option.kind == ValueKind::choices) return option.choices();
  std::vector<std::string_view> names;
  if (option.kind == ValueKind::commands)
    for (const CommandRow* command : table.below(nullptr)) names.push_back(command->name);
  return names;
}

}  // namespace delegate::cli
