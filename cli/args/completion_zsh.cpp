#include "cli/args/completion.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr std::string_view kOpening = R"zsh(#compdef delegate
# Completion of delegate for zsh.

# Values that only the program knows: KIND and a title. Each line is a word, a tab and a description.
_delegate_words() {
  local -a offers
  local line tab=$'\t'
  for line in ${(f)"$($_delegate_program complete $1 2>/dev/null)"}; do
    offers+=("${line%%$tab*}:${line#*$tab}")
  done
  _describe -V -t $1 $2 offers
}
)zsh";

constexpr std::string_view kClosing = R"zsh(
_delegate() {
  local _delegate_program=$words[1]
  _delegate_top
}

# Loaded from $fpath, this is the first call; loaded with `source`, nothing is completed yet.
if [[ $funcstack[1] == _delegate ]]; then
  _delegate "$@"
else
  compdef _delegate delegate
fi
)zsh";

/// "_delegate_breaker_trip".
std::string function_of(const CommandRow* command) {
  std::string name = "_delegate_" + (command == nullptr ? std::string("top") : std::string(command->name));
  for (char& c : name)
    if (c == ' ') c = '_';
  return name;
}

/// Text inside the brackets of a specification.
std::string bracketed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return "[" + out + "]";
}

/// What completes a value: `:NAME:ACTION`.
std::string action(CommandTable table, const OptionRow& option) {
  const std::string title(option.value);
  const auto fixed = fixed_values(table, option);
  const std::vector<std::string> texts(fixed.begin(), fixed.end());
  if (!texts.empty()) return ":" + title + ":(" + join(texts, " ") + ")";
  if (option.kind == ValueKind::files) return ":" + title + ":_files";
  if (option.kind == ValueKind::directories) return ":" + title + ":_files -/";
  const std::string_view asked = completed_by(option.kind);
  return ":" + title + ": " + (asked.empty() ? "" : "_delegate_words " + std::string(asked) + " " + title);
}

void add_specifications(CommandTable table, std::string& script, std::span<const OptionRow> options) {
  for (const OptionRow& option : options) {
    if (option.is_positional()) {
      script += " \\\n    " + shell_quoted((option.repeats() ? "*" : "1") + action(table, option));
      continue;
    }
    const std::string before = option.repeats() ? "*" : "(" + join_names(option, " ") + ")";
    for (const std::string_view name : names_of(option)) {
      const std::string taking = option.is_flag()         ? ""
                                 : !option.needs_value()  ? "=-"
                                 : name.starts_with("--") ? "="
                                                          : "+";
      const std::string optional = option.is_flag() || option.needs_value() ? "" : ":";
      script += " \\\n    " + shell_quoted(before + std::string(name) + taking + bracketed(option.help) + optional +
                                           (option.is_flag() ? "" : action(table, option)));
    }
  }
}

/// A command whose first word is another command.
std::string group_function(CommandTable table, const CommandRow* command) {
  std::string offers;
  std::string cases;
  for (const CommandRow* below : table.below(command)) {
    const std::string name(below->last_name());
    offers += "\n        " + shell_quoted(name + ":" + std::string(below->help));
    cases += "        " + name + ") " + function_of(below) + " ;;\n";
  }
  std::string script = "\n" + function_of(command) + "() {\n  local curcontext=$curcontext state line\n" +
                       "  local -A opt_args\n  _arguments -C -S";
  add_specifications(table, script, global_options());
  return script + " \\\n    '1: :->command' '*:: :->words' && return\n  case $state in\n    command)\n" +
         "      local -a offers=(" + offers + ")\n      _describe -t commands command offers\n      ;;\n" +
         "    words)\n      case $line[1] in\n" + cases + "      esac\n      ;;\n  esac\n}\n";
}

std::string leaf_function(CommandTable table, const CommandRow* command) {
  std::string script = "\n" + function_of(command) + "() {\n  _arguments -S";
  add_specifications(table, script, global_options());
  add_specifications(table, script, command->options);
  return script + "\n}\n";
}

}  // namespace

std::string zsh_completion(CommandTable table) {
  std::string script(kOpening);
  for (const CommandRow* command : table)
    if (!command->is_hidden())
      script += command->is_group() ? group_function(table, command) : leaf_function(table, command);
  return script + group_function(table, nullptr) + std::string(kClosing);
}

}  // namespace delegate::cli
