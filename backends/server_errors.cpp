#include "backends/server_errors.hpp"

#include <algorithm>

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

}  // namespace

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
  const Json& error = at(event, "/error");
  const bool is_one = error.is_structured() || error.is_string() || (error.is_boolean() && error.get<bool>());
  if (is_one) return error.is_boolean() ? event : error;
  if (text_at(event, "/object") == "error" || text_at(event, "/type") == "error") return event;
  const bool answers = event.contains("choices") || event.contains("message") || event.contains("done");
  return event.contains("detail") && !answers ? event : Json();
}

std::optional<Failure> failure_in_body(std::string_view body, const Task& task, std::optional<std::int64_t> status) {
  if (const auto json = parse_object(body)) {
    const Json error = error_in(*json);
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
