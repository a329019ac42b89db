#pragma once
#include "cli/args/parse.hpp"
#include "cli/request/request_builder.hpp"
#include "cli/terminal/output.hpp"

// What `ask` and `submit` share.
namespace delegate::cli {

/// The options and words of the command line as typed fields.
Result<RequestInput> input_of(const World& world, const AskCommand& command, const FieldNames& names);

/// For a command line: notes go to stderr.
RequestBuilder request_builder(const World& world, const Config& config, const FieldNames& names, const Output& output);

/// Reports why there is no request; returns the exit code.
int report_failure(const World& world, const Output& output, const Error& error);

}  // namespace delegate::cli
