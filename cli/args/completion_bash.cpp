#include "cli/args/completion.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

// COMP_WORDS has `=` as a word of its own, unless the user removed it from COMP_WORDBREAKS.
constexpr std::string_view kFunctions = R"(
# Offers those of its words that begin with $cur.
_delegate_offer() {
  local word
  for word; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
  done
}

# The same for the first columns of the lines on stdin.
_delegate_offer_lines() {
  local line
  while IFS= read -r line; do
    _delegate_offer "${line%%$'\t'*}"
  done
}

_delegate() {
  local cur=${COMP_WORDS[COMP_CWORD]} command= expects= prefix= words=0 word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $expects ]]; then
      [[ $word == = ]] || expects=
      continue
    fi
    [[ $word == -- ]] && return 0
    _delegate_value "$command:$word"
    [[ -n $expects || $word == -?* ]] || _delegate_command "$command:$word" || words=$((words + 1))
  done
  if [[ -n $expects && $cur == = ]]; then
    cur=
  elif [[ -z $expects && $cur == --*=* ]]; then
    _delegate_value "$command:${cur%%=*}"
    prefix=${cur%%=*}=
    cur=${cur#*=}
    [[ -n $expects ]] || return 0
  elif [[ -z $expects && $cur == -* ]]; then
    _delegate_options
    return 0
  fi
  [[ -n $expects ]] || _delegate_word
  case $expects in
    '' | free) ;;
    choices\ *) _delegate_offer ${expects#* } ;;
    files)
      compopt -o filenames 2>/dev/null
      _delegate_offer_lines < <(compgen -f -- "$cur")
      ;;
    directories)
      compopt -o filenames 2>/dev/null
      _delegate_offer_lines < <(compgen -d -- "$cur")
      ;;
    *) _delegate_offer_lines < <("${COMP_WORDS[0]}" complete "$expects" 2>/dev/null) ;;
  esac
  return 0
}
complete -F _delegate delegate
)";

std::string expects(CommandTable table, const OptionRow& option) {
  const auto fixed = fixed_values(table, option);
  const std::vector<std::string> texts(fixed.begin(), fixed.end());
  if (!texts.empty()) return shell_quoted("choices " + join(texts, " "));
  if (option.kind == ValueKind::files) return "files";
  if (option.kind == ValueKind::directories) return "directories";
  const std::string_view asked = completed_by(option.kind);
  return asked.empty() ? "free" : std::string(asked);
}

void add_values(CommandTable table, std::string& script, std::string_view command, std::span<const OptionRow> options) {
  for (const OptionRow& option : options) {
    if (option.is_positional() || !option.needs_value()) continue;
    std::string patterns;
    for (const std::string_view name : names_of(option))
      patterns +=
          (patterns.empty() ? "" : " | ") + (command == "*" ? "*" : shell_quoted(command)) + ":" + std::string(name);
    script += "    " + patterns + ") expects=" + expects(table, option) + " ;;\n";
  }
}

std::string value_function(CommandTable table) {
  std::string script = "# What the option in \"$1\" (command:option) takes.\n_delegate_value() {\n  case $1 in\n";
  add_values(table, script, "*", global_options());
  for (const CommandRow* command : table)
    if (!command->is_hidden()) add_values(table, script, command->name, command->options);
  return script + "  esac\n}\n";
}

std::string command_function(CommandTable table) {
  std::string script = "\n# Is the last word of \"$1\" a command?\n_delegate_command() {\n  case $1 in\n";
  for (const CommandRow* command : table) {
    if (command->is_hidden()) continue;
    const std::size_t space = command->name.rfind(' ');
    const std::string above(space == std::string_view::npos ? "" : command->name.substr(0, space));
    script += "    " + shell_quoted(above + ":" + std::string(command->last_name())) +
              ") command=" + shell_quoted(command->name) + " ;;\n";
  }
  return script + "    *) return 1 ;;\n  esac\n}\n";
}

std::string all_names(std::span<const OptionRow> options) {
  std::string names;
  for (const OptionRow& option : options)
    if (!option.is_positional()) names += " " + join_names(option, " ");
  return names;
}

std::string options_function(CommandTable table) {
  std::string script =
      "\n_delegate_options() {\n  _delegate_offer" + all_names(global_options()) + "\n  case $command in\n";
  for (const CommandRow* command : table) {
    const std::string names = all_names(command->options);
    if (!command->is_hidden() && !names.empty())
      script += "    " + shell_quoted(command->name) + ") _delegate_offer" + names + " ;;\n";
  }
  return script + "  esac\n}\n";
}

void add_below(CommandTable table, std::string& script, const CommandRow* group) {
  std::vector<std::string> names;
  for (const CommandRow* below : table.below(group)) names.emplace_back(below->last_name());
  const std::string_view name = group == nullptr ? std::string_view() : group->name;
  if (!names.empty()) script += "    " + shell_quoted(name) + ") expects='choices " + join(names, " ") + "' ;;\n";
}

/// What a positional argument may be: a command, or a value that the command takes.
std::string word_function(CommandTable table) {
  std::string script = "\n_delegate_word() {\n  case $command in\n";
  add_below(table, script, nullptr);
  for (const CommandRow* command : table) {
    if (command->is_hidden()) continue;
    add_below(table, script, command);
    for (const OptionRow& option : command->options) {
      if (!option.is_positional() || expects(table, option) == "free") continue;
      const std::string first = option.repeats() ? "" : "((words > 0)) || ";
      script += "    " + shell_quoted(command->name) + ") " + first + "expects=" + expects(table, option) + " ;;\n";
    }
  }
  return script + "  esac\n}\n";
}

}  // namespace

std::string bash_completion(CommandTable table) {
  return "# Completion of delegate for bash.\n\n" + value_function(table) + command_function(table) +
         options_function(table) + word_function(table) + std::string(kFunctions);
}

}  // namespace delegate::cli
