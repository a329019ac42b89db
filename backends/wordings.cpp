#include "backends/wordings.hpp"

#include <array>

namespace delegate {
namespace {

constexpr auto kSignedOut = Outcome::unauthenticated;
constexpr auto kUsedUp = Outcome::quota_exhausted;
constexpr auto kLimited = Outcome::rate_limited;
constexpr auto kBusy = Outcome::overloaded;
constexpr auto kFailed = Outcome::server_error;
constexpr auto kOffline = Outcome::unreachable;
constexpr auto kTooLong = Outcome::context_too_long;
constexpr auto kRefused = Outcome::refused_by_policy;
constexpr auto kNoModel = Outcome::model_rejected;
constexpr auto kNoStart = Outcome::spawn_failed;

constexpr const char* kClaudeDocs = "https://docs.claude.com/en/api/errors";
constexpr const char* kClaudeIssues = "https://github.com/anthropics/claude-code/issues";
constexpr const char* kOpenAiDocs = "https://platform.openai.com/docs/guides/error-codes";
constexpr const char* kCodexSource = "openai/codex: codex-rs/core";
constexpr const char* kGeminiDocs = "https://ai.google.dev/gemini-api/docs/troubleshooting";
constexpr const char* kGeminiSource = "google-gemini/gemini-cli: packages/core";
constexpr const char* kGoogleErrors = "https://cloud.google.com/apis/design/errors";
constexpr const char* kOpenRouter = "https://openrouter.ai/docs/api-reference/errors";
constexpr const char* kNodeErrors = "https://nodejs.org/api/errors.html";

// ---- hints
// ------------------------------------------------------------------------------------------------------------
constexpr const char* kAccountHint =
    "the account or organization of {name} is disabled or restricted: ask its administrator or the vendor, or sign in "
    "to {name} with another account";
constexpr const char* kPlaceHint =
    "the service does not serve this country or network: use {name} from a supported place, or choose another backend "
    "with -b";
constexpr const char* kPlanHint =
    "the account or plan of {name} does not include this: use another account or plan, or choose another backend with "
    "-b";
constexpr const char* kProjectHint =
    "the cloud project or account of {name} is not set up for this API: enable it there, or use another account";
constexpr const char* kProxyHint =
    "a proxy between this machine and the service wants a sign-in or refuses: check HTTPS_PROXY and its user and "
    "password";
constexpr const char* kWallHint =
    "something between this machine and the service answered instead of it (a firewall, a proxy or a network's sign-in "
    "page): open the network in a browser, or use another one";
constexpr const char* kNodeCertificateHint =
    "a proxy may show a certificate of its own: set NODE_EXTRA_CA_CERTS to the file with its CA certificate";
constexpr const char* kRustCertificateHint =
    "a proxy may show a certificate of its own: set SSL_CERT_FILE to the file with its CA certificate";
constexpr const char* kCertificateHint =
    "the certificate is not trusted here: install its CA certificate on this machine, or check the proxy and the clock";

constexpr const char* kCertificateWords =
    R"(self[- _]signed[_ ]cert|\bdepth_zero_self_signed|\bunable_to_(verify|get)_|unable to (verify the first|get (local )?issuer))"
    R"(|invalid peer certificate|\bunknown ?issuer\b|certificate verify failed|certificate_verify_failed|\bcert_(has_expired|untrusted|not_yet_valid)\b)"
    R"(|certificate\b.{0,40}(has expired|not trusted|unknown authority|not yet valid|could not be verified|problem)|\berr_tls_cert)"
    R"(|unknown_certificate_verification_error|\bx509:|\bssl handshake|\btls handshake|\berr_ssl_|\beproto\b)";

// ---- one family per vendor
// --------------------------------------------------------------------------------------------
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
    {kUsedUp, R"(\bout of (extra )?usage\b|\bextra usage\b.{0,40}\b(required|used up|exhausted|disabled)\b)",
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
    {kSignedOut, R"(please run /login|\bnot logged in\b)", "Not logged in · Please run /login", "Claude Code 2.1.329"},
    // Of a web page it shows only the title.
    {kOffline,
     R"(\bapi error: 403 (access (is |was )?denied|blocked|((this|the) )?(web ?)?(page|site|website|request|url|category|content) (is |was |has been )?(blocked|denied|restricted|filtered))\W*$)",
     "Failed to authenticate. API Error: 403 Access Denied", "Claude Code 2.1.329", kWallHint},
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
    {kRefused, R"(\bflagged for possible cyber)", "This content was flagged for possible cybersecurity risk.",
     kCodexSource},
    {kSignedOut,
     R"(\brefresh token (was |has )?(already )?(been )?(used|revoked|expired|invalidated)\b|\baccess token could not be refreshed\b)",
     "Your access token could not be refreshed because your refresh token was already used.", "openai/codex#9634"},
};

// A limit per minute is also called a quota; only the daily one counts as such.
constexpr Signature kGemini[] = {
    {kOffline, kCertificateWords,
     "fetch failed sending request: SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
     "google-gemini/gemini-cli", kNodeCertificateHint},
    {kUsedUp, R"(\bdaily quota\b|\bper day\b|\bperday)", "You have exhausted your daily quota on this model.",
     kGeminiSource},
    {kUsedUp, R"(\bexhausted your capacity\b|\bquota will reset\b|\bterminalquotaerror\b)",
     "You have exhausted your capacity on this model. Your quota will reset after 8h44m7s.", kGeminiSource},
    {kLimited, R"(\bexceeded your current quota\b|\bresource (has been )?exhausted\b)",
     "You exceeded your current quota, please check your plan and billing details.", kGeminiDocs},
    {kBusy, R"(\bno capacity available\b|\bmodel_capacity_exhausted\b)",
     "No capacity available for model gemini-3-pro on the server", kGeminiSource},
    {Outcome::bad_output, R"(^\[?(api error: )?incomplete json segment|\bin json at position \d)",
     "Incomplete JSON segment at the end", "Gemini CLI 0.61.0"},
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
     R"(\brequires more system memory\b|\binsufficient (system )?(resources|memory)\b|\bnot enough (system |gpu )?memory\b)",
     "model requires more system memory (12.0 GiB) than is available (7.1 GiB)", "ollama/ollama: server",
     "choose a smaller model, or free memory on the machine of {name}"},
    {kTooLong,
     R"(\bcontext (size|window|length)\b|\bcontext the overflows\b|\bn_ctx\b|\bmax_seq_len\b|\bmax_model_len\b)",
     "the request exceeds the available context size", "ggml-org/llama.cpp: tools/server"},
    {kNoModel,
     R"(\bdoes not support (chat|generate|thinking|tools|images|vision)\b|\btry pulling it first\b|\bno models? loaded\b)",
     "\"m\" does not support chat", "ollama/ollama: server"},
    {kFailed,
     R"(\bcuda (error|out of memory)\b|\bout of memory\b|\brunner (process )?(has )?(unexpectedly stopped|terminated)\b|\bmodel has crashed\b|\bfailed to load model\b)",
     "CUDA out of memory", "ollama/ollama: server"},
};

// ---- the families of every vendor
// -------------------------------------------------------------------------------------
constexpr Signature kThisMachine[] = {
    {Outcome::resources, R"(\bdisk quota exceeded\b|\bedquot\b)", "write failed: Disk quota exceeded", kNodeErrors},
};

// The way to the service: nothing that the service said.
constexpr Signature kWay[] = {
    {kOffline, kCertificateWords, "certificate verify failed: unable to get local issuer certificate", kNodeErrors,
     kCertificateHint},
    {kOffline,
     R"(\bproxy authentication required\b|\b407\b.{0,40}\bproxy\b|\btunnel(l?ing)? (socket|connection)?.{0,20}\b(failed|could not)\b|\bproxy (connect|tunnel|server)\b.{0,40}\b(failed|refused|aborted|error|status)\b)",
     "tunneling socket could not be established, statusCode=407: Proxy Authentication Required", kNodeErrors,
     kProxyHint},
    {kOffline,
     R"(\b30[12378] (moved permanently|found|see other|temporary redirect|permanent redirect)\b|\btoo many redirects\b|\bunexpected redirect\b|\bredirect (was )?(not followed|refused)\b)",
     "unexpected status 302 Found", "https://www.rfc-editor.org/rfc/rfc9110", kWallHint},
    {kOffline, R"(\bnetwork authentication required\b|\bcaptive portal\b)", "511 Network Authentication Required",
     "https://www.rfc-editor.org/rfc/rfc6585", kWallHint},
    {kOffline,
     R"(\battention required!|\bjust a moment\.\.\.|\bsorry, you have been blocked\b|\benable javascript and cookies\b|\bblocked by (your )?(network|firewall|web filter|cloudflare|zscaler|proxy))",
     "Attention Required! | Cloudflare", kClaudeIssues, kWallHint},
};

// The account or the place, though some of it comes with a status 400.
constexpr Signature kAccount[] = {
    {kSignedOut,
     R"(\b(not|un|isn't|is not) ?(currently )?(available|supported|offered|allowed|authorized|permitted) (in|from) (your|this) (country|region|location|area|territory)|\b(country|region|location|territory)\b.{0,60}\b(not (currently )?(supported|available|allowed|permitted)|unsupported|restricted|prohibited)\b|\bunsupported[_ ](country|region|location))",
     "User location is not supported for the API use.", kGeminiDocs, kPlaceHint},
    {kSignedOut,
     R"(\b(organi[sz]ation|account|user|profile)\b.{0,40}\b(has been|have been|is|was|were|been) (temporarily |permanently |currently )?(disabled?|deactivated|suspended|terminated|banned|blocked|locked|restricted|deleted|closed|frozen)\b|\b(workspace|project|consumer)\b.{0,40}\b(has been|is|was) (disabled|deactivated|suspended|terminated|banned)\b)",
     "This organization has been disabled.", "anthropics/claude-code#19028", kAccountHint},
    {kSignedOut,
     R"(\b(disabled|suspended|deactivated|banned|terminated) (organi[sz]ation|account|workspace|project)\b|\baccount_(deactivated|suspended|disabled)\b|\bconsumer_suspended\b)",
     "Your ANTHROPIC_API_KEY belongs to a disabled organization", "anthropics/claude-code#72457", kAccountHint},
    {kSignedOut,
     R"(\bnot eligible\b|\bineligible\b|\b(plan|subscription|tier|account|licen[cs]e|workspace|organi[sz]ation)\b.{0,30}\b(does not|doesn't|do not|don't|cannot|can't|not) (have access to (?!.{0,20}model)|include|allow|cover|permit|entitle|licensed|authorized to use))",
     "Your plan does not include Claude Code", kClaudeIssues, kPlanHint},
    {kSignedOut,
     R"(\bno (active|valid) (subscription|plan|licen[cs]e)\b|\b(subscription|plan|licen[cs]e|trial) (is |has |was )?(required|expired|inactive|ended|lapsed|cancell?ed)\b|\brequires? an? .{0,30}\b(subscription|licen[cs]e)\b)",
     "An active subscription is required to use this product.", kClaudeIssues, kPlanHint},
    {kSignedOut,
     R"(\b(account|organi[sz]ation|identity|phone|age) (must|needs to|has to) be verified\b|\bverify your (account|identity|organi[sz]ation|age)\b|\bverification (is )?required\b|\baccept the (terms|usage polic)|\bonly authorized for use with\b|\bsuspicious activity\b)",
     "Your organization must be verified to use this API. Please verify your organization.", kOpenAiDocs, kPlanHint},
    {kSignedOut,
     R"(\b(api|service)\b.{0,60}\b(is not enabled|has not been (used|enabled)|is disabled)\b|\bservice_disabled\b|\bbilling (must be|is not|has not been|to be) enabled\b|\bbilling_disabled\b)",
     "Generative Language API has not been used in project 123 before or it is disabled.", kGoogleErrors, kProjectHint},
};

constexpr Signature kPolicy[] = {
    {kRefused,
     R"(\b(prompt|content|message|request|input|output|response|text)\b.{0,40}\b(was|were|been|has been|is) (flagged|filtered|blocked by .{0,30}(filter|safety|polic|moderation)|rejected by .{0,30}(filter|safety|polic|moderation)|moderated))",
     "Your prompt was flagged as potentially violating our usage policy.", kOpenAiDocs},
    {kRefused,
     R"(\bcontent[ _-]?(filter|polic|moderation|management polic|safety)|\bsafeguards? flagged\b|\bprohibited[_ ]content\b|\bblock_?reason\b|\bdata_inspection_failed\b|\bmoderation_blocked\b)",
     "API Error: Output blocked by content filtering policy", kClaudeDocs},
    {kRefused,
     R"(\bviolat(e|es|ed|ing|ion of)\b.{0,40}\bpolic(y|ies)\b|\b(safety|moderation|responsible ai) (system|filters?|settings?|checks?|reasons?|polic(y|ies))\b|\binappropriate content\b|\bguardrails? (intervened|blocked)\b|\bblocked by (a |the )?guardrail)",
     "The request was rejected as a result of our safety system.", kOpenAiDocs},
};

constexpr Signature kContext[] = {
    {kTooLong,
     R"(\b(prompt|input|request|message|messages|conversation|context|query|instructions?|payload|body)\b.{0,30}\b(is|are|was|were) (far )?(too (long|large|big)|over the limit)\b)",
     "Prompt is too long", kClaudeDocs},
    {kTooLong,
     R"(\bcontext (window|length|size|limit)\b|\bmaximum context\b|\bcontext[_-](length|window|size)|\bexceed_context_size|\bcontext the overflows\b|\bout of (context|room)\b)",
     "This model's maximum context length is 4096 tokens", kOpenAiDocs},
    {kTooLong,
     R"(\b(prompt|input|request|token|messages?)s?\b.{0,60}\b(exceed(s|ed|ing)?|greater than|longer than|larger than|(more than|above|over)(?= [\d,]+ tokens))\b.{0,60}\b(max(imum)?|allowed|length|window|context|limit of \d+|model|n_ctx|max_seq_len|tokens)\b(?!.{0,20}(per[- ](min|day|month|hour|sec)|rate)))",
     "Input length (600013 tokens) exceeds the maximum allowed length (536826 tokens).", "sgl-project/sglang"},
    {kTooLong,
     R"(\bstring_above_max_length\b|\breduce the length\b|\bshorter (input|prompt)\b|\brequest[_ ]too[_ ]large\b|\b(request )?entity too large\b|\bpayload too large\b|\bcontent too large\b|\btoo many (input |prompt )?tokens\b(?! per)|\bstring too long\b|\bsequence length\b.{0,20}\bexceed|\b(inputs?|prompt|messages?)\b.{0,30}\bmust (have|be|contain) (less|fewer|at most|no more)\b.{0,20}\btokens\b)",
     "Please reduce the length of the messages or completion.", "https://console.groq.com/docs/errors"},
};

constexpr Signature kLimits[] = {
    {kLimited,
     R"(\b(tokens?|requests?|images?|inputs?|calls?|queries)[ _-]per[ _-](minute|min|second|sec)\b|\b(tpm|rpm|rps|itpm|otpm)\b|\bper[- _]?minute)",
     "Rate limit reached on tokens per min (TPM): Limit 30000, Used 30000. Please try again in 6m0s.", kOpenAiDocs},
    {kLimited, R"(\b(concurren(t|cy)|parallel|simultaneous)\b.{0,40}\b(limit|requests|connections|sessions)\b)",
     "Too many concurrent requests: the limit of 4 was reached", kClaudeDocs},
    {kLimited, R"(\brate[ _-]?limit (was |has been )?(exceeded|reached)\b(?!.*\b(quota|daily|weekly|monthly)\b))",
     "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests", kOpenRouter},
    {kUsedUp,
     R"(\b(exceed(ed|s|ing)?|exhausted|reached|used( up)?|hit|consumed|spent|maxed out)\b.{0,60}\b(quota|credits?|usage limits?|spend(ing)? (limit|cap)s?|budget|allowance|balance|usage cap|free tier)\b)",
     "You exceeded your current quota, please check your plan and billing details.", kOpenAiDocs},
    {kUsedUp,
     R"(\b(quota|credits?|usage limits?|usage caps?|spend(ing)? (limit|cap)s?|budget|allowance|balance|funds)\b.{0,60}\b(exceeded|exhausted|reached|used up|hit|depleted|too low|insufficient|ran out|run out|expired|not enough)\b)",
     "Quota exceeded. Check your plan and billing details.", kOpenAiDocs},
    {kUsedUp,
     R"(\b(insufficient|not enough|no (remaining|more|available)|out of|ran out of|run out of|need more|requires more|low on)[ _](\w+ ){0,2}(quota|funds|credits?|balance|usage|messages|tokens left|allowance)\b)",
     "Insufficient credits. Add more to continue.", kOpenRouter},
    {kUsedUp,
     R"(\binsufficient_quota\b|\bpayment required\b|\bbilling (hard )?limit\b|\bcredit balance\b|\busage limit\b|\bregain access\b)",
     "Billing hard limit has been reached", kOpenAiDocs},
    {kUsedUp,
     R"(^(?!.*\b(rate|context|output|token|retry|time|size|memory)\b).*\b(hit|reached|exceeded|at|over) (your|its|this month's|today's)\b.{0,40}\b(limits?|caps?|maximum)\b)",
     "You've hit your limit for Claude messages. Limits will reset at 9:30 AM.", kClaudeIssues},
    {kUsedUp,
     R"(\b(session|weekly|daily|monthly|hourly|\d+-hour|five-hour|opus|sonnet|haiku|usage|plan|message|spend|spending|trial|free|subscription)\b.{0,20}\b(limit|cap|quota)s?\b.{0,30}\b(reached|exceeded|hit|exhausted|used|met)\b)",
     "5-hour limit reached ∙ resets 3pm", kClaudeIssues},
    {kLimited,
     R"(\btoo many requests\b|\brate[ _-]?limit|\bthrottl(ed|ing)\b|\bslow down\b|\brequest rejected \(429\))",
     "429 Too Many Requests", "https://www.rfc-editor.org/rfc/rfc6585"},
};

constexpr Signature kCapacity[] = {
    {kBusy,
     R"(\boverloaded\b|\boverloaded_error\b|\bat (full )?capacity\b|\b(no|insufficient|lack of|not enough|out of) (\w+ )?capacity\b|\bcapacity\b.{0,30}\b(exceeded|exhausted|constraints?|unavailable|reached|limited)\b)",
     "Selected model is at capacity. Please try a different model.", kCodexSource},
    {kBusy,
     R"(\b(high|heavy|unusually high|peak) (demand|load|traffic|usage)\b|\b(server|model|engine|service|system|backend)s? (is |are )?(currently |temporarily |too )*busy\b|\bpending requests exceeded\b|\bqueue is full\b)",
     "We're currently experiencing high demand, which may cause temporary errors.", kCodexSource},
    {kBusy,
     R"(\bservice (is )?(temporarily |currently )?unavailable\b|\b(model|engine) is (temporarily |currently )unavailable\b)",
     "503 Service Unavailable", "https://www.rfc-editor.org/rfc/rfc9110"},
    {kFailed,
     R"(\bupstream (connect error|request timeout|error)\b|\bno healthy upstream\b|\bbad gateway\b|\bgateway time-?out\b|\bweb server is (down|returning an unknown error)\b|\borigin (is unreachable|dns error)\b)",
     "upstream connect error or disconnect/reset before headers", "https://www.envoyproxy.io"},
    {kFailed,
     R"(\binternal (server )?error\b|\ban internal error has occurred\b|\bserver (had|has encountered|encountered) an error\b|\bthe server failed\b|\brequest timed? ?out\b)",
     "500 Internal Server Error", kOpenAiDocs},
};

constexpr Signature kNetwork[] = {
    {kOffline,
     R"(\b(eai_again|eai_noname|eai_fail|enotfound|enodata)\b|\bgetaddrinfo\b|\bdns (error|lookup|resolution|failure)|\bfailed to lookup address|\bname or service not known\b|\bname resolution\b|\bnodename nor servname\b|\bcould(n't| not) resolve\b|\bno such host\b|\bname_not_resolved\b)",
     "getaddrinfo EAI_AGAIN api.example.com", kNodeErrors},
    {kOffline,
     R"(\b(enetunreach|ehostunreach|enetdown|ehostdown|eaddrnotavail)\b|\bnetwork (is )?(unreachable|down)\b|\bno route to host\b|\bhost (is )?(down|unreachable)\b|\binternet_disconnected\b)",
     "connect ENETUNREACH 203.0.113.9:443", kNodeErrors},
    {Outcome::connect_timeout,
     R"(\b(etimedout|esockettimedout|und_err_connect_timeout)\b|\bconnect(ion)?( attempt)? (has )?timed? ?-?out\b|\bconnectiontimeout\b|\bconnect timeout\b|\bconnection_timed_out\b)",
     "connect ETIMEDOUT 203.0.113.9:443", kNodeErrors},
    {kOffline,
     R"(\beconnrefused\b|\bconnection ?refused\b|\bfailedtoopensocket\b|\btcp connect error\b|\bwaiting for network\b|\bis the computer able to access the url\b|\bconnection_refused\b)",
     "Unable to connect. Is the computer able to access the url?", "oven-sh/bun"},
    {Outcome::dropped,
     R"(\b(econnreset|econnaborted|epipe|und_err_socket)\b|\bconnection (was )?(reset|closed|dropped|lost|aborted|terminated)|\bbroken pipe\b|\bstream disconnected\b|\bsocket hang up\b|\bother side closed\b|\brequest (was )?aborted\b|\bund_err_(headers|body)_timeout\b|\b(headers|body)timeouterror\b|\bsocket connection was closed\b|\bpremature close\b|\bincompletemessage\b|\bnetwork changed\b|^terminated$)",
     "The socket connection was closed unexpectedly.", "oven-sh/bun"},
    {kOffline,
     R"(\bunable to connect to\b|\bcan(no|')t (reach|connect to)\b|\bcould not connect\b|\bfailed to connect\b|\bconnection (error|failed)\b|\berror sending request\b|\berror trying to connect\b|\bcheck your (internet|network)\b|\bnetwork (error|request failed|connection (lost|failed))\b|\bfetch failed sending request\b|\bno internet\b|\b(cannot|could not|can't) be reached\b|\bdisconnected before secure tls\b)",
     "API Error: Connection error.", "seanmonstar/reqwest"},
};

constexpr Signature kModel[] = {
    {kNoModel,
     R"(issue with the selected model|\bmodel\b.{0,80}\b(does not exist|doesn't exist|not found|is not (supported|available|valid|recognized)|was not found|has been (deprecated|retired|removed|decommissioned)|is (deprecated|retired|unavailable|unknown))\b)",
     "The model 'gpt-6.1-sol' does not exist or you do not have access to it.", kOpenAiDocs},
    {kNoModel,
     R"(\b(unknown|invalid|no such|unsupported|unrecognized) model\b|\bmodel_not_found\b|\bnot a valid model\b|\bno endpoints found\b|\bno access to (the )?model\b|\bnot have access to .{0,20}\bmodel\b)",
     "vendor/none is not a valid model ID", kOpenRouter},
    {kNoModel, R"(\bdoes not support (chat|generate|thinking|tools)\b)", "\"m\" does not support chat",
     "ollama/ollama: server"},
};

// No other candidate could do better with such a request.
constexpr Signature kCallersOwn[] = {
    {Outcome::bad_request,
     R"(no conversation found|no rollout found|invalid session identifier|error resuming session|\bsession\b.{0,40}\b(not found|does not exist|unknown)\b|\bunknown session\b)",
     "No conversation found with session ID: 0199a213", "Claude Code 2.1.329", "", true},
};

constexpr Signature kSignIn[] = {
    // Whole phrases, because a number or the word "auth" alone proves nothing.
    {kSignedOut,
     R"(\binvalid (x-)?api[ -]?key\b|\bapi key (is )?(not valid|invalid|missing|required|expired)\b|\bapi_key_invalid\b|incorrect api key|\b(no|missing) (x-)?api[ -]?key\b|\bmissing bearer\b|\binvalid (bearer|access|auth(entication)?|oauth) token\b|\binvalid (proxy )?credentials\b)",
     "Incorrect API key provided", kOpenAiDocs},
    {kSignedOut,
     R"(\bnot logged in\b|please run /login|\bnot authenticated\b|\bunauthenticated\b|\bplease (sign|log) ?in\b|\b(sign|log) in again\b|\blogin (is )?required\b|\bre-?authenticate\b|\bfailed to (re-?authenticate|authenticate|log ?in|sign ?in)\b|\bdefault credentials\b)",
     "Not authenticated", kClaudeIssues},
    {kSignedOut,
     R"(\bauthentication[_ ](failed|error|required)\b|\b401 unauthorized\b|\b403 forbidden\b|\bunauthorized: |^unauthorized$|\bpermission[_ ]denied\b.{0,40}\b(api|caller|consumer)\b|\bdoes not have permission\b|\binsufficient permissions?\b)",
     "unexpected status 403 Forbidden: You have insufficient permissions for this operation", kOpenAiDocs},
    {kSignedOut,
     R"(\b(token|session|credentials?|login|sign-?in|api key)\b.{0,30}\b(has |have |is |are |was |were )?(been )?(expired|revoked|invalidated|no longer valid)\b|\bcould not be refreshed\b|\binvalid_(grant|token|api_key)\b)",
     "OAuth session expired and could not be refreshed", kClaudeIssues},
    {kSignedOut, R"(\binvalid auth method\b|\bno auth(entication)? method\b|\bno credentials\b)",
     "No authentication method is configured", kGeminiSource},
};

constexpr Signature kParameters[] = {
    {Outcome::bad_request,
     R"(\b(invalid|unsupported|unknown|unrecognized|unexpected|missing|extra) (required )?(value|parameter|argument|field|property|type|schema|keyword|request argument|inputs?)s?\b|\bmissing required\b|\bis not permitted\b|\bis not allowed with\b|\bextra inputs are not permitted\b)",
     "Unsupported value: 'temperature' does not support 0.2 with this model.", kOpenAiDocs},
    {Outcome::bad_request,
     R"(\binvalid '[^']{1,80}'|'[^']{1,80}' (is required|must be)\b|\b(must|should|cannot|can't) (not )?be\b|\bexpected an? \w+.{0,40}\bbut got\b|\bcould not (parse|process) .{0,20}(json|body|image|request)\b|\bmessages?\b.{0,60}\b(must|required)\b)",
     "Invalid 'input[3].call_id': empty string. Expected a string with minimum length 1", kOpenAiDocs},
};

// For wordings that are still unknown.
constexpr Signature kGeneral[] = {
    {kUsedUp,
     R"(^(?!.*\b(memory|recursion|time|rate|files?|file size|size|depth|heap|stack|descriptor|turn|retry|output|length|step|iteration|buffer|character|byte|disk|line|nesting)s?\b.{0,12}\b(limits?|caps?|allowance|quota|usage)\b)(?!.*\busage:).*(\b(limits?|quota|credits?|usage|allowance|caps?|plan)\b.{0,60}\b(reached|exceeded|hit|exhausted|used up|ran out|run out|depleted|spent)\b|\b(reached|exceeded|hit|exhausted|used up|out of|ran out of|run out of|depleted|spent)\b.{0,60}\b(limits?|quota|credits?|usage|allowance|caps?)\b|\b(out of|ran out of|no more)\b.{0,30}\bmessages\b))",
     "Your allowance for this window is used up", "no vendor yet"},
    {kBusy, R"(\b(model|server|service|region)\b.{0,40}\bcapacity\b|\bhigh load\b|\boverload)",
     "The region lacks capacity right now", "no vendor yet"},
    // Bare numbers may be line numbers of a stack trace.
    {kLimited, R"((status|code|error|https?|http/[\d.]+|returned|response|got|rejected)\W{0,4}429\b)",
     "got status: 429", "https://www.rfc-editor.org/rfc/rfc6585"},
    {kBusy, R"((status|code|error|https?|http/[\d.]+|returned|response|got|rejected)\W{0,4}(503|529)\b)", "Error 529",
     kClaudeDocs},
};

// Only of gemini, and only if nothing else is known: "fetch failed" stands before many causes.
constexpr Signature kGeminiTransport[] = {
    {Outcome::dropped, R"(\bterminated\b)", "TypeError: terminated", kNodeErrors},
    {kOffline, R"(\bfetch failed\b)", "exception TypeError: fetch failed", kNodeErrors},
};

// ---- it never began to work
// -------------------------------------------------------------------------------------------
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
    {kNoStart, R"(^(nodenv|pyenv|rbenv|jenv|goenv|fnm|proto|rtx|nodebrew)\b(: | error\b))",
     "nodenv: codex: command not found", "nodenv/nodenv", kShimHint},
    {kNoStart,
     R"(^(/\S+/)?env: .{0,80}\bno such file or directory\b|\bbad interpreter\b|\bcannot execute\b|\bexec format error\b)",
     "/usr/bin/env: 'node': No such file or directory", "GNU coreutils", kShimHint},
    {kNoStart,
     R"(\bexec: \S+: not found\b|^(/\S+: )?(line \d+: )?\S{1,60}: (command )?not found$|^\S{1,120}: (line )?\d+: .{0,60}: not found$|\bcommand not found: )",
     "sh: 1: exec: node: not found", "dash", kShimHint},
    {kNoStart,
     R"(\berror while loading shared libraries\b|\bversion `?'?glibc|\bglibcxx_[\d.]+' not found\b|\bimage not found\b)",
     "codex: error while loading shared libraries: libssl.so.3: cannot open shared object file", "glibc", kShimHint},
    {kNoStart,
     R"(\bcannot find module '(/|node:)|\bmissing optional dependency\b|\brequires node(\.js)? (version )?|\bunsupported (node|engine)\b|\bebadengine\b)",
     "Error: Cannot find module '/usr/lib/node_modules/x/cli.js'", kNodeErrors, kShimHint},
};

// Errors of a CLI that ends before it has started to work, in its own words or those of the system.
constexpr Signature kBeforeWork[] = {
    {kNoStart, R"(^(error: )?(unknown (option|argument)s?\b|unexpected argument|unrecognized (option|argument)))",
     "error: unknown option '--no-such-flag'", "Claude Code 2.1.329"},
    {Outcome::resources,
     R"(\bread-only file system\b|\bno space left on device\b|\berofs\b|\benospc\b|\btoo many open files\b|\bemfile\b|\bcannot allocate memory\b|\benomem\b)",
     "EROFS: read-only file system, open '/home/you/.x'", kNodeErrors},
};

// ---- values of fields
// -------------------------------------------------------------------------------------------------
constexpr bool kVague = true;
constexpr bool kCertain = false;
constexpr ErrorCode kCodes[] = {
    {"insufficient_quota", kUsedUp, kCertain, kOpenAiDocs},
    {"billing_hard_limit_reached", kUsedUp, kCertain, kOpenAiDocs},
    {"billing_not_active", kUsedUp, kCertain, kOpenAiDocs},
    {"usage_limit_reached", kUsedUp, kCertain, kCodexSource},
    {"usage_limit_exceeded", kUsedUp, kCertain, kCodexSource},
    {"usage_not_included", kUsedUp, kCertain, kCodexSource},
    {"workspace_owner_credits_depleted", kUsedUp, kCertain, kCodexSource},
    {"workspace_member_credits_depleted", kUsedUp, kCertain, kCodexSource},
    {"billing_error", kUsedUp, kCertain, kClaudeDocs},
    {"insufficient_credits", kUsedUp, kCertain, kOpenRouter},
    {"insufficient_balance", kUsedUp, kCertain, "https://api-docs.deepseek.com/quick_start/error_codes"},
    {"QUOTA_EXHAUSTED", kUsedUp, kCertain, kGeminiSource},
    {"quotaExceeded", kUsedUp, kCertain, kGoogleErrors},
    {"dailyLimitExceeded", kUsedUp, kCertain, kGoogleErrors},
    {"INSUFFICIENT_G1_CREDITS_BALANCE", kUsedUp, kCertain, kGeminiSource},
    {"MODEL_CAPACITY_EXHAUSTED", kBusy, kCertain, kGeminiSource},
    {"overloaded_error", kBusy, kCertain, kClaudeDocs},
    {"server_is_overloaded", kBusy, kCertain, kCodexSource},
    {"slow_down", kBusy, kCertain, kCodexSource},
    {"engine_overloaded", kBusy, kCertain, kOpenAiDocs},
    {"RATE_LIMIT_EXCEEDED", kLimited, kCertain, kGoogleErrors},
    {"context_length_exceeded", kTooLong, kCertain, kOpenAiDocs},
    {"string_above_max_length", kTooLong, kCertain, kOpenAiDocs},
    {"request_too_large", kTooLong, kCertain, kClaudeDocs},
    {"exceed_context_size_error", kTooLong, kCertain, "ggml-org/llama.cpp: tools/server"},
    {"invalid_prompt", kRefused, kCertain, kOpenAiDocs},
    {"content_filter", kRefused, kCertain, kOpenAiDocs},
    {"content_policy_violation", kRefused, kCertain, kOpenAiDocs},
    {"cyber_policy", kRefused, kCertain, kCodexSource},
    {"cyber_policy_violation", kRefused, kCertain, kCodexSource},
    {"bio_policy", kRefused, kCertain, kCodexSource},
    {"ResponsibleAIPolicyViolation", kRefused, kCertain, "https://learn.microsoft.com/azure/ai-services/openai"},
    {"PROHIBITED_CONTENT", kRefused, kCertain, kGeminiDocs},
    {"invalid_api_key", kSignedOut, kCertain, kOpenAiDocs},
    {"authentication_error", kSignedOut, kCertain, kClaudeDocs},
    {"token_expired", kSignedOut, kCertain, kCodexSource},
    {"token_invalidated", kSignedOut, kCertain, kCodexSource},
    {"refresh_token_reused", kSignedOut, kCertain, kCodexSource},
    {"UNAUTHENTICATED", kSignedOut, kCertain, kGoogleErrors},
    {"API_KEY_INVALID", kSignedOut, kCertain, kGoogleErrors},
    {"account_deactivated", kSignedOut, kCertain, kOpenAiDocs, kAccountHint},
    {"deactivated_workspace", kSignedOut, kCertain, kCodexSource, kAccountHint},
    {"CONSUMER_SUSPENDED", kSignedOut, kCertain, kGoogleErrors, kAccountHint},
    {"ACCOUNT_STATE_INVALID", kSignedOut, kCertain, kGoogleErrors, kAccountHint},
    {"SERVICE_DISABLED", kSignedOut, kCertain, kGoogleErrors, kProjectHint},
    {"BILLING_DISABLED", kSignedOut, kCertain, kGoogleErrors, kProjectHint},
    {"UNSUPPORTED_LOCATION", kSignedOut, kCertain, kGeminiSource, kPlaceHint},
    {"unsupported_country_region_territory", kSignedOut, kCertain, kOpenAiDocs, kPlaceHint},
    {"VALIDATION_REQUIRED", kSignedOut, kCertain, kGeminiSource, kPlanHint},
    {"INELIGIBLE_ACCOUNT", kSignedOut, kCertain, kGeminiSource, kPlanHint},
    {"RESTRICTED_AGE", kSignedOut, kCertain, kGeminiSource, kPlanHint},
    {"oauth_org_not_allowed", kSignedOut, kCertain, "anthropics/claude-code#65044", kPlanHint},
    {"DeploymentNotFound", kNoModel, kCertain, "https://learn.microsoft.com/azure/ai-services/openai"},
    {"model_not_found", kNoModel, kCertain, kOpenAiDocs},
    {"rate_limit_exceeded", kLimited, kVague, kOpenAiDocs},
    {"rate_limit_error", kLimited, kVague, kClaudeDocs},
    {"rate_limit", kLimited, kVague, "Claude Code 2.1.329"},
    {"RateLimitError", kLimited, kVague, "vllm-project/vllm"},
    {"rateLimitExceeded", kLimited, kVague, kGoogleErrors},
    {"userRateLimitExceeded", kLimited, kVague, kGoogleErrors},
    {"RESOURCE_EXHAUSTED", kLimited, kVague, kGoogleErrors},
    {"too_many_requests", kLimited, kVague, "https://docs.mistral.ai"},
    {"authentication_failed", kSignedOut, kVague, "Claude Code 2.1.329"},
    {"permission_error", kSignedOut, kVague, kClaudeDocs},
    {"PERMISSION_DENIED", kSignedOut, kVague, kGoogleErrors},
    {"overloaded", kBusy, kVague, "Claude Code 2.1.329"},
    {"UNAVAILABLE", kBusy, kVague, kGoogleErrors},
    {"server_error", kFailed, kVague, kOpenAiDocs},
    {"internal_server_error", kFailed, kVague, kOpenAiDocs},
    {"api_error", kFailed, kVague, kClaudeDocs},
    {"INTERNAL", kFailed, kVague, kGoogleErrors},
    {"DEADLINE_EXCEEDED", kFailed, kVague, kGoogleErrors},
};

constexpr Family kForClaude[] = {kThisMachine, kClaude,  kWay,   kAccount,    kPolicy, kContext,    kLimits,
                                 kCapacity,    kNetwork, kModel, kCallersOwn, kSignIn, kParameters, kGeneral};
constexpr Family kForCodex[] = {kThisMachine, kCodex,   kWay,   kAccount,    kPolicy, kContext,    kLimits,
                                kCapacity,    kNetwork, kModel, kCallersOwn, kSignIn, kParameters, kGeneral};
constexpr Family kForGemini[] = {kThisMachine, kGemini, kWay,        kAccount, kPolicy,
                                 kContext,     kLimits, kCapacity,   kNetwork, kModel,
                                 kCallersOwn,  kSignIn, kParameters, kGeneral, kGeminiTransport};
constexpr Family kForServers[] = {kThisMachine, kServers, kWay,   kAccount,    kPolicy, kContext,    kLimits,
                                  kCapacity,    kNetwork, kModel, kCallersOwn, kSignIn, kParameters, kGeneral};
constexpr Family kForOthers[] = {kThisMachine, kWay,   kAccount,    kPolicy, kContext,    kLimits, kCapacity,
                                 kNetwork,     kModel, kCallersOwn, kSignIn, kParameters, kGeneral};
constexpr Family kForNoStart[] = {kShims, kBeforeWork};

}  // namespace

std::span<const Family> wordings_of(Vendor vendor) {
  switch (vendor) {
    case Vendor::claude: return kForClaude;
    case Vendor::codex: return kForCodex;
    case Vendor::gemini: return kForGemini;
    case Vendor::server: return kForServers;
    case Vendor::other: break;
  }
  return kForOthers;
}

std::span<const Family> words_of_no_start() { return kForNoStart; }

std::span<const ErrorCode> error_codes() { return kCodes; }

}  // namespace delegate
