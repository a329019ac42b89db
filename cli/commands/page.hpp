#pragma once
#include "cli/commands/context.hpp"
#include "cli/render/cells.hpp"

namespace delegate::cli {

/// What stdout is, and the time.
Page page_of(const CommandContext& context);

}  // namespace delegate::cli
