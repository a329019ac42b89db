#pragma once
#include <string>
#include <vector>

#include "core/run/backend.hpp"

// Chooses the model of Ollama and its context window from the results of the lookups.
namespace delegate {

/// Results of /api/tags, /api/ps and then /api/show of each model considered.
using OllamaLookups = std::vector<HttpResult>;

struct OllamaModel {
  std::string name;
  bool remote = false;    // does not run on this machine; Ollama only forwards the prompt
  bool chats = true;      // not for embeddings only
  std::string modified;   // RFC 3339
  std::int64_t size = 0;  // bytes; 0: unknown
  bool loaded = false;
  int loaded_window = 0;   // tokens; 0: not loaded, or unknown
  int longest_window = 0;  // maximum of the model; 0: unknown
  bool shown = false;      // its /api/show is among the lookups
};

/// The named model, else one that is loaded already, else the newest, or one of the size that is wanted. A remote one
/// never by chance: only when it is named in full. A Failure says why there is none. Needs the first two lookups.
tl::expected<OllamaModel, Failure> choose_ollama_model(const Task& task, const OllamaLookups& lookups);

/// The context window to request, in tokens; 0: the default of the server. A loaded window that is large enough is
/// kept, because another size makes the server load the model again.
int ollama_window(const Task& task, const OllamaModel& model);

/// Is this a name that Ollama gives to models in its cloud?
bool has_cloud_name(std::string_view name);

}  // namespace delegate
