#pragma once
#include "cli/session.hpp"

namespace delegate::cli {

/// `delegate status --watch`. On a terminal it redraws the status in place about once a second. Elsewhere it prints a
/// new block (with --json: a line) whenever something other than a remaining time has changed. Ends when interrupted,
/// or silently when the reader closes the pipe.
int watch_status(const World& world, const Engine& engine, bool json);

}  // namespace delegate::cli
