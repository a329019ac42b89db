#pragma once
#include <string>

#include "cli/args/command_row.hpp"

// Scripts that shells read. They contain text of the command table only; what depends on the host comes from
// `delegate complete` while a line is typed, and the shell never evaluates any of it.
namespace delegate::cli {

std::string bash_completion(CommandTable table);
std::string zsh_completion(CommandTable table);
std::string fish_completion(CommandTable table);

/// The argument of `delegate complete` that lists such values; empty: the shell needs no help with them.
std::string_view completed_by(ValueKind kind);
/// All values that the option takes, if they are known beforehand.
std::vector<std::string_view> fixed_values(CommandTable table, const OptionRow& option);

}  // namespace delegate::cli
