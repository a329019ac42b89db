#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace delegate::cli::server {

/// What is known of an editor agent by the name it gives itself. For comfort only: a name is a claim.
struct ClientHabits {
  std::chrono::milliseconds patience;  // how long a call may take before the agent gives it up, with some to spare
  std::size_t longest;                 // bytes of an answer that it shows its model
};
ClientHabits habits_of(const std::string& client);

/// How long a call may take before it is answered with the run's id; `stated`: the client's own limit.
std::chrono::milliseconds patience_of(const std::string& client, std::optional<std::chrono::milliseconds> stated);

}  // namespace delegate::cli::server
