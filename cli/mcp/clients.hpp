#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace delegate::cli::server {

/// What is known about an editor's agent by the name that it gives itself. For convenience only; names are not
/// verified.
struct ClientHabits {
  std::chrono::milliseconds patience;  // how long a call may take, with a margin to the agent's own timeout
  std::size_t max_result;              // bytes of a result, as JSON text, that the agent shows its model unabridged
};
ClientHabits habits_of(const std::string& client);

/// How long a call may take before it is answered with the run's id. `stated`: the client's own timeout.
std::chrono::milliseconds patience_of(const std::string& client, std::optional<std::chrono::milliseconds> stated);

}  // namespace delegate::cli::server
