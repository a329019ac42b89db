#pragma once
#include <string>
#include <vector>

#include "core/config/config.hpp"

// Who plays in a drill, decided before anything is started. Pure.
namespace delegate::cli::drill {

inline constexpr int kAtOnce = 8;  // calls that race for one probe

struct Scene {
  Config config;                   // of the sandbox; commands and URLs are the sandbox's to fill in
  bool mine = false;               // from the person's own configuration
  std::string patient;             // the backend that breaks; empty: there is nobody to break
  std::string next;                // who answers instead of it; empty: nobody
  std::vector<std::string> notes;  // what is otherwise than in the person's configuration, one line each

  const BackendSettings& role(const std::string& name) const { return config.backends.at(name); }
  bool is_process(const std::string& name) const;
  /// What a call at the patient is: the "start" of a process, or a "request" to a server.
  std::string call_word() const { return is_process(patient) ? "start" : "request"; }
};

/// gemini, and a local model behind ollama.
Scene plain_scene();

/// The first enabled backend of `router.order` that is not the local model breaks. Order, kinds, thresholds, fallback
/// and store are the person's; times and slots are such that no machine is too slow for the story.
Scene my_scene(const Config& mine);

/// The sandbox's delegate.toml.
std::string to_toml(const Config& config);

}  // namespace delegate::cli::drill
