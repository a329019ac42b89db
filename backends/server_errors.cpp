#include "backends/server_errors.hpp"

#include <algorithm>

#include "backends/signatures.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr double kBytesPerToken = 3.5;
constexpr int kSmallestCheck = 2048;  // tokens; below that the estimate is too rough
constexpr double kSurelyWhole = 0.6;  // share of the estimate
/// Tokens. A prompt that was cut still fills half of a window; a smaller count is that of what was not in the cache.
constexpr std::int64_t kSmallestCut = 1000;
constexpr std::string_view kDigits = "0123456789";

constexpr Signature kTooLittleMemory[] = {
    {R"(\brequires more (system )?memory\b|\binsufficient (system )?memory\b)", Outcome::resources},
    {R"(\bnot enough (system |free |available )?memory\b)", Outcome::resources},
};

struct ErrorText {
  std::string words;  // for people
  std::string all;    // with the type of the error, to find its cause
};

ErrorText text_in(const Json& error) {
  if (error.is_string()) {
    const auto inner = parse_object(error.get<std::string>());
    if (!inner) return {error.get<std::string>(), error.get<std::string>()};
    const Json& nested = at(*inner, "/error");
    return text_in(nested.is_object() ? nested : *inner);
  }
  // OpenAI's shape, FastAPI's two, and what gateways make of them.
  for (const char* place : {"/message", "/detail", "/detail/0/msg", "/detail/message", "/errors/0/message",
                            "/error/message", "/error_description", "/msg", "/error", "/errors/0"})
    if (const std::string said = text_at(error, place); !trim(said).empty())
      return {said, said + " " + text_at(error, "/type") + " " + text_at(error, "/code")};
  return {dump(error), dump(error)};
}

}  // namespace

int estimated_tokens(const Task& task) {
  const double bytes = static_cast<double>(task.prompt.size() + task.system.size());
  return static_cast<int>(std::min(bytes / kBytesPerToken, 1e9));
}

ServerError server_error(const Json& error, const Task& task) {
  const ErrorText said = text_in(error);
  ServerError out{.words = one_line(said.words), .outcome = match(common_signatures(), said.all)};
  if (said.all.find("context size") != std::string::npos) out.outcome = Outcome::context_too_long;
  if (said.all.find("Loading model") != std::string::npos) out.outcome = Outcome::loading;
  if (match(kTooLittleMemory, said.all)) out.outcome = Outcome::resources;
  // To shorten a prompt one has to know by how much.
  if (out.outcome == Outcome::context_too_long && out.words.find_first_of(kDigits) == std::string::npos)
    out.words = "the prompt has about " + std::to_string(estimated_tokens(task)) + " tokens: " + out.words;
  return out;
}

std::optional<Failure> explain_body(const Task& task, std::string_view body) {
  body = trim(body);
  if (body.empty() || body.starts_with("data:") || body.starts_with(':') || body.starts_with("event:"))
    return std::nullopt;
  if (body.starts_with('<'))
    return Failure{Outcome::bad_output, "sent a web page instead of an answer: " + one_line(body, 200), {}};
  const auto json = parse_object(body);
  ServerError said = server_error(json ? *json : Json(std::string(body)), task);
  return Failure{said.outcome.value_or(Outcome::bad_output), "sent no answer: " + said.words, {}};
}

std::string warning_of_cut_prompt(const Task& task, std::optional<std::int64_t> tokens_read) {
  const int expected = estimated_tokens(task);
  if (!tokens_read || *tokens_read < kSmallestCut || expected <= kSmallestCheck) return {};
  if (static_cast<double>(*tokens_read) >= kSurelyWhole * expected) return {};
  return "the model seems to have read only " + std::to_string(*tokens_read) + " of about " + std::to_string(expected) +
         " tokens: its context window is too small";
}

}  // namespace delegate
