#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace delegate {

using std::chrono::milliseconds;

/// Reads `250ms`, `60s`, `1.5m`, `2h`, `1d`, sums of them (`1h30m`), or a bare number of seconds.
/// Negative, empty and overflowing values are errors that name the text.
Result<milliseconds> parse_duration(std::string_view text);

/// Exact, in as few whole units as possible, for files and text output: `60s` -> `1m`, 90 s -> `1m30s`, 0 -> `0s`.
std::string format_duration(milliseconds value);

/// A time to wait, for people: rounded up to the smallest unit shown, so that nothing is announced as over too early:
/// `42 s`, `3 m 5 s`, `1 h 6 m`.
std::string format_wait(milliseconds value);

/// A time that has passed, for people: `340 ms`, `2.4 s`, `3 m 5 s`.
std::string format_took(milliseconds value);

/// RFC 3339 in UTC with milliseconds, from milliseconds since the epoch.
std::string format_rfc3339(milliseconds since_epoch);

/// In local time, as strftime formats it.
std::string format_local(milliseconds since_epoch, const char* format);

}  // namespace delegate
