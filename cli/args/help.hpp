#pragma once
#include <string>

#include "cli/args/command_row.hpp"

namespace delegate::cli {

/// What --help prints: at most 80 columns wide. Null: the program itself.
std::string help_page(CommandTable table, const CommandRow* command);

}  // namespace delegate::cli
