#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/args/describe.hpp"

namespace delegate::cli {

/// A command line taken apart, not yet understood.
struct Tokens {
  struct Option {
    const OptionText* text;
    std::string value;  // of a flag: nothing that counts
  };
  struct Stray {
    const CommandText* above;  // null: the program
    std::string word;
  };
  const CommandText* command = nullptr;  // the innermost that was named; null: none
  std::vector<Option> options;           // each command's in the order they were typed
  std::vector<std::string> words;        // without a dash, or after --
  std::vector<std::string> unknown;      // look like options
  std::vector<Stray> strays;             // stand where a command should

  bool has(std::string_view name) const;
};

/// Stores what was typed, or says what is wrong with it.
std::optional<UsageError> interpret(const Tokens& tokens, Typed& typed);

/// An option that the command has, but behind its name. Its value, if it has one, may have been taken for a stray.
std::optional<UsageError> misplaced_option(const Tokens& tokens);
/// A word that stands where a command should.
UsageError no_such_command(const CommandText* above, const std::string& word);
/// `word` is an option whose value is missing, or --flag=value.
UsageError misused_option(const CommandText* command, const std::string& word);

}  // namespace delegate::cli
