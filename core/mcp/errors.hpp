#pragma once
#include <string>

#include "core/mcp/json.hpp"

namespace delegate::mcp {

/// The numbers of the protocol's errors: JSON-RPC's, and those of MCP that we send.
enum class ErrorCode {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  resource_not_found = -32002,  // before 2026-07-28
  missing_client_capability = -32021,
  unsupported_version = -32022,
};

/// Why a request gets an error for an answer.
struct Refusal {
  ErrorCode code = ErrorCode::internal_error;
  std::string message;
  Json data;
};

/// Fit to be part of a message: what a client wrote, cut to a length that nobody minds.
std::string echoed(const std::string& text, std::size_t longest = 100);

}  // namespace delegate::mcp
