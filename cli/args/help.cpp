#include "cli/args/help.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

struct Line {
  std::string_view group;  // empty: as the line before
  std::string left;
  std::string_view right;
};

std::vector<Line> option_lines(std::span<const OptionRow> options) {
  std::vector<Line> lines;
  for (const OptionRow& option : options) {
    std::string left = heading_of(option);
    if (option.names.starts_with("--")) left.insert(0, "    ");  // under the long names of those that have a short one
    lines.push_back({option.group, std::move(left), option.help});
  }
  return lines;
}

std::vector<Line> command_lines(CommandTable table, const CommandRow* group) {
  std::vector<Line> lines;
  for (const CommandRow* command : table.below(group)) {
    std::string left(command->last_name());
    for (const OptionRow& option : command->options)
      if (option.is_positional() && group != nullptr) left += " " + heading_of(option);
    lines.push_back({group == nullptr ? command->group : std::string_view(), std::move(left), command->help});
  }
  return lines;
}

/// The lines under their headings, right sides under each other.
std::string aligned(const std::vector<Line>& lines, std::string_view heading) {
  std::size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.left.size());
  std::string text;
  std::string_view group;
  for (const Line& line : lines) {
    const std::string_view next = !line.group.empty() ? line.group : group.empty() ? heading : group;
    if (next != group) text += "\n" + std::string(next) + ":\n";
    group = next;
    text += "  " + line.left + std::string(width - line.left.size() + 2, ' ') + std::string(line.right) + "\n";
  }
  return text;
}

std::string global_line() {
  std::string line;
  for (const OptionRow& option : global_options()) {
    std::string one = join_names(option, "/");
    if (option.choices != nullptr) one += " " + join_choices(option, "|");
    else if (!option.is_flag()) one += " " + std::string(option.value);
    line += (line.empty() ? "" : ", ") + one;
  }
  return "\nGlobal: " + line + "\n";
}

std::string example_lines(std::span<const std::string_view> examples) {
  if (examples.empty()) return {};
  if (examples.size() == 1) return "\nExample: " + std::string(examples.front()) + "\n";
  std::string text = "\nExamples:\n";
  for (const std::string_view example : examples) text += "  " + std::string(example) + "\n";
  return text;
}

constexpr std::string_view kExamples[] = {
    "git diff | delegate ask \"review this\"",
};

std::string exit_lines() {
  std::string text = "\nExit codes:";
  std::size_t column = text.size() - 1;
  for (const ExitRow& exit : exit_statuses()) {
    const bool is_last = &exit == &exit_statuses().back();
    const std::string one = " " + std::string(exit.code) + " " + std::string(exit.brief) + (is_last ? "\n" : ",");
    if (column + one.size() > 79) text += "\n ", column = 1;
    text += one;
    column += one.size();
  }
  return text;
}

}  // namespace

std::string help_page(CommandTable table, const CommandRow* command) {
  std::string text = "Usage: " + usage_of(command) + "\n\n";
  if (command == nullptr)
    return text + std::string(synopsis()) + "\n" + aligned(command_lines(table, nullptr), {}) + global_line() +
           example_lines(kExamples) + exit_lines() +
           "If something fails: delegate doctor. More: delegate help COMMAND, man delegate\n";
  text += std::string(command->help) + ".\n";
  text += command->is_group() ? aligned(command_lines(table, command), "Commands")
                              : aligned(option_lines(command->options), "Options");
  return text + global_line() + example_lines(command->examples);
}

}  // namespace delegate::cli
