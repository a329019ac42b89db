#pragma once
#include <any>
#include <string>
#include <variant>
#include <vector>

#include "cli/args/command_row.hpp"

namespace delegate::cli {

/// A command to run, and its options: the struct that its run function takes.
struct ParsedCommand {
  const CommandRow* row = nullptr;
  std::any options;
};
/// Help or version: a text for stdout, or for stderr when no command was given.
struct ShowText {
  std::string text;
  bool is_requested = true;
};
struct UsageError {
  std::string what;
  std::string hint;
};

struct CommandLine {
  std::variant<ParsedCommand, ShowText, UsageError> request;
  GlobalOptions global;
  bool json = false;  // also when the rest is invalid: the error is an object then
};

/// Never exits, prints or throws.
CommandLine parse(CommandTable table, const std::vector<std::string>& arguments);

}  // namespace delegate::cli
