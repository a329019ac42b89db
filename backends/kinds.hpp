#pragma once
#include "core/run/backend.hpp"

namespace delegate {

// One per kind, each defined in the file of its name. Everything else finds them by find_backend().
const Backend& claude_backend();
const Backend& codex_backend();
const Backend& command_backend();
const Backend& gemini_backend();
const Backend& ollama_backend();
const Backend& openai_backend();

}  // namespace delegate
