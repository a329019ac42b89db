#include "cli/args/usage.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

using Complaint = std::optional<UsageError>;

std::string quoted(const std::string& word) { return "'" + one_line(word, 80) + "'"; }

/// "breaker trip: "; nothing for the program itself.
std::string where(const CommandText* command) {
  return command == nullptr ? std::string() : std::string(command->name) + ": ";
}

std::string see_help(const CommandText* command) {
  return "see `delegate " + (command == nullptr ? "" : std::string(command->name) + " ") + "--help`";
}

std::string did_you_mean(std::string_view near) { return "did you mean `" + std::string(near) + "`?"; }

/// Every option that may stand in this command, its words left out.
std::vector<const OptionText*> options_of(const CommandText* command) {
  std::vector<const OptionText*> options;
  if (command != nullptr)
    for (const OptionText& option : command->options)
      if (!option.is_word()) options.push_back(&option);
  for (const OptionText& option : global_options()) options.push_back(&option);
  return options;
}

bool has_name(const OptionText& option, std::string_view name) {
  const auto names = names_of(option);
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Null: there is none of this name.
const OptionText* option_named(const CommandText* command, std::string_view name) {
  for (const OptionText* option : options_of(command))
    if (has_name(*option, name)) return option;
  return nullptr;
}

UsageError no_such_option(const CommandText* command, const std::string& word) {
  const std::string typed = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const OptionText* option : options_of(command)) names.emplace_back(main_name(*option).substr(2));
  const std::string_view bare = std::string_view(typed).substr(std::min(typed.find_first_not_of('-'), typed.size()));
  const std::string_view near = bare.size() < 2 ? std::string_view() : nearest(bare, names);
  const std::string what = where(command) + one_line(word, 80) + ": no such option";
  if (!near.empty()) return {what, did_you_mean("--" + std::string(near))};
  const bool takes_prose = command != nullptr && command->name == "ask";
  return {what, see_help(command) + (takes_prose ? "; a prompt that begins with a dash goes after --" : "")};
}

Complaint check_choice(const CommandText* command, const OptionText& option, const std::string& value) {
  if (option.words != Words::choices) return std::nullopt;
  const auto choices = option.choices();
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return std::nullopt;
  const std::vector<std::string> texts(choices.begin(), choices.end());
  const std::string_view near = nearest(value, texts);
  return UsageError{
      where(command) + std::string(main_name(option)) + ": " + quoted(value) + " is not one of " + join(texts, ", "),
      near.empty() ? see_help(command) : did_you_mean(near)};
}

Complaint store_number(const CommandText* command, const OptionText& option, const std::string& value, int& place) {
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_whole = error == std::errc{} && end == value.data() + value.size();
  if (!is_whole || number < option.least || number > option.most)
    return UsageError{where(command) + std::string(main_name(option)) + ": " + quoted(value) +
                          " is not a number from " + std::to_string(option.least) + " to " +
                          std::to_string(option.most),
                      see_help(command)};
  place = number;
  return std::nullopt;
}

Complaint store(const CommandText* command, const OptionText& option, const std::string& value, Typed& typed) {
  if (const auto* act = std::get_if<void (*)(Typed&)>(&option.place)) {
    (*act)(typed);
    return std::nullopt;
  }
  if (const auto* flag = std::get_if<bool& (*)(Typed&)>(&option.place)) {
    (*flag)(typed) = true;
    return std::nullopt;
  }
  if (value.empty() && option.empty == Empty::refused)
    return UsageError{where(command) + std::string(main_name(option)) + ": must not be empty",
                      "leave it out, or give it a value"};
  // -b --json: an option stands where the value should.
  if (!option.is_word() && option_named(command, value) != nullptr)
    return misused_option(command, std::string(main_name(option)));
  if (auto wrong = check_choice(command, option, value)) return wrong;
  if (const auto* number = std::get_if<int& (*)(Typed&)>(&option.place))
    return store_number(command, option, value, (*number)(typed));
  if (const auto* text = std::get_if<std::string& (*)(Typed&)>(&option.place)) (*text)(typed) = value;
  else std::get<std::vector<std::string>& (*)(Typed&)>(option.place)(typed).push_back(value);
  return std::nullopt;
}

/// The words go to the command's places for words, in order; the last may take many.
Complaint store_words(const Tokens& tokens, Typed& typed) {
  std::vector<const OptionText*> places;
  for (const OptionText& option : tokens.command->options)
    if (option.is_word()) places.push_back(&option);
  std::size_t next = 0;
  for (const std::string& word : tokens.words) {
    if (next == places.size())
      return UsageError{where(tokens.command) + quoted(word) + " is one word too many", see_help(tokens.command)};
    if (auto wrong = store(tokens.command, *places[next], word, typed)) return wrong;
    if (!places[next]->repeats()) ++next;
  }
  for (; next < places.size(); ++next)
    if (places[next]->need == Need::required)
      return UsageError{where(tokens.command) + std::string(places[next]->value) + " is missing",
                        "usage: " + usage_of(tokens.command)};
  return std::nullopt;
}

Complaint check_exclusions(const Tokens& tokens) {
  for (const Exclusion& exclusion : tokens.command->exclusions) {
    if (!tokens.has(exclusion.one)) continue;
    for (const std::string_view other : exclusion.others())
      if (tokens.has(other))
        return UsageError{
            where(tokens.command) + std::string(exclusion.one) + " and " + std::string(other) + " exclude each other",
            std::string(exclusion.hint)};
  }
  return std::nullopt;
}

UsageError no_command(const CommandText* above) {
  if (above == nullptr) return {"no command", see_help(nullptr)};
  std::vector<std::string> names;
  for (const CommandText* below : commands_below(above->name)) names.emplace_back(below->last_name());
  return {where(above) + "which command?", "one of " + join(names, ", ")};
}

}  // namespace

bool Tokens::has(std::string_view name) const {
  const auto is_it = [&](const Option& option) { return main_name(*option.text) == name; };
  if (std::any_of(options.begin(), options.end(), is_it)) return true;
  std::size_t place = 0;
  for (const OptionText& option : command->options)
    if (option.is_word() && place++ < words.size() && option.value == name) return true;
  return false;
}

std::optional<UsageError> interpret(const Tokens& tokens, Typed& typed) {
  const CommandText* command = tokens.command;
  if (!tokens.unknown.empty()) return no_such_option(command, tokens.unknown.front());
  if (command == nullptr || command->take == nullptr) return no_command(command);
  for (const auto& [option, value] : tokens.options)
    if (auto wrong = store(command, *option, value, typed)) return wrong;
  if (auto wrong = check_exclusions(tokens)) return wrong;
  return store_words(tokens, typed);
}

std::optional<UsageError> misplaced_option(const Tokens& tokens) {
  if (tokens.command == nullptr) return std::nullopt;
  for (const std::string& word : tokens.unknown) {
    const std::string typed = word.substr(0, word.find('='));
    const OptionText* option = option_named(tokens.command, typed);
    if (option == nullptr) continue;
    const std::string value = option->is_flag() ? std::string() : " " + std::string(option->value);
    return UsageError{typed + ": stands before the command that it belongs to",
                      "write `delegate " + std::string(tokens.command->name) + " " + typed + value + "`"};
  }
  return std::nullopt;
}

UsageError no_such_command(const CommandText* above, const std::string& word) {
  std::vector<std::string> names;
  for (const CommandText* below : commands_below(above == nullptr ? "" : above->name))
    names.emplace_back(below->last_name());
  const std::string_view near = nearest(word, names);
  const bool is_help = near.empty() || near == word;
  return {where(above) + quoted(word) + " is no command", is_help ? see_help(above) : did_you_mean(near)};
}

UsageError misused_option(const CommandText* command, const std::string& word) {
  const bool is_short = word.size() > 2 && word[0] == '-' && word[1] != '-';  // -qb: it is the last that lacks it
  const std::string name = is_short ? std::string{'-', word.back()} : word.substr(0, word.find('='));
  for (const OptionText* option : options_of(command)) {
    if (!has_name(*option, name)) continue;
    if (option->is_flag()) return {where(command) + name + ": takes no value", see_help(command)};
    return {where(command) + name + ": needs a value",
            name + " " + std::string(option->value) + ": " + std::string(option->help)};
  }
  return {where(command) + one_line(word, 80) + ": cannot be understood", see_help(command)};
}

}  // namespace delegate::cli
