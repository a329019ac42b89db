#pragma once
#include <string>

#include "cli/args/describe.hpp"

namespace delegate::cli {

/// What --help prints: at most 80 columns wide. Null: the program itself.
std::string help_page(const CommandText* command);

}  // namespace delegate::cli
