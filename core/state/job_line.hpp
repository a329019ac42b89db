#pragma once
#include <string>
#include <string_view>

#include "core/state/jobs.hpp"

namespace delegate {

/// ":codex,gemini"; "=:codex" if it was named, "+…" if nested, "!…" with a last resort, "@MARK…" if apart. Never empty,
/// unlike that of an earlier version's row.
std::string to_text(const JobLine& line);
JobLine job_line_of(std::string_view text);

}  // namespace delegate
