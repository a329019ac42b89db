#pragma once
#include "cli/args/parse.hpp"
#include "cli/session.hpp"

namespace delegate::cli {

/// `delegate status --watch`. On a terminal one picture that is redrawn in place about once a second; elsewhere a new
/// block (with --json: a line) whenever something other than a clock has changed. Ends when interrupted, or quietly
/// when nobody reads any longer.
int watch_status(const World& world, const Engine& engine, bool json);

}  // namespace delegate::cli
