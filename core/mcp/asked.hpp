#pragma once
#include <optional>
#include <string>
#include <variant>

#include "core/mcp/connection.hpp"
#include "core/mcp/outbox.hpp"

namespace delegate::mcp {

/// A request, understood as far as all requests are alike.
struct Asked {
  Seat seat;
  std::string method;
  Client client;  // its version is that of the request
  Json params;
  Json meta;                          // null when there is none
  Json progress_token;                // null: no progress is wanted
  std::optional<LogLevel> log_level;  // of a request of 2026-07-28

  Version version() const { return client.version; }
};

/// It is in flight, and answered when its call is finished.
struct Later {};
using Reply = std::variant<Json, Refusal, Later>;

inline Refusal invalid_params(std::string why) { return {ErrorCode::invalid_params, std::move(why), nullptr}; }

}  // namespace delegate::mcp
