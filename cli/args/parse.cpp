#include "cli/args/parse.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/args/describe.hpp"
#include "cli/args/help.hpp"
#include "cli/args/usage.hpp"
#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

// CLI11 takes a word like "[a, b]" for a list, "++" for the end of a command, "--name=" for a value that is yet to come
// and "-v means what" for a flag. A character that nobody types, in front of them or behind, keeps such words whole.
constexpr char kGuard = '\x1e';

/// Does one of the options have this short name and take a value? "-sBe brief" is an option then.
bool takes_a_value(char name) {
  const auto is_it = [&](const OptionText& option) {
    return !option.is_flag() && option.names.size() > 1 && option.names[0] == '-' && option.names[1] == name;
  };
  for (const CommandText* command : all_commands())
    if (std::any_of(command->options.begin(), command->options.end(), is_it)) return true;
  return false;
}

/// Prose that begins with a dash.
bool is_dashed_prose(const std::string& word) {
  return word.size() > 2 && word[0] == '-' && word[1] != '-' && !takes_a_value(word[1]) &&
         word.find_first_of(" \t\n") != std::string::npos;
}

/// An option whose value may be left out gets what it means then.
std::string with_value(std::string word) {
  for (const CommandText* command : all_commands())
    for (const OptionText& option : command->options)
      if (!option.bare.empty() && main_name(option) == word) return word + "=" + std::string(option.bare);
  return word;
}

std::string guarded(std::string word) {
  if (word.empty()) return word;
  word = with_value(std::move(word));
  const bool is_valueless = word.starts_with("--") && word.find('=') == word.size() - 1;
  if (word.back() == ']' || word.back() == kGuard || is_valueless) word += kGuard;
  if (word == "++" || word.front() == kGuard || is_dashed_prose(word)) word.insert(word.begin(), kGuard);
  return word;
}

std::string bare(std::string word) {
  if (word.starts_with(kGuard)) word.erase(0, 1);
  if (word.ends_with(kGuard)) word.pop_back();
  return word;
}

/// CLI11's tree of commands, which only takes the words apart: what they mean is decided on the tables.
struct Tree {
  CLI::App app;
  std::map<const CLI::Option*, const OptionText*> options;
};

void add_options(CLI::App& app, std::span<const OptionText> options, Tree& tree) {
  for (const OptionText& option : options) {
    if (option.is_word()) continue;
    CLI::Option* added = option.is_flag() ? app.add_flag(std::string(option.names))->disable_flag_override()
                                          : app.add_option(std::string(option.names))->expected(1);
    tree.options[added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)] = &option;
  }
}

void take_everything(CLI::App& app) {
  app.require_subcommand(0, 1);
  app.allow_extras();
  app.add_option("words")->allow_extra_args()->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// Of the commands only those that occur in the words: the others cannot be meant, and every start would pay for them.
void grow(Tree& tree, const std::vector<std::string>& words) {
  tree.app.set_help_flag();
  tree.app.fallthrough();  // global options may stand after the command
  take_everything(tree.app);
  add_options(tree.app, global_options(), tree);
  CLI::App* above = nullptr;
  for (const CommandText* command : all_commands()) {
    const std::size_t space = command->name.find(' ');
    if (std::find(words.begin(), words.end(), command->name.substr(0, space)) == words.end()) continue;
    const bool is_inner = space != std::string_view::npos;
    CLI::App* app = (is_inner ? above : &tree.app)->add_subcommand(std::string(command->last_name()));
    if (!is_inner) above = app;
    take_everything(*app);
    add_options(*app, command->options, tree);
    if (const CommandText* meant = command_named(command->otherwise)) add_options(*app, meant->options, tree);
  }
}

/// What one level of commands was given.
void collect(const CLI::App& app, const Tree& tree, Tokens& tokens) {
  std::map<const CLI::Option*, std::size_t> seen;
  const bool is_leaf = tokens.command != nullptr && tokens.command->take != nullptr;
  for (const CLI::Option* option : app.parse_order()) {
    const std::string& value = option->results().at(seen[option]++);
    const auto known = tree.options.find(option);
    if (known != tree.options.end()) tokens.options.push_back({known->second, bare(value)});
    else if (value.starts_with(kGuard) && is_dashed_prose(bare(value))) tokens.unknown.push_back(bare(value));
    else if (is_leaf) tokens.words.push_back(bare(value));
    else tokens.strays.push_back({tokens.command, bare(value)});
  }
}

Tokens tokens_of(const Tree& tree) {
  Tokens tokens;
  std::string name;
  collect(tree.app, tree, tokens);
  for (auto inner = tree.app.get_subcommands(); !inner.empty(); inner = inner.front()->get_subcommands()) {
    name += (name.empty() ? "" : " ") + inner.front()->get_name();
    tokens.command = command_named(name);
    collect(*inner.front(), tree, tokens);
  }
  const bool asks_for_help = std::any_of(tokens.options.begin(), tokens.options.end(),
                                         [](const auto& given) { return main_name(*given.text) == "--help"; });
  if (tokens.command != nullptr && !tokens.command->otherwise.empty() && tokens.strays.empty() && !asks_for_help)
    tokens.command = command_named(tokens.command->otherwise);
  for (const std::string& word : tree.app.remaining(true)) tokens.unknown.push_back(bare(word));
  return tokens;
}

/// CLI11 has stopped for one of two reasons: an option at the end without its value, or a flag with one.
UsageError stopped(const Tree& tree, const std::vector<std::string>& words) {
  const CommandText* command = tokens_of(tree).command;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) continue;
    const std::string name = word.substr(0, equals);
    for (const auto& [added, option] : tree.options)
      if (option->is_flag() && main_name(*option) == name) return misused_option(command, word);
  }
  return misused_option(command, words.back());
}

Command help_on(const std::vector<std::string>& topic) {
  const CommandText* command = nullptr;
  for (const std::string& word : topic) {
    const CommandText* inner = command_named(command == nullptr ? word : std::string(command->name) + " " + word);
    if (inner == nullptr || inner->is_hidden()) {
      UsageError error = no_such_command(command, word);
      error.what.insert(0, "help: ");
      return error;
    }
    command = inner;
  }
  return ShowText{help_page(command)};
}

Command command_of(const Tokens& tokens, Typed& typed) {
  if (auto misplaced = misplaced_option(tokens)) return *std::move(misplaced);
  if (!tokens.strays.empty()) return no_such_command(tokens.strays.front().above, tokens.strays.front().word);
  for (const auto& [option, value] : tokens.options) {
    if (main_name(*option) == "--help") return ShowText{help_page(tokens.command)};
    if (main_name(*option) == "--version") return ShowText{"delegate " DELEGATE_VERSION "\n"};
  }
  if (auto wrong = interpret(tokens, typed)) return *std::move(wrong);
  Command command = tokens.command->take(typed);
  return std::holds_alternative<ShowText>(command) ? help_on(typed.topic) : command;
}

}  // namespace

CommandLine parse(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return {ShowText{help_page(nullptr), false}, {}, {}};
  if (arguments.size() > 1 && arguments[0] == "stand-in")  // the words are another program's
    return {StandInCommand{arguments[1], {arguments.begin() + 2, arguments.end()}}, {}, {}};
  // CLI11 would give what follows -- back to the outer command once a word has stood before.
  const auto words_begin = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words;
  std::transform(arguments.begin(), words_begin, std::back_inserter(words), guarded);
  Tree tree;
  grow(tree, words);
  try {  // a border where exceptions end
    tree.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError&) {
    return {stopped(tree, words), {}, {}};
  }
  Tokens tokens = tokens_of(tree);
  if (words_begin != arguments.end()) tokens.words.insert(tokens.words.end(), words_begin + 1, arguments.end());
  Typed typed;
  Command command = command_of(tokens, typed);
  return {std::move(command), typed.config_file, typed.color};
}

}  // namespace delegate::cli
