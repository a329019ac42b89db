#pragma once
#include <string>
#include <vector>

#include "core/mcp/service.hpp"

namespace delegate::cli::server {

inline constexpr const char* kStatusUri = "delegate://status";
inline constexpr const char* kHistoryUri = "delegate://history";
inline constexpr const char* kRunUri = "delegate://run/";  // followed by an id

inline constexpr int kMaxWaitSeconds = 3600;  // of `result`, if its client waits that long

/// The tools and resources of the server. `backends`: the names that `ask` accepts. With `may_write`, the agent may let
/// a backend change files.
mcp::Capabilities capabilities(const std::vector<std::string>& backends, bool may_write);

}  // namespace delegate::cli::server
