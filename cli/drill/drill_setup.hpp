#pragma once
#include <string>
#include <vector>

#include "core/config/config.hpp"

// The configuration of a drill, decided before anything is started. Pure.
namespace delegate::cli::drill {

inline constexpr int kAtOnce = 8;  // concurrent calls for one probe

struct Setup {
  Config config;                   // of the sandbox, which fills in commands and URLs
  bool mine = false;               // from the user's own configuration
  std::string target;              // the backend that fails; empty: none can
  std::string next;                // the backend that answers instead; empty: none
  std::vector<std::string> notes;  // differences from the user's configuration, one line each

  const BackendSettings& role(const std::string& name) const { return config.backends.at(name); }
  bool is_process(const std::string& name) const;
  /// What a call of the target is: the "start" of a process, or a "request" to a server.
  std::string call_noun() const { return is_process(target) ? "start" : "request"; }
};

/// gemini, and a local model behind ollama.
Setup default_setup();

/// The first enabled backend of `router.order` that is not the local model fails. Order, kinds, thresholds, fallback
/// and store are the user's; times and slots are chosen so that no machine is too slow for the scenario.
Setup setup_for(const Config& mine);

/// The sandbox's delegate.toml.
std::string to_toml(const Config& config);

}  // namespace delegate::cli::drill
