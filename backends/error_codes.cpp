#include "backends/wording_terms.hpp"

// Values of the fields of an API's error.
namespace delegate {
namespace {

using namespace wording;

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

}  // namespace

std::span<const ErrorCode> error_codes() { return kCodes; }

}  // namespace delegate
