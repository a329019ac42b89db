#pragma once
#include <optional>
#include <string>

#include "core/base/json.hpp"
#include "core/run/backend.hpp"

// Common to model servers: how they report errors, and estimates of the prompt size.
namespace delegate {

/// The value of an "error" field: a string, an object with a message, or such an object inside a string (Ollama passes
/// on errors of llama-server that way).
struct ServerError {
  std::string words;               // one line
  std::optional<Outcome> outcome;  // if the text names a cause
};
ServerError server_error(const Json& error, const Task& task);

/// Why a response with status 200 is neither a stream nor a document with an answer; nothing: it is a stream.
std::optional<Failure> explain_body(const Task& task, std::string_view body);

/// A rough estimate for prompt and system prompt together; each model counts differently.
int estimated_tokens(const Task& task);

/// A warning if the model seems to have read only a part of the prompt: servers cut a long one silently. Empty: none.
std::string warning_of_cut_prompt(const Task& task, std::optional<std::int64_t> tokens_read);

}  // namespace delegate
