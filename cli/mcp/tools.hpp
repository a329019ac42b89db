#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "core/mcp/service.hpp"

namespace delegate::cli::server {

inline constexpr const char* kStatusUri = "delegate://status";
inline constexpr const char* kHistoryUri = "delegate://history";
inline constexpr const char* kRunUri = "delegate://run/";  // followed by an id

inline constexpr int kMaxWaitSeconds = 3600;  // of `result`, if its client waits that long

/// What the descriptions of the tools say about this machine.
struct ToolFacts {
  std::vector<std::string> backends;  // that are installed here
  std::vector<std::string> order;     // … those of auto, in its order
  std::vector<std::string> blind;     // … those that read no files
  std::string directory;              // the default of `cwd`; empty: there is none, because it is no project
  std::chrono::seconds timeout{0};    // the default of `timeout_s`
  bool may_write = false;             // a backend may be asked to change files
};

/// The tools and resources of the server.
mcp::Capabilities capabilities(const ToolFacts& facts);

}  // namespace delegate::cli::server
