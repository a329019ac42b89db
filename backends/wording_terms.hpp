#pragma once
#include <vector>

#include "backends/wordings.hpp"

// What the files of the wordings share: short names, sources and hints, and the families of every vendor.
namespace delegate::wording {

inline constexpr auto kSignedOut = Outcome::unauthenticated;
inline constexpr auto kUsedUp = Outcome::quota_exhausted;
inline constexpr auto kLimited = Outcome::rate_limited;
inline constexpr auto kBusy = Outcome::overloaded;
inline constexpr auto kFailed = Outcome::server_error;
inline constexpr auto kOffline = Outcome::unreachable;
inline constexpr auto kTooLong = Outcome::context_too_long;
inline constexpr auto kRefused = Outcome::refused_by_policy;
inline constexpr auto kNoModel = Outcome::model_rejected;
inline constexpr auto kNoStart = Outcome::spawn_failed;

inline constexpr const char* kClaudeDocs = "https://docs.claude.com/en/api/errors";
inline constexpr const char* kClaudeIssues = "https://github.com/anthropics/claude-code/issues";
inline constexpr const char* kOpenAiDocs = "https://platform.openai.com/docs/guides/error-codes";
inline constexpr const char* kCodexSource = "openai/codex: codex-rs/core";
inline constexpr const char* kGeminiDocs = "https://ai.google.dev/gemini-api/docs/troubleshooting";
inline constexpr const char* kGeminiSource = "google-gemini/gemini-cli: packages/core";
inline constexpr const char* kGoogleErrors = "https://cloud.google.com/apis/design/errors";
inline constexpr const char* kOpenRouter = "https://openrouter.ai/docs/api-reference/errors";
inline constexpr const char* kNodeErrors = "https://nodejs.org/api/errors.html";

inline constexpr const char* kAccountHint =
    "the account or organization of {name} is disabled or restricted: ask its administrator or the vendor, or sign in "
    "to {name} with another account";
inline constexpr const char* kPlaceHint =
    "the service does not serve this country or network: use {name} from a supported place, or choose another backend "
    "with -b";
inline constexpr const char* kPlanHint =
    "the account or plan of {name} does not include this: use another account or plan, or choose another backend with "
    "-b";
inline constexpr const char* kRetiredHint =
    "Google does not serve {name} for personal plans any more: set GEMINI_API_KEY, or use its successor Antigravity "
    "CLI "
    "(`agy`)";
inline constexpr const char* kProjectHint =
    "the cloud project or account of {name} is not set up for this API: enable it there, or use another account";
inline constexpr const char* kProxyHint =
    "a proxy between this machine and the service wants a sign-in or refuses: check HTTPS_PROXY and its user and "
    "password";
inline constexpr const char* kWallHint =
    "something between this machine and the service answered instead of it (a firewall, a proxy or a network's sign-in "
    "page): open the network in a browser, or use another one";
inline constexpr const char* kNodeCertificateHint =
    "a proxy may show a certificate of its own: set NODE_EXTRA_CA_CERTS to the file with its CA certificate";
inline constexpr const char* kRustCertificateHint =
    "a proxy may show a certificate of its own: set SSL_CERT_FILE to the file with its CA certificate";
inline constexpr const char* kCertificateHint =
    "the certificate is not trusted here: install its CA certificate on this machine, or check the proxy and the clock";

inline constexpr const char* kCertificateWords =
    R"(self[- _]signed[_ ]cert|\bdepth_zero_self_signed|\bunable_to_(verify|get)_|unable to (verify the first|get (local )?issuer))"
    R"(|invalid peer certificate|\bunknown ?issuer\b|certificate verify failed|certificate_verify_failed|\bcert_(has_expired|untrusted|not_yet_valid)\b)"
    R"(|certificate('s)?\b.{0,40}(altnames|has expired|not trusted|unknown authority|not yet valid|could not be verified|problem)|\berr_tls_cert)"
    R"(|unknown_certificate_verification_error|\bx509:|\bssl handshake|\btls handshake|\berr_ssl_|\beproto\b)";

/// The families that apply to a vendor, in their order: its `own` stand between what is certainly about this machine
/// and what any vendor may say, `last` after all others.
std::vector<Family> families_with(std::span<const Signature> own, std::span<const Signature> last = {});

}  // namespace delegate::wording
