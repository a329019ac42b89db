#include "backends/wordings.hpp"

#include <array>

#include "backends/wording_terms.hpp"

namespace delegate {
namespace {

using namespace wording;

constexpr Signature kClaude[] = {
    {kOffline, kCertificateWords,
     "Unable to connect to API: Self-signed certificate detected (DEPTH_ZERO_SELF_SIGNED_CERT)",
     "anthropics/claude-code#25084", kNodeCertificateHint},
    {kLimited, R"(\btemporarily limiting requests\b)",
     "API Error: Server is temporarily limiting requests (not your usage limit)", "Claude Code 2.1.329"},
    // A window of the subscription is used up, although the type says "rate_limit_error".
    {kUsedUp,
     R"(exceed your (account|organization)'s rate limit\. (this|please try again later)|\bexceed your account's rate limit)",
     "This request would exceed your account's rate limit. Please try again later.", "Claude Code 2.1.329"},
    {kUsedUp, R"(\bhit your .{0,30}limit\b|\b(usage|session|weekly|5-hour|opus|sonnet) limit reached\b)",
     "You've hit your weekly limit · resets 10am", "Claude Code 2.1.329"},
    {kUsedUp,
     R"(\bdraw from your extra usage\b|\bout of (extra )?usage\b|\bextra usage\b.{0,40}\b(required|used up|exhausted|disabled)\b)",
     "You're out of extra usage · resets 9am", "router-for-me/CLIProxyAPI#6004"},
    {kUsedUp, R"(\bspecified api usage limits?\b|\bregain access on\b)",
     "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
     kClaudeDocs},
    {Outcome::cut_short, R"(\bresponse exceeded the \d+ output token maximum)",
     "API Error: Claude's response exceeded the 32000 output token maximum.", "Claude Code 2.1.329"},
    {Outcome::bad_output, R"(\bapi returned an empty or malformed response)",
     "API Error: API returned an empty or malformed response (HTTP 200)", "Claude Code 2.1.329"},
    {kSignedOut,
     R"(\bhas disabled claude\b.{0,40}\baccess\b|\boauth authentication is currently not (allowed|supported)\b|\boauth_org_not_allowed\b)",
     "Your organization has disabled Claude subscription access for Claude Code", "anthropics/claude-code#65044",
     kPlanHint},
    {kSignedOut, R"(\brequest not allowed\b)", "Failed to authenticate. API Error: 403 Request not allowed",
     kClaudeIssues, kPlaceHint},
    {kSignedOut, R"(\bapikeyhelper failed\b|please run /login|\bnot logged in\b)", "Not logged in · Please run /login",
     "Claude Code 2.1.329"},
    // Of a web page it shows only the title.
    {kOffline,
     R"(\bapi error: 403 (access (is |was )?denied|blocked|((this|the) )?(web ?)?(page|site|website|request|url|category|content) (is |was |has been )?(blocked|denied|restricted|filtered))\W*$)",
     "Failed to authenticate. API Error: 403 Access Denied", "Claude Code 2.1.329", kWallHint},
    {kRefused, R"(\brefused to answer this message\b)",
     "Opus 5.5 refused to answer this message because of its safety safeguards", kClaudeIssues},
    {kTooLong, R"(\blong context beta is required\b|^(api error: (\d{3} )?)?conversation too long\b)",
     "Conversation too long. Press esc twice to go up a few messages and try again.", kClaudeIssues},
    {kTooLong, R"(^(api error: )?request too large\b|\btoo large for the api\b)",
     "Request too large (max 32MB). Double press esc to go back and try with a smaller file.", kClaudeIssues},
};

constexpr Signature kCodex[] = {
    {kSignedOut, R"(\bmissing environment variable: )", "Missing environment variable: `AZURE_OPENAI_API_KEY`.",
     "openai/codex#13556", "set this variable, which its own configuration names, or change that configuration"},
    {kOffline, kCertificateWords, "error sending request for url: invalid peer certificate: UnknownIssuer",
     "rustls/rustls", kRustCertificateHint},
    // "stream disconnected" also stands for failures that are not a lost connection.
    {kFailed, R"(^(stream disconnected before completion: )?an error occurred while processing your request)",
     "stream disconnected before completion: An error occurred while processing your request.", "Codex CLI 0.169.0"},
    {Outcome::bad_output, R"(^stream disconnected before completion: stream closed before response\.completed)",
     "stream disconnected before completion: stream closed before response.completed", "Codex CLI 0.169.0"},
    {Outcome::cut_short, R"(^incomplete response returned, reason: max_output_tokens)",
     "Incomplete response returned, reason: max_output_tokens", "Codex CLI 0.169.0"},
    {kRefused, R"(^incomplete response returned, reason: content_filter)",
     "Incomplete response returned, reason: content_filter", "Codex CLI 0.169.0"},
    {kOffline, R"(^stream disconnected before completion: connection refused|^connection failed: )",
     "Connection failed: error sending request", "Codex CLI 0.169.0"},
    {kNoModel, R"(\brequires a newer version of codex\b)", "The 'gpt-7' model requires a newer version of Codex.",
     kCodexSource, "update `{command}`, or choose another model with --model"},
    {kNoModel, R"(\bmodel is not supported when using codex\b)",
     "The 'gpt-5-pro' model is not supported when using Codex with a ChatGPT account.", kCodexSource},
    {kUsedUp, R"(\bupgrade to (plus|pro|max|team|business)\b|\bout of codex messages\b|\busage not included\b)",
     "To use Codex with your ChatGPT plan, upgrade to Plus", kCodexSource},
    {kUsedUp,
     R"(\bworkspace\b.{0,40}\bout of (credits|usage)\b|\b(refill|add)\b.{0,20}\bcredits\b|\bpurchase (more )?credits\b)",
     "Your workspace is out of credits. Ask your workspace owner to refill in order to continue.", kCodexSource},
    {Outcome::bad_request, R"(\bitem with id '[^']{1,80}' not found\b)", "Item with id 'rs_1' not found.", kOpenAiDocs},
    {kRefused, R"(\bflagged for possible cyber)", "This content was flagged for possible cybersecurity risk.",
     kCodexSource},
    {kSignedOut,
     R"(\bis not enabled for your (workspace|organi[sz]ation|team|account)\b|\bturned off codex\b|\bno longer includes codex\b)",
     "Codex is not enabled for your workspace", kCodexSource, kPlanHint},
};

// A limit per minute is also called a quota; only the daily one counts as such.
constexpr Signature kGemini[] = {
    {kOffline, kCertificateWords,
     "fetch failed sending request: SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
     "google-gemini/gemini-cli", kNodeCertificateHint},
    {Outcome::cut_short, R"(\bmaximum session turns\b)", "Maximum session turns exceeded", kGeminiSource,
     "raise maxSessionTurns in its settings, or ask for less at a time"},
    {kUsedUp, R"(\bdaily quota\b|\bper day\b|\bperday)", "You have exhausted your daily quota on this model.",
     kGeminiSource},
    {kUsedUp, R"(\bexhausted your capacity\b|\bquota will reset\b|\bterminalquotaerror\b)",
     "You have exhausted your capacity on this model. Your quota will reset after 8h44m7s.", kGeminiSource},
    {kLimited, R"(\bexceeded your current quota\b|\bresource (has been )?exhausted\b)",
     "You exceeded your current quota, please check your plan and billing details.", kGeminiDocs},
    {kRefused,
     R"(\brejected by model armor\b|\b(response|prompt|content|candidate) was blocked(:| due to) ?(safety|recitation|blocklist|prohibited|spii|other)|\bsensitive words that violate\b)",
     "[API Error: The model response was blocked: SAFETY]", kGeminiSource},
    {kTooLong, R"(\brequest payload size exceeds the limit\b)",
     "Request payload size exceeds the limit: 20971520 bytes.", kGoogleErrors},
    {kSignedOut, R"(\blicen[cs]e not found\b)", "Gemini Code Assist license not found for this user", kGeminiSource,
     kPlanHint},
    {kBusy, R"(\bno capacity available\b|\bmodel_capacity_exhausted\b)",
     "No capacity available for model gemini-3-pro on the server", kGeminiSource},
    {Outcome::bad_output, R"(^\[?(api error: )?incomplete json segment|\bin json at position \d)",
     "Incomplete JSON segment at the end", "Gemini CLI 0.61.0"},
    {kSignedOut, R"(\bno longer supported for\b.{0,40}\bindividuals\b|\bmigrate to (the )?antigravity\b)",
     "IneligibleTierError: This client is no longer supported for Gemini Code Assist for individuals.",
     "https://github.com/google-gemini/gemini-cli/discussions/28017", kRetiredHint},
    {kSignedOut, R"(\bineligibletier(?!.*\blocation\b)|\bnot eligible for\b.{0,20}\bcode assist\b(?!.*\blocation\b))",
     "IneligibleTierError: Your current account is not eligible for Gemini Code Assist for individuals", kGeminiSource,
     kPlanHint},
    {kSignedOut,
     R"(\brequires setting the google_cloud_project|\bhas not been used in project\b|\bit is disabled\. enable it by\b)",
     "This account requires setting the GOOGLE_CLOUD_PROJECT env var.", kGeminiSource, kProjectHint},
    {kSignedOut,
     R"(set an auth method|\bmanual authorization is required\b|\bmust specify the gemini_api_key\b|\bdefault credentials\b)",
     "Please set an Auth method in your settings.json", "Gemini CLI 0.61.0"},
    {kNoModel, R"(\brequested entity was not found\b|\bis not found for api version\b|\bmodelnotfounderror\b)",
     "Requested entity was not found.", kGeminiSource},
};

constexpr Signature kServers[] = {
    {Outcome::loading, R"(\bloading model\b|\bmodel is (still |being |currently )*loading\b|\bmodel is being loaded\b)",
     "Loading model", "ggml-org/llama.cpp: tools/server"},
    {Outcome::resources,
     R"(\brequires more (system )?memory\b|\binsufficient (system )?(resources|memory|vram)\b|\bnot enough (system |gpu )?memory\b|\b(failed|unable) to allocate\b|\bcannot allocate memory\b|\bgreater than the maximum allowed buffer\b)",
     "model requires more system memory (12.0 GiB) than is available (7.1 GiB)", "ollama/ollama: server",
     "choose a smaller model, or free memory on the machine of {name}"},
    {kTooLong,
     R"(\bcontext (size|window|length)\b|\bcontext the overflows\b|\bn_ctx\b|\bmax_seq_len\b|\bmax_model_len\b)",
     "the request exceeds the available context size", "ggml-org/llama.cpp: tools/server"},
    {kNoModel,
     R"(\bdoes not support (chat|generate|thinking|tools|images|vision)\b|\btry pulling it first\b|\bno models? loaded\b)",
     "\"m\" does not support chat", "ollama/ollama: server"},
    {kFailed,
     R"(\bcuda (error|out of memory)\b|\bout of memory\b|\boutofmemory|\brunner (process )?(has )?(unexpectedly stopped|terminated)\b|\bmodel has crashed\b|\bfailed to load model\b)",
     "llama runner process has terminated: exit status 2", "ollama/ollama: server"},
};

// Only if nothing else is known: "fetch failed" stands before many causes.
constexpr Signature kGeminiTransport[] = {
    {Outcome::dropped, R"(\bterminated\b)", "TypeError: terminated", kNodeErrors},
    {kOffline, R"(\bfetch failed\b)", "exception TypeError: fetch failed", kNodeErrors},
};

// ---- it never began to work

// A limit of this machine or user, which every CLI would meet. A heap that V8 limits itself is not one.
constexpr Signature kLimits[] = {
    {Outcome::resources, R"(\bread-only file system\b|\bno space left on device\b|\be(rofs|nospc|fbig)\b)",
     "EROFS: read-only file system, open '/home/you/.x'", kNodeErrors},
    {Outcome::resources,
     R"(\btoo many open files\b|\bfile table overflow\b|\be[mn]file\b|\bobject file: error 2[34]\b)",
     "Error: EMFILE: too many open files, open '/home/you/.x'", kNodeErrors},
    {Outcome::resources,
     R"(\bcannot allocate memory\b|\benomem\b|\bmemory allocation of \d+ bytes failed\b|\bbad_alloc\b|\bprocess out of memory\b|\bfailed to map segment from shared object\b)",
     "memory allocation of 1048576 bytes failed", "rust-lang/rust: library/alloc"},
    {Outcome::resources,
     R"(\bcannot fork\b|\bfork: (retry: )?resource temporarily unavailable\b|\bspawn\b.{0,200}\beagain\b)",
     "Error: spawn /bin/sh EAGAIN", kNodeErrors},
    {Outcome::resources,
     R"(\b(can't|cannot|can not|could not|unable to|failed to) (start|create|spawn) (a )?(new )?(os |worker |native )*thread\b|\bpthread_create\b.{0,40}\b(failed|unavailable|eagain)\b|\bthread_create\b.{0,40}\beagain\b|\bnewosproc\b)",
     "OS can't spawn worker thread: Resource temporarily unavailable (os error 11)",
     "tokio-rs/tokio: tokio/src/runtime"},
};

constexpr const char* kShimHint =
    "`{command}` cannot run in this directory or with this PATH: choose a version of it there, or set "
    "backends.{name}.command to the program itself";
constexpr Signature kShims[] = {
    {kNoStart, R"(\bno version is set for\b|\bno preset version installed for\b|^no such command in\b|\basdf: no\b)",
     "No version is set for command codex", "asdf-vm/asdf#305", kShimHint},
    {kNoStart, R"(^mise (error|err)\b|^mise: |\bno version is set for shim\b)",
     "mise ERROR No version is set for shim: codex", "jdx/mise", kShimHint},
    {kNoStart,
     R"(^volta error\b|\bvolta\b.{0,40}\bcould not\b|\bno (node|npm|yarn) version found in this project\b|^error: node is not available\b)",
     "Volta error: Could not find executable \"codex\"", "volta-cli/volta", kShimHint},
    {kNoStart, R"(^n/a: version\b|\bis not yet installed\b|\bnvm (install|use)\b|^nvm: )",
     "N/A: version \"v22\" is not yet installed.", "nvm-sh/nvm", kShimHint},
    {kNoStart, R"(^(error: )?(nodenv|pyenv|rbenv|jenv|goenv|fnm|proto|rtx|nodebrew)\b(: | error\b))",
     "nodenv: codex: command not found", "nodenv/nodenv", kShimHint},
    {kNoStart,
     R"(^(/\S+/)?env: .{0,80}\bno such file or directory\b|\bbad interpreter\b|\bcannot execute\b|\bexec format error\b)",
     "/usr/bin/env: 'node': No such file or directory", "GNU coreutils", kShimHint},
    {kNoStart,
     R"(\bexec: \S+: not found\b|^((\S{1,120}: )?(line )?(\d+: )?)(\S*/)?(node|nodejs|bun|deno|npx|python[\d.]*|claude|codex|gemini): (command )?not found$|\bcommand not found: (node|bun|deno|npx|python[\d.]*|claude|codex|gemini)$)",
     "sh: 1: exec: node: not found", "dash", kShimHint},
    {kNoStart,
     R"(\berror while loading shared libraries\b|\bversion `?'?glibc|\bglibcxx_[\d.]+' not found\b|^dyld.{0,200}image not found\b)",
     "codex: error while loading shared libraries: libssl.so.3: cannot open shared object file", "glibc", kShimHint},
    {kNoStart,
     R"(\bcannot find module '(/|node:)|\bmissing optional dependency\b|\brequires node(\.js)? (version )?|\bunsupported (node|engine)\b|\bebadengine\b)",
     "Error: Cannot find module '/usr/lib/node_modules/x/cli.js'", kNodeErrors, kShimHint},
};

// Errors of a CLI that ends before it has started to work, in its own words or those of the system.
constexpr Signature kBeforeWork[] = {
    {kNoStart, R"(^\S*node: bad option: )", "node: bad option: --use-system-ca", kNodeErrors, kShimHint},
    {kNoStart, R"(^(error: )?(unknown (option|argument)s?\b|unexpected argument|unrecognized (option|argument)))",
     "error: unknown option '--no-such-flag'", "Claude Code 2.1.329"},
};

}  // namespace

std::span<const Family> wordings_of(Vendor vendor) {
  static const std::vector<Family> kForClaude = families_with(kClaude);
  static const std::vector<Family> kForCodex = families_with(kCodex);
  static const std::vector<Family> kForGemini = families_with(kGemini, kGeminiTransport);
  static const std::vector<Family> kForServers = families_with(kServers);
  static const std::vector<Family> kForOthers = families_with({});
  switch (vendor) {
    case Vendor::claude: return kForClaude;
    case Vendor::codex: return kForCodex;
    case Vendor::gemini: return kForGemini;
    case Vendor::server: return kForServers;
    case Vendor::other: break;
  }
  return kForOthers;
}

std::span<const Family> words_of_no_start() {
  static const std::vector<Family> kFamilies{
      {kLimits, Breadth::common}, {kShims, Breadth::common}, {kBeforeWork, Breadth::common}};
  return kFamilies;
}

}  // namespace delegate
