#pragma once
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/os/http.hpp"

// Finds out from a vendor's text when a limit ends. Pure: the caller passes the time and the local zone, only the zone
// database is read from the machine. Any text is accepted; a time that makes no sense, has passed, or is further ahead
// than any quota gives nothing.
namespace delegate {

using std::chrono::milliseconds;

/// Monthly quotas exist; anything further away is a mistake.
inline constexpr milliseconds kFurthestReset = std::chrono::hours(35 * 24);

/// A wait that a text states: "retry after 12 s", "try again in 3h 34m", `"retryDelay":"41s"`.
std::optional<milliseconds> stated_wait(std::string_view text);

/// The time (wall clock, since the epoch) at which a text says that a limit ends: a wait, a time of day ("resets 3pm
/// (America/New_York)"), a weekday or date with or without one, an RFC 3339 timestamp, seconds or milliseconds since
/// the epoch. Only what follows words such as "try again" or "resets" counts. A time of day means its next occurrence,
/// in the stated zone or else in `zone` (the value of TZ; empty: the machine's). In an hour that daylight saving skips
/// it is the end of the gap, in an hour that occurs twice the first occurrence that has not passed.
std::optional<milliseconds> stated_reset(std::string_view text, milliseconds now, const std::string& zone);

/// A time as stated in a header: relative or absolute.
struct StatedTime {
  std::optional<milliseconds> after;
  std::optional<milliseconds> at;  // wall clock, since the epoch
};

/// Parses the value of `Retry-After` and similar headers: seconds, "1500ms", "6m0s", seconds or milliseconds since the
/// epoch, an HTTP date or an RFC 3339 timestamp, and nothing else.
std::optional<StatedTime> stated_header(std::string_view value);

/// The moment of an RFC 3339 timestamp, to the millisecond; stated_header() reads whole seconds.
std::optional<milliseconds> moment_of(std::string_view timestamp);

/// When the limits end that a response's headers describe: `x-ratelimit-reset-tokens`, `anthropic-ratelimit-*-reset`
/// and the like. If some say that nothing remains, only those count; of several the latest.
std::optional<StatedTime> end_of_limits(std::span<const HttpResult::Header> headers);

}  // namespace delegate
