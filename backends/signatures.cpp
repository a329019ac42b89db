#include "backends/signatures.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace delegate {
namespace {

constexpr std::size_t kInspected = 32u << 10;  // of a longer text only the beginning and the end are searched
constexpr std::uint32_t kMostSteps = 50'000;   // per position: a configured pattern must not hang the program

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

// Bytes that are not UTF-8 match nothing.
constexpr std::uint32_t kOptions = PCRE2_MULTILINE | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;

enum class Case : std::uint32_t { matters = 0, ignored = PCRE2_CASELESS };

using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compile(std::string_view pattern, Case letters) {
  int error = 0;
  PCRE2_SIZE where = 0;
  const auto* bytes = reinterpret_cast<PCRE2_SPTR>(pattern.data());
  return Code(
      pcre2_compile(bytes, pattern.size(), kOptions | static_cast<std::uint32_t>(letters), &error, &where, nullptr));
}

/// A built-in pattern, compiled once, because a CLI may print thousands of errors. Lives as long as the program.
const pcre2_code* compiled(const char* pattern) {
  static std::mutex mutex;
  static std::map<std::string_view, Code> codes;
  const std::lock_guard lock(mutex);
  Code& code = codes[pattern];
  if (!code) code = compile(pattern, Case::ignored);
  return code.get();
}

/// The captured groups of the first match (0 is the whole match); empty if there is none.
std::vector<std::string> groups(const pcre2_code* code, std::string_view text) {
  if (code == nullptr) return {};
  const std::unique_ptr<pcre2_match_data, FreeMatch> found(pcre2_match_data_create_from_pattern(code, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeContext> limits(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(limits.get(), kMostSteps);
  const int count =
      pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, found.get(), limits.get());
  std::vector<std::string> out;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(found.get());
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
    const std::size_t from = ends[2 * i];
    const std::size_t to = ends[2 * i + 1];
    out.emplace_back(from == PCRE2_UNSET ? std::string_view() : text.substr(from, to - from));
  }
  return out;
}

std::string inspected_part(std::string_view text) {
  if (text.size() <= kInspected) return std::string(text);
  const std::size_t half = kInspected / 2;
  return std::string(text.substr(0, half)).append("\n").append(text.substr(text.size() - half));
}

constexpr std::array kCommon{
    // Sign-in. Whole phrases, because a number or the word "auth" alone proves nothing.
    Signature{R"(\binvalid (x-)?api[ -]?key\b|\bapi key not valid\b|\bapi_key_invalid\b|incorrect api key)",
              Outcome::unauthenticated},
    Signature{R"(\bnot logged in\b|please run /login|\bnot authenticated\b|\bplease (sign|log) in\b)",
              Outcome::unauthenticated},
    Signature{
        R"(\bauthentication[_ ](failed|error)\b|\b401 unauthorized\b|\b403 forbidden\b|\boauth token (has )?expired)",
        Outcome::unauthenticated},
    Signature{
        R"(set an auth method|\binvalid auth method\b|\bno auth(entication)? method\b|access token could not be refreshed|^unauthorized$)",
        Outcome::unauthenticated},
    // Quota before rate limit: its messages often contain the phrases of the other.
    Signature{
        R"(\b(exceeded|exhausted) your .{0,24}quota\b|\bquota exceeded\b|\binsufficient_quota\b|\busage limit\b|\bcredit balance is too low\b)",
        Outcome::quota_exhausted},
    // A bare number may be a line number of a stack trace.
    Signature{
        R"((status|code|error|https?|http/[\d.]+|returned|response|got|rejected)\W{0,4}429\b|\btoo many requests\b|\brate[ _-]?limit)",
        Outcome::rate_limited},
    Signature{
        R"((status|code|error|https?|http/[\d.]+|returned|response|got|rejected)\W{0,4}(503|529)\b|\boverloaded\b|\bat capacity\b)",
        Outcome::overloaded},
    Signature{R"(\bservice unavailable\b|\bserver (is )?busy\b|\bhigh demand\b)", Outcome::overloaded},
    Signature{
        R"(\b(500|502|504) (internal server error|bad gateway|gateway timeout)\b|\binternal server error\b|an internal error has occurred)",
        Outcome::server_error},
    Signature{
        R"(issue with the selected model|\bmodel\b.{0,80}\b(does not exist|not found|is not supported)\b|\bis not found for api version\b|does not support (chat|generate|thinking|tools)\b)",
        Outcome::model_rejected},
    Signature{
        R"(prompt is too long|context window|input token count .{0,40}exceeds|maximum context length|longer than the context length|available context size|exceed_context_size|exceeds the maximum length)",
        Outcome::context_too_long},
    Signature{R"(no conversation found|no rollout found|invalid session identifier|error resuming session)",
              Outcome::bad_request},
    Signature{R"(\bconnection refused\b|\beconnrefused\b|\benotfound\b|\bgetaddrinfo\b|waiting for network)",
              Outcome::unreachable},
    Signature{R"(\beconnreset\b|\bconnection reset\b|stream disconnected|\bsocket hang up\b|^terminated$)",
              Outcome::dropped},
};

std::string line_around(const std::string& part, const std::string& text) {
  const std::size_t at = text.find(part);
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // none before it: npos + 1
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

bool matches(const std::string& pattern, std::string_view text) {
  return !groups(compile(pattern, Case::matters).get(), inspected_part(text)).empty();
}

std::optional<Outcome> match(std::span<const Signature> signatures, std::string_view text) {
  const auto found = find(signatures, text);
  return found ? std::optional(found->outcome) : std::nullopt;
}

std::optional<SignatureMatch> find(std::span<const Signature> signatures, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::string looked = inspected_part(text);
  for (const Signature& signature : signatures)
    if (const auto found = groups(compiled(signature.pattern), looked); !found.empty())
      return SignatureMatch{signature.outcome, line_around(found.front(), looked)};
  return std::nullopt;
}

std::string captured(const std::string& pattern, std::string_view text) {
  const auto found = groups(compile(pattern, Case::matters).get(), inspected_part(text));
  return found.size() < 2 ? std::string() : found[1];
}

std::span<const Signature> common_signatures() { return kCommon; }

std::optional<Outcome> outcome_of_status(std::int64_t status) {
  switch (status) {
    case 400: return Outcome::bad_request;
    case 401:
    case 403: return Outcome::unauthenticated;
    case 402: return Outcome::quota_exhausted;
    case 404: return Outcome::model_rejected;
    case 413: return Outcome::context_too_long;
    case 429: return Outcome::rate_limited;
    case 500:
    case 502:
    case 504: return Outcome::server_error;
    case 503:
    case 529: return Outcome::overloaded;
    default: return std::nullopt;
  }
}

}  // namespace delegate
