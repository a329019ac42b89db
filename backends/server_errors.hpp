#pragma once
#include <optional>
#include <string>

#include "core/base/json.hpp"
#include "core/run/backend.hpp"

// What servers of models have in common: how they word a failure, and how large a prompt is for them.
namespace delegate {

/// The value of an "error" field: a text, an object with a message, or (llama-server's error, passed on by Ollama) such
/// an object written into a text.
struct ServerError {
  std::string words;               // one line
  std::optional<Outcome> outcome;  // as far as the words say
};
ServerError server_error(const Json& error, const Task& task);

/// Of prompt and system prompt together, roughly: each model counts in its own way.
int estimated_tokens(const Task& task);

/// For the person, when the model seems to have read a part only: servers cut a long prompt silently. Empty: all is
/// well.
std::string warning_of_cut_prompt(const Task& task, std::optional<std::int64_t> tokens_read);

}  // namespace delegate
