#include "backends/server_errors.hpp"

#include <algorithm>
#include <array>

#include "backends/error_facts.hpp"
#include "backends/error_meaning.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr double kBytesPerToken = 3.5;
constexpr int kSmallestCheck = 2048;  // tokens; below that the estimate is too rough
constexpr double kSurelyWhole = 0.6;  // share of the estimate
/// Tokens. A prompt that was cut still fills half of a window; a smaller count is that of what was not in the cache.
constexpr std::int64_t kSmallestCut = 1000;
constexpr std::string_view kDigits = "0123456789";
/// Where an error says what kind it is.
constexpr std::array kStatusPlaces{"/code", "/status", "/statusCode", "/status_code"};

/// Has it a part of an answer, or its end?
bool answers(const Json& event) {
  return event.contains("choices") || event.contains("done") || at(event, "/message").is_object();
}

bool is_told(const Json& event) {
  return at(event, "/message").is_string() || (event.contains("detail") && !at(event, "/detail").empty());
}

/// By a number or a word; other states are those of a request that waits.
bool states_failure(const Json& event) {
  constexpr std::array<std::string_view, 14> kWords{"error",   "fail",         "invalid", "exceed",    "limit",
                                                    "denied",  "unauth",       "forbid",  "not_found", "overload",
                                                    "unavail", "insufficient", "quota",   "not found"};
  for (const char* place : kStatusPlaces) {
    const std::string word = text_at(event, place);
    for (const std::string_view one : kWords)
      if (contains_ignoring_case(word, one)) return true;
  }
  return status_in(event).has_value();
}

}  // namespace

std::optional<std::int64_t> status_in(const Json& error) {
  for (const char* place : kStatusPlaces) {
    const std::string word = text_at(error, place);
    const bool is_number = word.size() == 3 && word.find_first_not_of("0123456789") == std::string::npos;
    const auto status = is_number ? std::optional<std::int64_t>(std::stoi(word)) : integer_at(error, place);
    if (status && *status >= 400 && *status < 600) return status;
  }
  return std::nullopt;
}

int estimated_tokens(const Task& task) {
  const double bytes = static_cast<double>(task.prompt.size() + task.system.size());
  return static_cast<int>(std::min(bytes / kBytesPerToken, 1e9));
}

Failure server_failure(const Json& error, const Task& task, std::optional<std::int64_t> status) {
  const std::string text = error.is_string() ? error.get<std::string>() : dump(error);
  Failure failure = failure_of_words(Vendor::server, text, Outcome::server_error, status);
  // To shorten a prompt one has to know by how much.
  if (failure.outcome == Outcome::context_too_long && failure.message.find_first_of(kDigits) == std::string::npos)
    failure.message = "the prompt has about " + std::to_string(estimated_tokens(task)) + " tokens: " + failure.message;
  return failure;
}

Json error_in(const Json& event) {
  if (const Json& error = at(event, "/choices/0/error"); error.is_structured() && !error.empty()) return error;
  for (const char* place : {"/error", "/errors"}) {
    const Json& error = at(event, place);
    if (error.is_structured() ? !error.empty() : !trim(text_of(error)).empty()) return error;
    if (error.is_boolean() && error.get<bool>()) return event;
  }
  if (text_at(event, "/object") == "error" || text_at(event, "/type") == "error") return event;
  return !answers(event) && is_told(event) && states_failure(event) ? event : Json();
}

Json remark_in(const Json& event) { return !answers(event) && is_told(event) ? event : Json(); }

std::optional<Failure> failure_in_body(std::string_view body, const Task& task, std::optional<std::int64_t> status) {
  if (const auto json = parse_object(body)) {
    for (const Json& error : {error_in(*json), remark_in(*json)})
      if (!error.is_null()) return server_failure(error, task, status);
  }
  bool is_error_event = false;
  for (const std::string_view raw : split(body, '\n')) {
    const std::string_view line = trim(raw);
    if (line.starts_with("error:")) return server_failure(Json(std::string(trim(line.substr(6)))), task, status);
    if (is_error_event && line.starts_with("data:"))
      return server_failure(Json(std::string(trim(line.substr(5)))), task, status);
    if (line.starts_with("event:")) is_error_event = trim(line.substr(6)) == "error";
  }
  return std::nullopt;
}

Failure server_failure_without_echo(Failure failure, std::string message) {
  const bool is_ours = failure.status.value_or(500) < 500;
  return reconsidered(Vendor::server, std::move(failure), std::move(message),
                      is_ours ? Outcome::bad_request : Outcome::server_error);
}

std::optional<Failure> explain_body(const Task& task, std::string_view body) {
  body = trim(body);
  if (body.empty() || body.starts_with("data:") || body.starts_with(':') || body.starts_with("event:"))
    return std::nullopt;
  if (is_web_page(body) || body.starts_with('<')) {
    const std::string title = title_of_page(body);
    return Failure{Outcome::bad_output,
                   "sent a web page instead of an answer: " + one_line(title.empty() ? body : title, 200),
                   {}};
  }
  const auto json = parse_object(body);
  Failure told = server_failure(json ? *json : Json(std::string(body)), task);
  if (!told.is_recognised) told.outcome = Outcome::bad_output;
  told.message = "sent no answer: " + told.message;
  return told;
}

std::string warning_of_cut_prompt(const Task& task, std::optional<std::int64_t> tokens_read) {
  const int expected = estimated_tokens(task);
  if (!tokens_read || *tokens_read < kSmallestCut || expected <= kSmallestCheck) return {};
  if (static_cast<double>(*tokens_read) >= kSurelyWhole * expected) return {};
  return "the model seems to have read only " + std::to_string(*tokens_read) + " of about " + std::to_string(expected) +
         " tokens: its context window is too small";
}

}  // namespace delegate
