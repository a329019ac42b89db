#pragma once
#include <string>
#include <vector>

#include "cli/commands/context.hpp"
#include "cli/render/checks.hpp"
#include "core/run/engine.hpp"

// What `backends` and `ping` share.
namespace delegate::cli {

/// What is known of `name` before anything is started; `found` is what find_candidate says of it.
CheckRow row_of(const Engine& engine, const std::string& name, const tl::expected<Candidate, Unavailable>& found);

/// A server turns out to be absent only when it is called; a command that was found and cannot be started is broken.
bool is_absent(const Candidate& candidate, Outcome outcome);

/// The exit code is that of Output::answer.
int print_rows(const CommandContext& context, const std::vector<CheckRow>& rows, const char* schema);

}  // namespace delegate::cli
