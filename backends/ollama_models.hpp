#pragma once
#include <string>
#include <vector>

#include "core/run/backend.hpp"

// Which of Ollama's models is asked, and with how large a window: told from what its lookups answer.
namespace delegate {

/// Of /api/tags, /api/ps and, one after the other, /api/show of the models that were thought of.
using OllamaLookups = std::vector<HttpResult>;

struct OllamaModel {
  std::string name;
  bool remote = false;    // it runs elsewhere, and only the way to it begins here
  bool chats = true;      // not one for embeddings
  std::string modified;   // RFC 3339
  std::int64_t size = 0;  // bytes; 0: not said
  bool loaded = false;
  int loaded_window = 0;   // tokens; 0: not loaded, or not said
  int longest_window = 0;  // the model's own maximum; 0: not said
  bool shown = false;      // /api/show has been asked about it
};

/// The named model, else one that is loaded already, else the newest, or one of the size that is wanted. A remote one
/// never by chance: only when it is named in full. A Failure says why there is none. Needs the first two lookups.
tl::expected<OllamaModel, Failure> choose_ollama_model(const Task& task, const OllamaLookups& lookups);

/// The window to ask for, in tokens; 0: the server's own. One that differs from the loaded one makes the server load
/// the model again, so a loaded one that is large enough is kept.
int ollama_window(const Task& task, const OllamaModel& model);

/// Names that Ollama gives to what runs in its cloud.
bool has_cloud_name(std::string_view name);

}  // namespace delegate
