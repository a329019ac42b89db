#pragma once
#include <string>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

namespace delegate::cli {

/// A time in the past as a person writes it, as wall time: a duration before `now` (`2h`, `7d`, `1w`), `today` or
/// `yesterday` or a date (`2026-11-30`), each from its midnight here, or RFC 3339 (`2026-11-30T08:00:00Z`).
Result<milliseconds> parse_moment(const std::string& text, milliseconds now);

}  // namespace delegate::cli
