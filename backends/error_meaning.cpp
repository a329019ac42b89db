#include "backends/error_meaning.hpp"

#include <algorithm>
#include <array>

#include "backends/error_facts.hpp"
#include "backends/wording_terms.hpp"
#include "core/base/text.hpp"
#include "core/run/error_lines.hpp"
#include "core/run/pattern.hpp"
#include "core/run/reset_time.hpp"

namespace delegate {
namespace {

constexpr std::string_view kByWords = "built-in wording: ";
constexpr std::size_t kLongestSubject = 400;  // bytes
constexpr std::size_t kMostLines = 60;        // of stderr, from its end

constexpr std::string_view kAddress =
    "nothing answers at this address of the service: check the base URL that is set for {name}, and the proxy settings";

/// What a meaning rests on: a field or a status, words that only this vendor prints, or words that any program may
/// print.
enum class Ground { fact, own_words, words };

/// Where a text comes from: an error that the CLI or the server states as such, or a plain line of its stderr, which
/// may as well be about a file, a test or another program.
enum class TextKind { stated, plain_line };

struct Cause {
  Outcome outcome;
  std::string hint = {};
  bool is_callers_own = false;
  bool is_recognised = true;
  std::string evidence = {};
  Ground ground = Ground::fact;
};

/// "Warning: …": what it could live with.
bool is_remark(std::string_view line) {
  constexpr std::array<std::string_view, 7> kRemarks{"warn", "info", "note", "debug", "deprecat", "using ", "usage:"};
  const std::string words = lower(trim(line));
  return std::any_of(kRemarks.begin(), kRemarks.end(), [&](std::string_view one) { return words.starts_with(one); });
}

/// It begins as the CLIs begin what the service said: "API Error: …", "[API Error: …", "unexpected status 429 …".
bool names_service(std::string_view line) {
  constexpr const char* kBeginnings =
      R"((?i)^\W*(?:error: )?((?:api[ _]?error|_?apierror|gaxioserror|failed to authenticate|unexpected status|stream (?:error|disconnected)|exceeded retry limit|error when talking to gemini api)\b))";
  return !captured(kBeginnings, line).empty();
}

/// What a service limits or refuses is the caller's: an account, a plan, a key.
bool names_account(std::string_view line) {
  constexpr const char* kSubjects =
      R"((?i)(\b(?:you|your|you're|you've|account|organi[sz]ation|workspace|api[ _-]?key|x-api-key|plan|subscription|billing|log ?in|logged in|sign(?:ed)? in|credits|oauth|bearer)\b))";
  return !captured(kSubjects, line).empty();
}

/// "docs/rate-limits.md", "check-quota.sh": it speaks of its own work.
bool names_file(std::string_view line) {
  constexpr const char* kFile =
      R"((?i)((?:^|[\s`'"(=])[\w./~-]*\w\.(?:[cm]?[jt]sx?|py|rb|rs|go|java|kt|cs|cpp|hpp|[ch]|php|sh|json[cl]?|ya?ml|toml|md|txt|csv|lock|log|xml|html|css|sql|cfg|ini|conf)\b))";
  return !captured(kFile, line).empty();
}

/// May a plain line of a CLI's stderr decide this? A crash with "invalid argument" is no refused request, and what is
/// said about a file is not said by the service. Words that open the breaker at once, or close it, must be about an
/// account.
bool is_trusted(const Failure& known, Ground ground, std::string_view line) {
  if (ground == Ground::fact || known.outcome == Outcome::resources) return true;
  if (names_file(line)) return false;
  if (ground == Ground::own_words) return true;
  const OutcomeTraits& row = traits(known.outcome);
  const bool decides_alone =
      row.trip != Trip::at_threshold || row.on_call == Verdict::rate_limited || row.on_call == Verdict::success;
  if (decides_alone) return names_account(line);
  return known.outcome != Outcome::bad_request || known.is_callers_own;
}

std::optional<Cause> by_code(const ErrorFacts& facts, bool vague) {
  for (const std::string& code : facts.codes) {
    // "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    const std::string evidence = "built-in error code: " + code;
    if (!vague && code.find("PerDay") != std::string::npos)
      return Cause{.outcome = Outcome::quota_exhausted, .evidence = evidence};
    if (!vague && code.find("PerMinute") != std::string::npos)
      return Cause{.outcome = Outcome::rate_limited, .evidence = evidence};
    for (const ErrorCode& known : error_codes())
      if (known.is_vague == vague && known.name == code)
        return Cause{.outcome = known.outcome, .hint = known.hint, .evidence = evidence};
  }
  return std::nullopt;
}

/// Statuses that have one meaning, whatever the words beside them.
std::optional<Outcome> by_certain_status(Vendor vendor, std::int64_t status) {
  constexpr std::array<std::int64_t, 7> kOneMeaning{401, 402, 407, 413, 451, 511, 529};
  bool is_certain = std::find(kOneMeaning.begin(), kOneMeaning.end(), status) != kOneMeaning.end();
  // The body of a gateway says nothing about the vendor; a local server says with these statuses what it lacks.
  if (vendor != Vendor::server) is_certain = is_certain || (status >= 502 && status <= 504) || status >= 520;
  return is_certain ? outcome_of_status(status) : std::nullopt;
}

bool is_understood(std::int64_t status) {
  return status < 400 || status == 401 || status == 402 || status == 403 || status == 404 || status == 407 ||
         status == 408 || status == 413 || status == 429 || status == 451 || status == 500 ||
         (status >= 502 && status <= 504) || status == 511 || (status >= 520 && status <= 530);
}

/// A model's name or an address may be what was not found.
Cause not_found(Vendor vendor, const ErrorFacts& facts, std::string_view text) {
  const bool by_google =
      vendor == Vendor::gemini && std::find(facts.codes.begin(), facts.codes.end(), "NOT_FOUND") != facts.codes.end();
  if (by_google || speaks_of_model(text)) return {Outcome::model_rejected};
  const Outcome outcome = vendor == Vendor::server ? Outcome::bad_output : Outcome::unreachable;
  return {outcome, vendor == Vendor::server ? std::string() : std::string(kAddress)};
}

std::optional<Cause> by_status(Vendor vendor, const ErrorFacts& facts, std::string_view text, std::int64_t status) {
  if (status == 404) return not_found(vendor, facts, text);
  const auto outcome = outcome_of_status(status);
  if (!outcome) return std::nullopt;
  Cause cause{.outcome = *outcome,
              .is_recognised = is_understood(status),
              .evidence = "built-in status: " + std::to_string(status)};
  if (*outcome == Outcome::unreachable) cause.hint = status == 407 ? wording::kProxyHint : wording::kWallHint;
  return cause;
}

/// A page says nothing that its status does not say, except that something in between may have answered.
Cause of_web_page(Vendor vendor, std::string_view text, std::optional<std::int64_t> status) {
  const std::string title = title_of_page(text);
  const bool by_gateway =
      status == 503 && contains_ignoring_case(title, "service") && contains_ignoring_case(title, "unavailable");
  if (!status || *status < 400 || status == 403 || (status == 503 && !by_gateway))
    return {Outcome::unreachable, std::string(wording::kWallHint)};
  return by_status(vendor, {}, title, *status).value_or(Cause{Outcome::unreachable, std::string(wording::kWallHint)});
}

std::optional<Cause> by_words(Vendor vendor, std::string_view words, TextKind kind) {
  const auto found = find(wordings_of(vendor), words);
  if (!found || (found->breadth == Breadth::general && kind == TextKind::plain_line)) return std::nullopt;
  const Signature& signature = *found->signature;
  return Cause{.outcome = signature.outcome,
               .hint = signature.hint,
               .is_callers_own = signature.is_callers_own,
               .evidence = std::string(kByWords) + signature.pattern,
               .ground = found->breadth == Breadth::vendors_own ? Ground::own_words : Ground::words};
}

/// What is matched: the words of the API, not the names of its fields or error types.
std::string words_of(const ErrorFacts& facts) {
  std::string words = facts.prose;
  for (const std::string& message : facts.messages) words += "\n" + message;
  return without_paths(words);
}

/// Gateways that count a budget refuse with the status of a refused sign-in.
bool is_spent_budget(const std::optional<Cause>& said, std::int64_t status) {
  return status == 401 && said && said->outcome == Outcome::quota_exhausted;
}

std::optional<Cause> cause_of_error(Vendor vendor, std::string_view text, const ErrorFacts& facts,
                                    std::optional<std::int64_t> status, TextKind kind) {
  if (is_web_page(text)) return of_web_page(vendor, text, status);
  const std::string words = words_of(facts);
  auto said = by_words(vendor, words, kind);
  // Words that say the same as a field or a status are as certain, and may have a better hint.
  const auto agreeing = [&](Outcome outcome) { return said && said->outcome == outcome; };
  const auto certain_words = [&] {
    said->ground = Ground::fact;
    return said;
  };
  if (auto certain = by_code(facts, false)) return agreeing(certain->outcome) ? certain_words() : certain;
  if (const auto certain = status ? by_certain_status(vendor, *status) : std::nullopt)
    return agreeing(*certain) || is_spent_budget(said, *status) ? certain_words()
                                                                : by_status(vendor, facts, words, *status);
  if (said && status && agreeing(outcome_of_status(*status).value_or(Outcome::internal))) return certain_words();
  if (said) return said;
  if (auto vague = by_code(facts, true)) return vague;
  return status ? by_status(vendor, facts, words, *status) : std::nullopt;
}

std::string shown_words(std::string_view text, const ErrorFacts& facts) {
  if (!is_web_page(text)) return one_line(facts.message.empty() ? text : std::string_view(facts.message));
  const std::string prose(text.substr(0, text.find('<')));
  const std::string title = title_of_page(text);
  return one_line(prose + (title.empty() ? "a web page" : "a web page: " + title));
}

struct Meaning {
  Failure failure;
  Ground ground = Ground::fact;
};

std::optional<Meaning> meaning(Vendor vendor, std::string_view text, std::optional<std::int64_t> status,
                               TextKind kind) {
  // The trouble of a tool or a hook, which the CLI reports as its own end.
  if (is_about_errands(text.substr(0, kLongestSubject)) && !names_service(text)) return std::nullopt;
  const ErrorFacts facts = facts_in(text);
  const std::string prose = without_paths(facts.prose);
  if (!status) status = facts.status;
  if (!status) status = kind == TextKind::stated ? stated_status(prose) : clearly_stated_status(prose);
  auto cause = cause_of_error(vendor, text, facts, status, kind);
  if (!cause) return std::nullopt;
  Failure failure{.outcome = cause->outcome, .message = shown_words(text, facts)};
  failure.retry_after = facts.retry_after;
  if (!failure.retry_after && !facts.retry_at) failure.retry_after = stated_wait(words_of(facts));
  if (!failure.retry_after) failure.retry_at = facts.retry_at;
  failure.hint = std::move(cause->hint);
  failure.is_callers_own = cause->is_callers_own;
  failure.is_recognised = cause->is_recognised;
  failure.evidence = std::move(cause->evidence);
  failure.status = status;
  return Meaning{std::move(failure), cause->ground};
}

}  // namespace

std::optional<Failure> meaning_of(Vendor vendor, std::string_view text, std::optional<std::int64_t> status) {
  auto known = meaning(vendor, text, status, TextKind::stated);
  return known ? std::optional(std::move(known->failure)) : std::nullopt;
}

Failure failure_of_words(Vendor vendor, std::string_view text, Outcome otherwise, std::optional<std::int64_t> status) {
  if (auto known = meaning_of(vendor, text, status)) return *std::move(known);
  return {.outcome = otherwise,
          .message = shown_words(text, facts_in(text)),
          .retry_after = stated_wait(text),
          .is_recognised = false};
}

Failure reconsidered(Vendor vendor, Failure failure, std::string message, Outcome otherwise) {
  if (!failure.evidence.starts_with(kByWords)) {
    failure.message = std::move(message);
    return failure;
  }
  Failure again = failure_of_words(vendor, message, otherwise, failure.status);
  if (again.outcome != failure.outcome) return again;
  failure.message = std::move(message);
  return failure;
}

std::optional<Failure> meaning_of_lines(Vendor vendor, std::string_view text) {
  const std::vector<std::string> lines = own_lines(text);
  std::size_t looked_at = 0;
  bool heard_error = false;  // of its own, not understood: before it only what is certain counts
  for (auto line = lines.rbegin(); line != lines.rend() && looked_at < kMostLines; ++line, ++looked_at) {
    const bool is_service = names_service(*line);
    if (is_remark(*line) || (!is_service && is_about_errands(*line))) continue;
    auto known = meaning(vendor, *line, {}, is_service ? TextKind::stated : TextKind::plain_line);
    if (known && is_service) known->ground = Ground::fact;
    const bool is_certain = known && (known->ground != Ground::words || !heard_error);
    if (is_certain && is_trusted(known->failure, known->ground, *line)) return std::move(known->failure);
    heard_error = heard_error || is_error_line(*line);
  }
  return std::nullopt;
}

std::optional<Outcome> outcome_of_status(std::int64_t status) {
  switch (status) {
    case 401:
    case 403:
    case 451: return Outcome::unauthenticated;
    case 402: return Outcome::quota_exhausted;
    case 404: return Outcome::model_rejected;
    case 407:
    case 511: return Outcome::unreachable;
    case 408: return Outcome::server_error;  // the server waited for the request, or for its own upstream
    case 413: return Outcome::context_too_long;
    case 429: return Outcome::rate_limited;
    case 503:
    case 529: return Outcome::overloaded;
    default: break;
  }
  if (status >= 300 && status < 400) return Outcome::unreachable;
  if (status >= 400 && status < 500) return Outcome::bad_request;
  if (status >= 500 && status < 600) return Outcome::server_error;
  return std::nullopt;
}

bool speaks_of_model(std::string_view text) {
  return contains_word(lower(text), "model") || contains_word(lower(text), "models");
}

}  // namespace delegate
