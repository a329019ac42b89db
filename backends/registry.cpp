#include "backends/registry.hpp"

#include "backends/kinds.hpp"

namespace delegate {

const Backend* find_backend(std::string_view kind) {
  const Backend* const all[] = {
      &claude_backend(), &codex_backend(), &gemini_backend(), &ollama_backend(), &openai_backend(), &command_backend(),
  };
  for (const Backend* backend : all)
    if (backend->kind() == kind) return backend;
  return nullptr;
}

}  // namespace delegate
