#include "cli/args/usage.hpp"

#include <algorithm>
#include <charconv>

#include "cli/args/other_words.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

using Problem = std::optional<UsageError>;

constexpr std::size_t kMostOfPrompt = 60;  // bytes

std::string quoted(const std::string& word) { return "'" + one_line(word, 80) + "'"; }

/// "breaker trip: "; nothing for the program itself.
std::string where(const CommandRow* command) {
  return command == nullptr ? std::string() : std::string(command->name) + ": ";
}

std::string see_help(const CommandRow* command) {
  return "see `delegate " + (command == nullptr ? "" : std::string(command->name) + " ") + "--help`";
}

/// Every option of this command, without its positional arguments.
std::vector<const OptionRow*> options_of(const CommandRow* command) {
  std::vector<const OptionRow*> options;
  if (command != nullptr)
    for (const OptionRow& option : command->options)
      if (!option.is_positional()) options.push_back(&option);
  for (const OptionRow& option : global_options()) options.push_back(&option);
  return options;
}

bool has_name(const OptionRow& option, std::string_view name) {
  const auto names = names_of(option);
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Null: there is none of this name.
const OptionRow* option_named(const CommandRow* command, std::string_view name) {
  for (const OptionRow* option : options_of(command))
    if (has_name(*option, name)) return option;
  return nullptr;
}

UsageError unknown_option(const CommandRow* command, const std::string& word) {
  const std::string typed = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const OptionRow* option : options_of(command)) names.emplace_back(main_name(*option).substr(2));
  const std::string_view bare = std::string_view(typed).substr(std::min(typed.find_first_not_of('-'), typed.size()));
  const std::string_view near = bare.size() < 2 ? std::string_view() : nearest(bare, names);
  const std::string what = where(command) + one_line(word, 80) + ": unknown option";
  if (const std::string_view other = instead_of(typed); !other.empty()) return {what, std::string(other)};
  if (!near.empty()) return {what, did_you_mean("--" + std::string(near))};
  const bool takes_prose =
      command != nullptr && std::any_of(command->options.begin(), command->options.end(), [](const OptionRow& option) {
        return option.is_positional() && option.repeats() && option.empty == Empty::allowed;
      });
  return {what, see_help(command) + (takes_prose ? "; put `--` before a prompt that begins with a dash" : "")};
}

Problem check_choice(const CommandRow* command, const OptionRow& option, const std::string& value) {
  if (option.kind != ValueKind::choices) return std::nullopt;
  const auto choices = option.choices();
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return std::nullopt;
  const std::vector<std::string> texts(choices.begin(), choices.end());
  return UsageError{
      where(command) + std::string(main_name(option)) + ": " + quoted(value) + " is not one of " + join(texts, ", "),
      did_you_mean(nearest(value, texts), see_help(command))};
}

Problem store_number(const CommandRow* command, const OptionRow& option, const std::string& value, int& stored) {
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_whole = error == std::errc{} && end == value.data() + value.size();
  if (!is_whole || number < option.min || number > option.max)
    return UsageError{where(command) + std::string(main_name(option)) + ": " + quoted(value) +
                          " is not a number from " + std::to_string(option.min) + " to " + std::to_string(option.max),
                      see_help(command)};
  stored = number;
  return std::nullopt;
}

bool is_global(const OptionRow& option) {
  const auto all = global_options();
  return std::any_of(all.begin(), all.end(), [&](const OptionRow& one) { return &one == &option; });
}

Problem store(const CommandRow* command, const OptionRow& option, const std::string& value, Values& values) {
  std::any& options = is_global(option) ? values.global : values.options;
  if (const auto* act = std::get_if<void (*)(std::any&)>(&option.store)) {
    (*act)(options);
    return std::nullopt;
  }
  if (const auto* flag = std::get_if<bool& (*)(std::any&)>(&option.store)) {
    (*flag)(options) = true;
    return std::nullopt;
  }
  if (value.empty() && option.empty == Empty::refused)
    return UsageError{where(command) + std::string(main_name(option)) + ": must not be empty",
                      "leave it out, or give it a value"};
  // -b --json: an option stands where the value should.
  if (!option.is_positional() && option_named(command, value) != nullptr)
    return misused_option(command, std::string(main_name(option)));
  if (auto wrong = check_choice(command, option, value)) return wrong;
  if (const auto* number = std::get_if<int& (*)(std::any&)>(&option.store))
    return store_number(command, option, value, (*number)(options));
  if (const auto* text = std::get_if<std::string& (*)(std::any&)>(&option.store)) (*text)(options) = value;
  else std::get<std::vector<std::string>& (*)(std::any&)>(option.store)(options).push_back(value);
  return std::nullopt;
}

/// In order; the last of the command's positional arguments may take many.
Problem store_positionals(const Tokens& tokens, Values& values) {
  std::vector<const OptionRow*> taken;
  for (const OptionRow& option : tokens.command->options)
    if (option.is_positional()) taken.push_back(&option);
  std::size_t next = 0;
  for (const std::string& word : tokens.positionals) {
    if (next == taken.size())
      return UsageError{where(tokens.command) + "unexpected argument " + quoted(word), see_help(tokens.command)};
    if (auto wrong = store(tokens.command, *taken[next], word, values)) return wrong;
    if (!taken[next]->repeats()) ++next;
  }
  for (; next < taken.size(); ++next)
    if (taken[next]->presence == Presence::required)
      return UsageError{where(tokens.command) + std::string(taken[next]->value) + " is missing",
                        "usage: " + usage_of(tokens.command)};
  return std::nullopt;
}

Problem check_exclusions(const Tokens& tokens) {
  for (const Exclusion& exclusion : tokens.command->exclusions) {
    if (!tokens.has(exclusion.one)) continue;
    for (const std::string_view other : exclusion.others)
      if (!other.empty() && tokens.has(other))
        return UsageError{
            where(tokens.command) + std::string(exclusion.one) + " cannot be combined with " + std::string(other),
            std::string(exclusion.hint)};
  }
  return std::nullopt;
}

std::vector<std::string> names_below(CommandTable table, const CommandRow* group) {
  std::vector<std::string> names;
  for (const CommandRow* below : table.below(group)) names.emplace_back(below->last_name());
  return names;
}

UsageError missing_command(CommandTable table, const CommandRow* group) {
  if (group == nullptr) return {"no command given", see_help(nullptr)};
  return {where(group) + "no command given", "one of " + join(names_below(table, group), ", ")};
}

/// What was meant for a prompt. It is not sent: a mistyped command would cost a call.
std::string in_quotes(const std::vector<Tokens::Stray>& words) {
  std::vector<std::string> prompt;
  for (const Tokens::Stray& stray : words) prompt.push_back(stray.word);
  const std::string text = one_line(join(prompt, " "), kMostOfPrompt);
  return text.find_first_of("\"\\$`") == std::string::npos ? '"' + text + '"' : "\"...\"";
}

}  // namespace

bool Tokens::has(std::string_view name) const {
  const auto is_it = [&](const Option& option) { return main_name(*option.row) == name; };
  if (std::any_of(options.begin(), options.end(), is_it)) return true;
  std::size_t index = 0;
  for (const OptionRow& option : command->options)
    if (option.is_positional() && index++ < positionals.size() && option.value == name) return true;
  return false;
}

std::optional<UsageError> interpret(CommandTable table, const Tokens& tokens, Values& values) {
  const CommandRow* command = tokens.command;
  if (!tokens.unknown.empty()) return unknown_option(command, tokens.unknown.front());
  if (command == nullptr || command->is_group()) return missing_command(table, command);
  values.options = command->run.defaults();
  for (const auto& [option, value] : tokens.options)
    if (auto wrong = store(command, *option, value, values)) return wrong;
  if (auto wrong = check_exclusions(tokens)) return wrong;
  return store_positionals(tokens, values);
}

std::optional<UsageError> misplaced_option(const Tokens& tokens) {
  if (tokens.command == nullptr) return std::nullopt;
  for (const std::string& word : tokens.unknown) {
    const std::string typed = word.substr(0, word.find('='));
    const OptionRow* option = option_named(tokens.command, typed);
    if (option == nullptr) continue;
    const std::string value = option->is_flag() ? std::string() : " " + std::string(option->value);
    return UsageError{typed + ": must come after the command",
                      "write `delegate " + std::string(tokens.command->name) + " " + typed + value + "`"};
  }
  return std::nullopt;
}

UsageError unknown_command(CommandTable table, const std::vector<Tokens::Stray>& words) {
  const auto& [group, word] = words.front();
  const std::string what = where(group) + "unknown command " + quoted(word);
  const std::string_view other = instead_of(group == nullptr ? word : std::string(group->name) + " " + word);
  if (!other.empty()) return {what, std::string(other)};
  const std::vector<std::string> names = names_below(table, group);
  const std::string_view near = nearest(word, names);
  if (!near.empty() && near != word) return {what, did_you_mean(near)};
  const bool is_prose = words.size() > 1 || word.find_first_of(" \t\n") != std::string::npos;
  return {what, group == nullptr && is_prose ? did_you_mean("delegate ask " + in_quotes(words)) : see_help(group)};
}

UsageError misused_option(const CommandRow* command, const std::string& word) {
  const bool is_short =
      word.size() > 2 && word[0] == '-' && word[1] != '-';  // -qb: the value of the last one is missing
  const std::string name = is_short ? std::string{'-', word.back()} : word.substr(0, word.find('='));
  for (const OptionRow* option : options_of(command)) {
    if (!has_name(*option, name)) continue;
    if (option->is_flag()) return {where(command) + name + ": takes no value", see_help(command)};
    return {where(command) + name + ": needs a value",
            name + " " + std::string(option->value) + ": " + std::string(option->help)};
  }
  return {where(command) + one_line(word, 80) + ": invalid", see_help(command)};
}

}  // namespace delegate::cli
