#pragma once
#include "cli/commands/ask_options.hpp"
#include "cli/commands/context.hpp"
#include "cli/request/request_builder.hpp"

// What `ask` and `submit` share.
namespace delegate::cli {

/// The options as typed fields.
Result<RequestInput> input_of(const World& world, const AskOptions& options, const FieldNames& names);

/// For a command line: notes go to stderr.
RequestBuilder request_builder(const CommandContext& context, const Config& config, const FieldNames& names);

}  // namespace delegate::cli
