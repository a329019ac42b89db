#pragma once
#include <string>

#include "cli/commands/context.hpp"

namespace delegate::cli {

/// Deletes what is kept of a run that has ended, by its id or the beginning of it; of all of them, if that is empty.
CommandResult forget_runs(const CommandContext& context, const std::string& beginning);

}  // namespace delegate::cli
