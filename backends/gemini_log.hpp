#pragma once
#include <optional>
#include <string_view>

#include "core/run/backend.hpp"

// Gemini's local telemetry. The CLI lets a small model choose the one that answers. If the answer to that is empty or
// no JSON, it repeats the request five times in a minute and a half, and its telemetry is the only place where it says
// so.
namespace delegate {

/// Where the CLI writes its telemetry for us. Nothing if the model is known, if the caller's environment configures
/// telemetry, or if the agent may start programs: they would inherit the variables, and a gemini that outlives the call
/// fails without the pipe.
std::optional<OwnLog> gemini_log(const Task& task);

/// Variables that turn telemetry off where it was inherited from the call around this one; empty: it was not.
std::vector<std::string> without_outer_log(const Task& task);

/// One line of the telemetry: JSON over several lines a record. Must accept any bytes.
void read_gemini_log(ParsedOutput& parsed, std::string_view line);

}  // namespace delegate
