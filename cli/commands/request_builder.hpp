#pragma once
#include "cli/args/parse.hpp"
#include "cli/session.hpp"
#include "cli/terminal/output.hpp"

// What `delegate ask` was told, as a Request: options, prompt, files and stdin, the session.
namespace delegate::cli {

/// Reads stdin and files. Code::cancelled: interrupted meanwhile.
Result<Request> question_of(const World& world, const Config& config, const AskCommand& command, const Output& output);

/// For --continue and --session: which session, and whose. It needs the history, and changes the request.
Status find_session(const AskCommand& command, const Host& host, Request& request);

/// Says why there is nothing to ask; the exit code.
int refuse(const World& world, const Output& output, const Error& error);

}  // namespace delegate::cli
