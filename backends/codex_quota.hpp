#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/quota/windows.hpp"

// What Codex keeps and says about the windows of its login.
namespace delegate {

/// Of a line of a session's rollout file: a `token_count` event at or after `since` (wall), with its time. Codex writes
/// one after each response of the service.
std::optional<QuotaReading> quota_in_rollout(std::string_view line, milliseconds since);

/// JSON-RPC lines for `codex app-server`: they ask for the windows, which it gets from the service.
std::string quota_request_to_app_server();
/// Its answer among the lines of its output, heard at `now` (wall). Nothing: it has not answered. Empty: with an error.
std::optional<QuotaReading> quota_in_app_server(std::string_view out, milliseconds now);

}  // namespace delegate
