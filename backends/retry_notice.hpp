#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "backends/wordings.hpp"
#include "core/run/backend.hpp"

// CLIs repeat a failed request by themselves, some for minutes, and each says so in words that change from version to
// version. What is read here is common to them: that there will be another try, how many have failed, how long the next
// one is put off.
namespace delegate {

struct RetryNotice {
  std::optional<int> failures;        // so far, if it counts them
  std::optional<milliseconds> pause;  // before the next try, or until a limit that the notice states ends
  bool forever = false;               // it waits for something to change, or for a time of day
  std::optional<Outcome> by_status;   // of the HTTP status in the text
  bool is_own = false;                // a known form in which CLIs report retries of their own requests
};

/// Nothing if the text does not announce another try, or if it is the log line of something else: a tool server, an
/// update.
std::optional<RetryNotice> retry_notice(std::string_view text);

/// The text gives more facts about a retry that was announced before: "Suggested retry after 20s".
std::optional<milliseconds> retry_pause(std::string_view text);

/// Notes that the program is retrying. `failure` is the kind's own judgement of the words, exited_nonzero if unknown.
void note_retry(ParsedOutput& parsed, const RetryNotice& notice, Failure failure);

/// Tools, hooks and libraries also write to stderr, and retry things of their own. Is the notice, whose words mean
/// `outcome`, about the requests to the service? Only a known form, an HTTP status or words of the service show that.
bool concerns_service(const RetryNotice& notice, Vendor vendor, std::string_view line, Outcome outcome);

/// A line of stderr that may announce or describe a retry of a request to the service; any other line is ignored.
void read_retry_line(ParsedOutput& parsed, Vendor vendor, std::string_view line,
                     const std::function<Failure(const std::string&)>& failure_of);

/// The backend got on: an earlier failure that it retried is over.
void forget_retries(ParsedOutput& parsed);

}  // namespace delegate
