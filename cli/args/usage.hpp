#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/args/parse.hpp"

// What is wrong with a command line.
namespace delegate::cli {

/// A command line split into its parts, not yet interpreted.
struct Tokens {
  struct Option {
    const OptionRow* row;
    std::string value;  // of a flag: ignored
  };
  struct Stray {
    const CommandRow* group;  // null: the program
    std::string word;
  };
  const CommandRow* command = nullptr;   // the innermost that was named; null: none
  std::vector<Option> options;           // each command's in the order they were typed
  std::vector<std::string> positionals;  // words without a dash, or after --
  std::vector<std::string> unknown;      // look like options
  std::vector<Stray> strays;             // stand where a command should

  bool has(std::string_view name) const;
};

/// What the command line sets.
struct Values {
  std::any options;  // the command's own
  std::any global;   // GlobalOptions
};

/// Stores the values, or says what is wrong with them.
std::optional<UsageError> interpret(CommandTable table, const Tokens& tokens, Values& values);

/// An option that the command has, but in front of its name. Its value, if it has one, may have been taken for a stray.
std::optional<UsageError> misplaced_option(const Tokens& tokens);
/// Words that stand where a command should: at least one.
UsageError unknown_command(CommandTable table, const std::vector<Tokens::Stray>& words);
/// `word` is an option whose value is missing, or --flag=value.
UsageError misused_option(const CommandRow* command, const std::string& word);

}  // namespace delegate::cli
