#include "cli/args/completion.hpp"

namespace delegate::cli {

std::string_view asked_for(Words words) {
  switch (words) {
    case Words::backends: return "backends";
    case Words::candidates: return "candidates";
    case Words::runs: return "runs";
    case Words::keys: return "keys";
    case Words::outcomes: return "outcomes";
    default: return {};
  }
}

std::vector<std::string_view> fixed_words(const OptionText& option) {
  if (option.words == Words::choices) return option.choices();
  std::vector<std::string_view> names;
  if (option.words == Words::commands)
    for (const CommandText* command : commands_below({})) names.push_back(command->name);
  return names;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

}  // namespace delegate::cli
