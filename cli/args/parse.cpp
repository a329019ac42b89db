#include "cli/args/parse.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/args/help.hpp"
#include "cli/args/usage.hpp"

namespace delegate::cli {
namespace {

// CLI11 reads a word like "[a, b]" as a list, "++" as the end of a command, "--name=" as an option whose value follows
// and "-v means what" as a flag. A control character in front of or behind such words keeps them whole.
constexpr char kGuard = '\x1e';

/// Does one of the options have this short name and take a value? "-sBe brief" is an option then.
bool takes_a_value(CommandTable table, char name) {
  const auto is_it = [&](const OptionRow& option) {
    return !option.is_flag() && option.names.size() > 1 && option.names[0] == '-' && option.names[1] == name;
  };
  for (const CommandRow* command : table)
    if (std::any_of(command->options.begin(), command->options.end(), is_it)) return true;
  return false;
}

/// Prose that begins with a dash.
bool is_dashed_prose(CommandTable table, const std::string& word) {
  return word.size() > 2 && word[0] == '-' && word[1] != '-' && !takes_a_value(table, word[1]) &&
         word.find_first_of(" \t\n") != std::string::npos;
}

/// An option whose value was left out gets the implied one.
std::string with_value(CommandTable table, std::string word) {
  for (const CommandRow* command : table)
    for (const OptionRow& option : command->options)
      if (!option.implied.empty() && main_name(option) == word) return word + "=" + std::string(option.implied);
  return word;
}

std::string guarded(CommandTable table, std::string word) {
  if (word.empty()) return word;
  word = with_value(table, std::move(word));
  const bool is_valueless = word.starts_with("--") && word.find('=') == word.size() - 1;
  if (word.back() == ']' || word.back() == kGuard || is_valueless) word += kGuard;
  if (word == "++" || word.front() == kGuard || is_dashed_prose(table, word)) word.insert(word.begin(), kGuard);
  return word;
}

std::string unguarded(std::string word) {
  if (word.starts_with(kGuard)) word.erase(0, 1);
  if (word.ends_with(kGuard)) word.pop_back();
  return word;
}

/// CLI11's tree of commands, which only splits the words: the command table decides what they mean.
struct Tree {
  explicit Tree(CommandTable all) : table(all) {}

  CommandTable table;
  CLI::App app;
  std::map<const CLI::Option*, const OptionRow*> options;
};

void add_options(CLI::App& app, std::span<const OptionRow> options, Tree& tree) {
  for (const OptionRow& option : options) {
    if (option.is_positional()) continue;
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

/// Adds only the commands that occur in the words: all others would only cost time at every start.
void grow(Tree& tree, const std::vector<std::string>& words) {
  tree.app.set_help_flag();
  tree.app.fallthrough();  // global options may stand after the command
  take_everything(tree.app);
  add_options(tree.app, global_options(), tree);
  CLI::App* group = nullptr;
  for (const CommandRow* command : tree.table) {
    const std::size_t space = command->name.find(' ');
    if (std::find(words.begin(), words.end(), command->name.substr(0, space)) == words.end()) continue;
    const bool is_inner = space != std::string_view::npos;
    CLI::App* app = (is_inner ? group : &tree.app)->add_subcommand(std::string(command->last_name()));
    if (!is_inner) group = app;
    take_everything(*app);
    add_options(*app, command->options, tree);
    if (const CommandRow* meant = tree.table.named(command->fallback)) add_options(*app, meant->options, tree);
  }
}

/// What one level of commands was given.
void collect(const CLI::App& app, const Tree& tree, Tokens& tokens) {
  std::map<const CLI::Option*, std::size_t> seen;
  const bool is_leaf = tokens.command != nullptr && !tokens.command->is_group();
  for (const CLI::Option* option : app.parse_order()) {
    const std::string& value = option->results().at(seen[option]++);
    const auto known = tree.options.find(option);
    if (known != tree.options.end()) tokens.options.push_back({known->second, unguarded(value)});
    else if (value.starts_with(kGuard) && is_dashed_prose(tree.table, unguarded(value)))
      tokens.unknown.push_back(unguarded(value));
    else if (is_leaf) tokens.positionals.push_back(unguarded(value));
    else tokens.strays.push_back({tokens.command, unguarded(value)});
  }
}

Tokens tokens_of(const Tree& tree) {
  Tokens tokens;
  std::string name;
  collect(tree.app, tree, tokens);
  for (auto inner = tree.app.get_subcommands(); !inner.empty(); inner = inner.front()->get_subcommands()) {
    name += (name.empty() ? "" : " ") + inner.front()->get_name();
    tokens.command = tree.table.named(name);
    collect(*inner.front(), tree, tokens);
  }
  const bool asks_for_help = std::any_of(tokens.options.begin(), tokens.options.end(),
                                         [](const auto& given) { return main_name(*given.row) == "--help"; });
  if (tokens.command != nullptr && !tokens.command->fallback.empty() && tokens.strays.empty() && !asks_for_help)
    tokens.command = tree.table.named(tokens.command->fallback);
  for (const std::string& word : tree.app.remaining(true)) tokens.unknown.push_back(unguarded(word));
  return tokens;
}

/// CLI11 stops for one of two reasons: the value of the last option is missing, or a flag has one.
UsageError why_stopped(const Tree& tree, const std::vector<std::string>& words) {
  const CommandRow* command = tokens_of(tree).command;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) continue;
    const std::string name = word.substr(0, equals);
    for (const auto& [added, option] : tree.options)
      if (option->is_flag() && main_name(*option) == name) return misused_option(command, word);
  }
  return misused_option(command, words.back());
}

using Request = decltype(CommandLine::request);

ShowText version() { return ShowText{"delegate " DELEGATE_VERSION "\n"}; }

Request request_of(CommandTable table, const Tokens& tokens, GlobalOptions& global) {
  if (auto misplaced = misplaced_option(tokens)) return *std::move(misplaced);
  if (!tokens.strays.empty()) return unknown_command(table, tokens.strays);
  for (const auto& [option, value] : tokens.options) {
    if (main_name(*option) == "--help") return ShowText{help_page(table, tokens.command)};
    if (main_name(*option) == "--version") return version();
  }
  Values values{.options = {}, .global = global};
  auto wrong = interpret(table, tokens, values);
  global = std::any_cast<const GlobalOptions&>(values.global);
  if (wrong) return *std::move(wrong);
  return ParsedCommand{tokens.command, std::move(values.options)};
}

bool has_json(const std::vector<std::string>& arguments) {
  const auto words_begin = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), words_begin, "--json") != words_begin;
}

/// The command whose arguments are all positional, if it is named first.
const CommandRow* verbatim_command(CommandTable table, const std::vector<std::string>& arguments) {
  const CommandRow* command = table.named(arguments.front());
  return command != nullptr && command->is_verbatim ? command : nullptr;
}

}  // namespace

CommandLine parse(CommandTable table, const std::vector<std::string>& arguments) {
  CommandLine line{.request = ShowText{}, .global = {}, .json = has_json(arguments)};
  if (arguments.empty()) {
    line.request = ShowText{help_page(table, nullptr), false};
    return line;
  }
  if (arguments == std::vector<std::string>{"--version"}) {  // what scripts ask most, without the tree of commands
    line.request = version();
    return line;
  }
  if (const CommandRow* command = verbatim_command(table, arguments)) {
    const Tokens tokens{.command = command, .positionals = {arguments.begin() + 1, arguments.end()}};
    line.request = request_of(table, tokens, line.global);
    return line;
  }
  // CLI11 would give what follows -- back to the outer command once a positional argument has come before.
  const auto words_begin = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words;
  std::transform(arguments.begin(), words_begin, std::back_inserter(words),
                 [&](const std::string& word) { return guarded(table, word); });
  Tree tree(table);
  grow(tree, words);
  try {  // a border where exceptions end
    tree.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError&) {
    line.request = why_stopped(tree, words);
    return line;
  }
  Tokens tokens = tokens_of(tree);
  if (words_begin != arguments.end())
    tokens.positionals.insert(tokens.positionals.end(), words_begin + 1, arguments.end());
  line.request = request_of(table, tokens, line.global);
  return line;
}

}  // namespace delegate::cli
