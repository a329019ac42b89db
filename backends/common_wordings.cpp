#include "backends/wording_terms.hpp"

// What any vendor may say, one family per meaning, from the certain to the general.
namespace delegate::wording {
namespace {

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
     R"(\b(admin(istrator)?|owner)s?\b.{0,30}\b(turned off|switched off|disabled|blocked|not enabled)\b|\bdiscontinued for (personal|individual|free)\b)",
     "Your workspace admin has turned off Codex.", kCodexSource, kPlanHint},
    {kSignedOut,
     R"(\bno (active|valid) (subscription|plan|licen[cs]e)\b|\b(subscription|plan|licen[cs]e|trial) (is |has |was )?(required|expired|inactive|ended|lapsed|cancell?ed)\b|\brequires? an? .{0,30}\b(subscription|licen[cs]e)\b)",
     "An active subscription is required to use this product.", kClaudeIssues, kPlanHint},
    {kSignedOut,
     R"(\b(account|organi[sz]ation|identity|phone|age) (must|needs to|has to) be verified\b|\bverify your (account|identity|organi[sz]ation|age)\b|\bverification (is )?required\b|\baccept the (terms|usage polic)|\bonly authorized for use with\b|\bsuspicious activity\b)",
     "Your organization must be verified to use this API. Please verify your organization.", kOpenAiDocs, kPlanHint},
    {kSignedOut,
     R"(\b(api|service)\b.{0,60}\b(is not enabled|has not been (used|enabled)|is disabled)\b|\bservice_disabled\b|\bbilling (must be|is not|has not been|to be) enabled\b|\bbilling_disabled\b|\bplease enable billing\b)",
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
     R"(\b(prompt|input|request|message|messages|conversation|context|query|instructions?|payload|body)\b.{0,30}\b(is |are |was |were |)(far )?(too (long|large|big)|over the limit)\b)",
     "Prompt is too long", kClaudeDocs},
    {kTooLong,
     R"(\bcontext (window|length|size|limit)\b|\bmaximum context\b|\bcontext[_-](length|window|size)|\bexceed_context_size|\bcontext the overflows\b|\bout of (context|room)\b|\btokens?[`\x27 ]*\+[^.]{0,40}must be <=)",
     "This model's maximum context length is 4096 tokens", kOpenAiDocs},
    {kTooLong,
     R"(\b(prompt|input|request|token|messages?)s?\b.{0,60}\b(exceed(s|ed|ing)?|greater than|longer than|larger than|(more than|above|over)(?= [\d,]+ tokens))\b.{0,60}\b(max(imum)?|allowed|length|window|context|limit of \d+|model|n_ctx|max_seq_len|tokens)\b(?!.{0,20}(per[- ](min|day|month|hour|sec)|rate)))",
     "Input length (600013 tokens) exceeds the maximum allowed length (536826 tokens).", "sgl-project/sglang"},
    {kTooLong,
     R"(\bstring_above_max_length\b|\breduce the length\b|\bshorter (input|prompt)\b|\brequest[_ ]too[_ ]large\b|\b(request )?entity too large\b|\bpayload too large\b|\bcontent too large\b|\btoo many (input |prompt )?tokens\b(?! per)|\bstring too long\b|\bsequence length\b.{0,20}\bexceed|\b(inputs?|prompt|messages?)\b.{0,30}\bmust (have|be|contain) (<=|less|fewer|at most|no more)\b.{0,20}\btokens\b)",
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
     R"(\b(exceed(ed|s|ing)?|exhausted|reached|used( up)?|hit|consumed|spent|maxed out)\b[^,;]{0,60}\b(quota|credits?|usage limits?|spend(ing)? (limit|cap)s?|budget|allowance|balance|usage cap|free tier)\b)",
     "You exceeded your current quota, please check your plan and billing details.", kOpenAiDocs},
    {kUsedUp,
     R"(\b(quota|credits?|usage limits?|usage caps?|spend(ing)? (limit|cap)s?|budget|allowance|balance|funds)\b[^,;]{0,60}\b(exceeded|exhausted|reached|used up|hit|depleted|too low|insufficient|ran out|run out|expired|not enough)\b)",
     "Quota exceeded. Check your plan and billing details.", kOpenAiDocs},
    {kUsedUp,
     R"(\b(insufficient|not enough|no (remaining|more|available)|out of|ran out of|run out of|need more|requires more|low on)[ _](\w+ ){0,2}(quota|funds|credits?|balance|usage|messages|tokens left|allowance)\b|\b(no|0) credits (left|remaining)\b|\bover budget\b|\bused all (of )?(your|the|its)\b.{0,30}\b(usage|credits?|quota|messages|allowance)\b)",
     "Insufficient credits. Add more to continue.", kOpenRouter},
    {kUsedUp,
     R"(\binsufficient_quota\b|\bpayment required\b|\bbilling (hard )?limit\b|\bcredit balance\b|\busage[ _]limit(_\w+)?\b|\bregain access\b)",
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
     R"(\boverloaded\b|\boverloaded_error\b|\bat (full |max(imum)? )?capacity\b|\b(no|insufficient|lack of|not enough|out of) (\w+ )?capacity\b|\bcapacity\b.{0,30}\b(exceeded|exhausted|constraints?|unavailable|reached|limited)\b)",
     "Selected model is at capacity. Please try a different model.", kCodexSource},
    {kBusy,
     R"(\bspikes? in (demand|load|traffic|usage)\b|\b(high|heavy|unusually high|peak) (demand|load|traffic|usage)\b|\b(server|model|engine|service|system|backend)s? (is |are )?(currently |temporarily |too )*busy\b|\bpending requests exceeded\b|\bqueue is full\b)",
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
     R"(\b(unknown|invalid|no such|unsupported|unrecognized) model\b|\bmodel_not_found\b|\bnot a valid model\b|\bno endpoints found\b|\bno access to (the )?model\b|(\bnot|n't) have access to .{0,20}\bmodel\b)",
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
     R"(\brefresh token (was |has )?(already )?(been )?(used|revoked|expired|invalidated)\b|\baccess token could not be refreshed\b)",
     "Your access token could not be refreshed because your refresh token was already used.", "openai/codex#9634"},
    {kSignedOut,
     R"(\b(token|session|credentials?|login|sign-?in|api key)\b.{0,30}\b(has |have |is |are |was |were )?(been )?(expired|revoked|invalidated|no longer valid)\b|\bcould not be refreshed\b|\binvalid_(grant|token|api_key)\b)",
     "OAuth session expired and could not be refreshed", kClaudeIssues},
    {kSignedOut,
     R"(\binvalid auth method\b|\bno auth(entication)? method\b|\bno (auth )?credentials\b|\bapi key not found\b)",
     "No authentication method is configured", kGeminiSource},
};

constexpr Signature kParameters[] = {
    {Outcome::bad_request, R"(\bwithout its required\b)",
     "Item 'rs_123' of type 'reasoning' was provided without its required following item.", kOpenAiDocs},
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

}  // namespace

std::vector<Family> families_with(std::span<const Signature> own, std::span<const Signature> last) {
  using enum Breadth;
  std::vector<Family> families{{kThisMachine, common}, {own, vendors_own}, {kWay, common},        {kAccount, common},
                               {kPolicy, common},      {kContext, common}, {kLimits, common},     {kCapacity, common},
                               {kNetwork, common},     {kModel, common},   {kCallersOwn, common}, {kSignIn, common},
                               {kParameters, common},  {kGeneral, general}};
  if (!last.empty()) families.push_back({last, vendors_own});
  return families;
}

}  // namespace delegate::wording
