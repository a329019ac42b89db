#pragma once
#include <string>

#include "core/base/duration.hpp"

namespace delegate::cli {

/// A time in the past as a person writes it: a duration before `now` (`2h`, `7d`), a date (`2026-11-30`: its midnight
/// here), or RFC 3339 (`2026-11-30T08:00:00Z`). Wall time.
Result<milliseconds> parse_moment(const std::string& text, milliseconds now);

}  // namespace delegate::cli
