#pragma once
#include <string>
#include <vector>

#include "core/mcp/service.hpp"

namespace delegate::cli::server {

inline constexpr const char* kStatusUri = "delegate://status";
inline constexpr const char* kHistoryUri = "delegate://history";
inline constexpr const char* kRunUri = "delegate://run/";  // and an id

inline constexpr int kLongestWait = 3600;  // seconds of `result`, if its client waits for so long

/// What an agent gets to see. `backends`: what may be named. With `may_write` the asker may let a backend change files.
mcp::Capabilities offer(const std::vector<std::string>& backends, bool may_write);

}  // namespace delegate::cli::server
