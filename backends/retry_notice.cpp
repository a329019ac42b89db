#include "backends/retry_notice.hpp"

#include <algorithm>
#include <array>

#include "backends/error_meaning.hpp"
#include "backends/signatures.hpp"
#include "core/base/text.hpp"
#include "core/run/error_lines.hpp"
#include "core/run/pattern.hpp"
#include "core/run/reset_time.hpp"
#include "core/run/time_words.hpp"

namespace delegate {
namespace {

constexpr std::size_t kRead = 4u << 10;   // a notice is short; what follows is a response body or a stack trace
constexpr std::size_t kMostBetween = 16;  // tokens between "retrying" and its time
/// No limit per minute lasts that long.
constexpr milliseconds kLongestRate = std::chrono::hours(1);
/// No program pauses that long by itself: the service asked for it.
constexpr milliseconds kLongestOwnPause{10'000};

/// Cheap: each notice has one of these, few other lines do.
constexpr std::array<std::string_view, 12> kRetryWords{"retry",    "re-try",   "retries",     "reconnect",
                                                       "attempt",  "again",    "backing off", "waiting for",
                                                       "next try", "sleeping", "pausing",     "waiting until"};

// Patterns for text in lower case.
constexpr std::array kNotices{
    R"(\b(re-?trying|reconnecting|trying again|backing off)\b)",
    R"(\b(will|going to|about to) (re-?try|reconnect|try again)\b)",
    R"(\b(re-?try|reconnect)( attempt)?\W{0,3}\d{1,2}\b(?!\s*(ms|s|sec\w*|m|min\w*|h|hours?)\b))",
    R"(\battempt\W{0,3}\d{1,2}\b.{0,20}\bfail)",
    R"(\bwaiting for (the |a )?(network|internet|connection)\b)",
    R"(\bnext (re-?)?(try|attempt)\b)",
    R"(\b(sleeping|pausing|waiting) (for \d|\d|until\b))",
};

/// The end of all tries, other programs that report through the CLI, and things that it does beside its work.
constexpr std::array kOthers{
    R"(\bmax(imum)? (number of )?(attempts|retries|tries) (was |were |has been |have been )?(reached|exceeded))",
    R"(\bmcp\b|\bmcp[_-]|\btool server\b|\blanguage server\b|\blsp\b|\bide\b)",
    R"(\btelemetry\b|\botel\b|\bopentelemetry\b|\banalytics\b|\bstatsig\b|\bclearcut\b|\bexport\w* .{0,20}metrics\b)",
    R"(\bupdat(er|ing)\b|\bfor updates?\b|\bupdate check\b|\bplugins?\b|\bextensions?\b|\bmarketplace\b)",
    R"(^\s*\[(?!(error|warn|warning|info|api|api error|retry|gemini|codex|claude)\])[\w .@/-]+\])",
};

/// How CLIs report retries of their own requests, perhaps behind the stamp and level of a logger.
constexpr const char* kOwnForm =
    R"(^\W*(?:\S*\d:\d\d\S*\s+)?(?:\[?(?:error|warn|warning|info)\]?:?\s+)?(?:\w+(?:::\w+)+:\s*)?)"
    R"((attempt\W{0,3}\d{1,2}( of \d{1,2})? failed\b|reconnecting\b|stream (error|disconnected)\b)"
    R"(|api (error|request|call|connection)\b))";
/// More about a retry that was announced before.
constexpr const char* kDetail = R"(^\W*((?:please )?try(?:ing)? again (?:in|after))"
                                R"(|(?:please |suggested )?re-?try(?:ing)?(?: in| after|delay(?:ms)?)\b)"
                                R"(|(?:sleeping|pausing|waiting)(?: for)? \d|backing off|next (?:try|attempt)))";
/// An address of a model's API, and any address.
constexpr const char* kServiceAddress =
    R"(\b(api\.anthropic\.com|api\.openai\.com|openai\.azure\.com|chatgpt\.com/backend-api|openrouter\.ai/api)"
    R"(|(?:generativelanguage|cloudcode-pa|aiplatform)\.googleapis\.com|bedrock-runtime\.[\w.-]*amazonaws\.com)\b)";
constexpr const char* kAnyAddress =
    R"((https?://|\blocalhost\b|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|::1\b|\b[\w-]+\.[\w.-]+(?::| port )\d))";

/// Words that only a service that limits its callers says.
constexpr std::array kSaidByService{Outcome::rate_limited, Outcome::quota_exhausted, Outcome::overloaded,
                                    Outcome::server_error};

constexpr const char* kForever =
    R"(\b(waiting for (?:the |a )?(?:network|internet|connection)|(?:sleeping|pausing|waiting) until)\b)";
/// "retrying 2/5", "attempt 2 of 10 failed", "Reconnecting… (2/5 in 380ms)".
constexpr const char* kCountOfMost =
    R"((?:attempt|try|trying|connect|connecting)\b[^\d\n]{0,40}?(\d{1,2})\s*(?:/|of)\s*\d{1,3}\b)";
constexpr const char* kFailedCount = R"(\battempt\W{0,3}(\d{1,2})\b.{0,20}\bfail)";
constexpr const char* kStatus =
    R"((?:status|code|error|https?|http/[\d.]+|returned|received|response|got|failed|last status:?)\W{0,4})"
    R"(([45]\d\d)\b)";

template <class Patterns>
bool matches_any(const Patterns& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const char* pattern) { return matches(pattern, text); });
}

bool may_announce(const std::string& text) {
  return std::any_of(kRetryWords.begin(), kRetryWords.end(),
                     [&](std::string_view hint) { return text.find(hint) != std::string::npos; });
}

std::optional<int> failures_in(const std::string& text) {
  for (const char* pattern : {kCountOfMost, kFailedCount})
    if (const std::string count = captured(pattern, text); !count.empty()) return std::max(1, std::stoi(count));
  return std::nullopt;
}

bool puts_off(const std::string& word) {
  return word.find("retry") != std::string::npos || word == "retries" || word == "reconnecting" || word == "again" ||
         word == "waiting" || word == "sleeping" || word == "pausing" || word == "backing" || word == "backoff" ||
         word == "delay" || word == "next";
}

/// The duration that follows a word about a retry or a pause.
std::optional<milliseconds> duration_in(const std::string& text) {
  const auto tokens = time_tokens(text);
  std::optional<milliseconds> longest;
  for (std::size_t word = 0; word < tokens.size(); ++word) {
    if (tokens[word].kind != TimeToken::Kind::word || !puts_off(tokens[word].text)) continue;
    const std::size_t end = std::min(tokens.size(), word + 1 + kMostBetween);
    for (std::size_t at = word + 1; at < end; ++at)
      if (const auto pause = take_duration(tokens, at)) {
        longest = std::max(longest.value_or(milliseconds(0)), *pause);
        break;
      }
  }
  return longest;
}

/// Also of statuses that are not in any list.
std::optional<Outcome> outcome_by_status(const std::string& text) {
  const std::string digits = captured(kStatus, text);
  if (digits.empty()) return std::nullopt;
  return outcome_of_status(std::stoi(digits));
}

/// Only of a known form: other long waits may be for anything.
Outcome outcome_of_pause(const RetryNotice& notice) {
  if (!notice.is_own || !notice.pause || *notice.pause <= kLongestOwnPause) return Outcome::exited_nonzero;
  return *notice.pause > kLongestRate ? Outcome::quota_exhausted : Outcome::rate_limited;
}

bool is_detail(std::string_view line) { return !captured(kDetail, lower(line.substr(0, kRead))).empty(); }

/// The failure that is being retried; null: there is none.
const Failure* before_of(const ParsedOutput& parsed) {
  return parsed.failure && parsed.failure->retrying ? &*parsed.failure : nullptr;
}

/// Does a notice without a reason belong to the one before it? "Attempt 1 failed: …" and then "Retrying in 2 s".
bool continues(const Failure& before, const RetryNotice& notice) {
  if (before.retrying->pause.count() > 0) return !notice.pause;
  return notice.pause || before.outcome != Outcome::exited_nonzero;
}

}  // namespace

std::optional<milliseconds> retry_pause(std::string_view text) {
  const std::string words = lower(text.substr(0, kRead));
  const auto stated = stated_wait(words);
  const auto own = duration_in(words);
  return stated && own ? std::max(stated, own) : stated ? stated : own;
}

std::optional<RetryNotice> retry_notice(std::string_view text) {
  const std::string words = lower(text.substr(0, kRead));
  if (!may_announce(words) || !matches_any(kNotices, words) || matches_any(kOthers, words)) return std::nullopt;
  return RetryNotice{.failures = failures_in(words),
                     .pause = retry_pause(words),
                     .forever = !captured(kForever, words).empty(),
                     .by_status = outcome_by_status(words),
                     .is_own = !captured(kOwnForm, words).empty()};
}

bool concerns_service(const RetryNotice& notice, Vendor vendor, std::string_view line, Outcome outcome) {
  if (notice.is_own) return true;
  const std::string words = lower(line.substr(0, kRead));
  const bool names_service = !captured(kServiceAddress, words).empty();
  if (!names_service && !captured(kAnyAddress, words).empty()) return false;
  if (notice.by_status) return true;
  if (std::find(kSaidByService.begin(), kSaidByService.end(), outcome) != kSaidByService.end()) return true;
  // A lost network or a refused sign-in may be a tool's. The forms of the known CLIs are known, those of others are
  // not.
  return outcome != Outcome::exited_nonzero && (names_service || vendor == Vendor::other);
}

void note_retry(ParsedOutput& parsed, const RetryNotice& notice, Failure failure) {
  const Failure* before = before_of(parsed);
  if (failure.outcome == Outcome::exited_nonzero) {
    failure.outcome = notice.by_status.value_or(outcome_of_pause(notice));
    failure.is_recognised = failure.outcome != Outcome::exited_nonzero;
  }
  if (failure.outcome == Outcome::exited_nonzero && before != nullptr) {
    failure.outcome = before->outcome;
    failure.message = before->message;
    failure.is_recognised = before->is_recognised;
  }
  // A program's own short pause is not the end of a limit.
  if (traits(failure.outcome).on_call != Verdict::rate_limited && failure.retry_after &&
      *failure.retry_after <= kLongestOwnPause)
    failure.retry_after.reset();
  int failures = 1;
  if (before != nullptr && before->outcome == failure.outcome) {
    failures = before->retrying->failures + 1;  // a program that does not count is counted
    if (!failure.retry_after) failure.retry_after = before->retry_after;
  }
  failure.retrying = Retrying{.failures = notice.failures.value_or(failures),
                              .pause = notice.pause.value_or(milliseconds(0)),
                              .forever = notice.forever};
  parsed.failure = std::move(failure);
}

void read_retry_line(ParsedOutput& parsed, Vendor vendor, std::string_view line,
                     const std::function<Failure(const std::string&)>& failure_of) {
  if (is_stack_frame(line)) return;  // "at retryWithBackoff (cli.js:308062:29)"
  if (parsed.complete) return;       // the two pipes may be read in another order than they were written
  const Failure* before = before_of(parsed);
  const bool adds = before != nullptr && is_detail(line);
  const auto notice = retry_notice(line);
  if (!notice && !adds) return;
  if (notice) {
    Failure failure = failure_of(std::string(trim(line)));
    if (!adds && !concerns_service(*notice, vendor, line, failure.outcome)) return;
    const bool silent = failure.outcome == Outcome::exited_nonzero && !notice->failures && !notice->by_status;
    if (!silent || before == nullptr || !continues(*before, *notice))
      return note_retry(parsed, *notice, std::move(failure));
  }
  const auto pause = retry_pause(line);
  if (!pause) return;
  parsed.failure->retrying->pause = *pause;
  if (const auto stated = stated_wait(line)) parsed.failure->retry_after = stated;
}

void forget_retries(ParsedOutput& parsed) {
  if (parsed.failure && parsed.failure->retrying) parsed.failure.reset();
}

}  // namespace delegate
