#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The structured part of an error message: the JSON that vendors and CLIs put into their texts, however deep it is
// wrapped. Pure; accepts any bytes.
namespace delegate {

using std::chrono::milliseconds;

struct ErrorFacts {
  std::string prose;                  // the text around the JSON
  std::string message;                // what the API says to people; empty: there was no JSON with a message
  std::vector<std::string> messages;  // that and the others, as found
  std::vector<std::string> codes;     // values of `type`, `code`, `status`, `reason` and the like
  std::optional<std::int64_t> status;
  std::optional<milliseconds> retry_after;  // `retryDelay`, `resets_in_seconds`, …
  std::optional<milliseconds> retry_at;     // `resets_at`, `quotaResetTimeStamp`, …: wall clock, since the epoch
};

ErrorFacts facts_in(std::string_view text);

/// The HTTP status that the words state: "unexpected status 401", "API Error: 529 …". A number alone is none.
std::optional<std::int64_t> stated_status(std::string_view words);

/// The same for a line that may be about anything: "Error: 503 tests failed" states none.
std::optional<std::int64_t> clearly_stated_status(std::string_view words);

/// A web page, or the beginning of one, instead of an API's message.
bool is_web_page(std::string_view text);

/// Its title, or else its first heading; empty: none.
std::string title_of_page(std::string_view text);

}  // namespace delegate
