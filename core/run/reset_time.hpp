#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// When a limit ends, in the words of those who set it. Pure: the clock and the local zone are the caller's, only what
// is known about zones is read from the machine. Everything may be given to it: what makes no sense, has passed, or
// lies further ahead than any quota is nothing.
namespace delegate {

using std::chrono::milliseconds;

/// Monthly quotas exist; whatever is further away is a slip.
inline constexpr milliseconds kFurthestReset = std::chrono::hours(35 * 24);

/// A wait that a text states: "retry after 12 s", "try again in 3h 34m", `"retryDelay":"41s"`.
std::optional<milliseconds> stated_wait(std::string_view text);

/// The moment (wall, since the epoch) at which a text says that a limit ends: a wait, a time of day ("resets 3pm
/// (America/New_York)"), a weekday or date with or without one, an RFC 3339 stamp, seconds or milliseconds since the
/// epoch. Only what follows words such as "try again" or "resets" counts. A time of day is its next occurrence, in the
/// stated zone or else in `zone` (a TZ variable's value; empty: the machine's). In the hour that a clock skips it is
/// the skip itself, in the hour that comes twice the first that has not passed.
std::optional<milliseconds> stated_reset(std::string_view text, milliseconds now, const std::string& zone);

/// A time as a header states it: from now on, or on the clock.
struct StatedTime {
  std::optional<milliseconds> after;
  std::optional<milliseconds> at;  // wall, since the epoch
};

/// The value of `Retry-After` and its relatives: seconds, "1500ms", "6m0s", seconds or milliseconds since the epoch, an
/// HTTP date or an RFC 3339 stamp, and nothing else.
std::optional<StatedTime> stated_header(std::string_view value);

}  // namespace delegate
