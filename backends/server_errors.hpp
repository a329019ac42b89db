#pragma once
#include <optional>
#include <string>

#include "core/base/json.hpp"
#include "core/run/backend.hpp"

// Common to model servers: how they report errors, and estimates of the prompt size.
namespace delegate {

/// What the value of an "error" field means: a string, an object with a message, or such an object inside a string
/// (Ollama passes on errors of llama-server that way). Without any meaning it is a server_error.
Failure server_failure(const Json& error, const Task& task, std::optional<std::int64_t> status = {});

/// The error that an event or a body reports, in the shapes of the servers: an `error` field, an object of the type
/// "error", a message with the status or the name of a failure. Null: it reports none.
Json error_in(const Json& event);
/// A `detail` or `message` alone: an error if no answer follows, else a word about a request that waits. Null: none.
Json remark_in(const Json& event);
/// The HTTP status that an error inside a 200 states.
std::optional<std::int64_t> status_in(const Json& error);

/// The error that the body of a response reports though its status, or the shape of its stream, says nothing of one.
std::optional<Failure> failure_in_body(std::string_view body, const Task& task, std::optional<std::int64_t> status);

/// Why a response with status 200 is neither a stream nor a document with an answer; nothing: it is a stream.
/// See Backend::without_echo.
Failure server_failure_without_echo(Failure failure, std::string message);

std::optional<Failure> explain_body(const Task& task, std::string_view body);

/// A rough estimate for prompt and system prompt together; each model counts differently.
int estimated_tokens(const Task& task);

/// A warning if the model seems to have read only a part of the prompt: servers cut a long one silently. Empty: none.
std::string warning_of_cut_prompt(const Task& task, std::optional<std::int64_t> tokens_read);

}  // namespace delegate
