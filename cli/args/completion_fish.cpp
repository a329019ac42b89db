#include "cli/args/completion.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr std::string_view kFishFunctions = R"(
# Is this the command of the line so far?
function __delegate_at
    set -l command (__delegate_command)
    test "$command" = "$argv[1]"
end

# Values that only the program knows. Each line is a word, a tab and a description.
function __delegate_words
    set -l tokens (commandline -opc)
    command $tokens[1] complete $argv[1] 2>/dev/null
end

complete -c delegate -f
)";

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string patterns(std::string_view command, std::span<const OptionRow> options) {
  std::string text;
  for (const OptionRow& option : options)
    if (!option.is_positional() && option.needs_value())
      for (const std::string_view name : names_of(option))
        text += " " + quoted(std::string(command) + ":" + std::string(name));
  return text;
}

/// Walks the line and skips options with their values.
std::string command_query(CommandTable table) {
  std::string valued = patterns("*", global_options());
  std::string cases;
  for (const CommandRow* command : table) {
    if (command->is_hidden()) continue;
    valued += patterns(command->name, command->options);
    const std::size_t space = command->name.rfind(' ');
    const std::string above(space == std::string_view::npos ? "" : command->name.substr(0, space));
    cases += "            case " + quoted(above + ":" + std::string(command->last_name())) +
             "\n                set command " + quoted(command->name) + "\n";
  }
  return "function __delegate_command\n    set -l command ''\n    set -l is_value 0\n    set -l tokens (commandline "
         "-opc)\n"
         "    for word in $tokens[2..-1]\n        if test $is_value = 1\n            set is_value 0\n"
         "            continue\n        end\n        switch \"$command:$word\"\n            case '*:--'\n"
         "                set command --\n                break\n            case" +
         valued + "\n                set is_value 1\n" + cases +
         "        end\n    end\n    printf '%s\\n' $command\nend\n";
}

/// How the value or argument is completed.
std::string offers(CommandTable table, const OptionRow& option) {
  const auto fixed = fixed_values(table, option);
  const std::vector<std::string> texts(fixed.begin(), fixed.end());
  if (!texts.empty()) return " -a " + quoted(join(texts, " "));
  if (option.kind == ValueKind::directories) return " -a '(__fish_complete_directories)'";
  const std::string_view asked = completed_by(option.kind);
  return asked.empty() ? "" : " -k -a " + quoted("(__delegate_words " + std::string(asked) + ")");
}

void add_options(CommandTable table, std::string& script, const std::string& beginning,
                 std::span<const OptionRow> options) {
  for (const OptionRow& option : options) {
    if (option.is_positional()) {
      if (const std::string words = offers(table, option); !words.empty()) script += beginning + words + "\n";
      continue;
    }
    script += beginning;
    for (const std::string_view name : names_of(option))
      script += name.starts_with("--") ? " -l " + std::string(name.substr(2)) : " -s " + std::string(name.substr(1));
    if (option.needs_value()) script += option.kind == ValueKind::files ? " -r -F" : " -x" + offers(table, option);
    script += " -d " + quoted(option.help) + "\n";
  }
}

}  // namespace

std::string fish_completion(CommandTable table) {
  std::string script = "# Completion of delegate for fish.\n\n" + command_query(table) + std::string(kFishFunctions);
  add_options(table, script, "complete -c delegate", global_options());
  for (const CommandRow* command : table) {
    if (command->is_hidden()) continue;
    const std::size_t space = command->name.rfind(' ');
    const std::string above(space == std::string_view::npos ? "" : command->name.substr(0, space));
    script += "complete -c delegate -n " + quoted("__delegate_at '" + above + "'") + " -a " +
              quoted(command->last_name()) + " -d " + quoted(command->help) + "\n";
    add_options(table, script,
                "complete -c delegate -n " + quoted("__delegate_at '" + std::string(command->name) + "'"),
                command->options);
  }
  return script;
}

}  // namespace delegate::cli
