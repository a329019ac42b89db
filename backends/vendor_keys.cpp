#include "backends/vendor_keys.hpp"

#include <algorithm>
#include <array>

#include "backends/cli_process.hpp"
#include "core/base/redact.hpp"
#include "core/base/secret_shapes.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

/// Whole words of a name: HF is not in HFS_TOKEN.
struct KeyFamily {
  std::string_view words;
  Service service;
};
// The first that fits counts.
constexpr KeyFamily kFamilies[] = {
    {"ANTHROPIC_FOUNDRY", Service::foundry},
    {"AZURE_OPENAI", Service::other},
    {"AZURE_AI", Service::other},
    {"AZURE_INFERENCE", Service::other},
    {"BEDROCK", Service::bedrock},
    {"ANTHROPIC", Service::anthropic},
    {"CLAUDE", Service::anthropic},
    {"OPENAI", Service::openai},
    {"CHATGPT", Service::openai},
    {"CODEX", Service::openai},
    {"GEMINI", Service::google},
    {"GOOGLE_API", Service::google},
    {"GOOGLE_ACCESS", Service::vertex},
    {"GOOGLE_CLOUD_ACCESS", Service::vertex},
    {"GOOGLE_AI", Service::google},
    {"GOOGLE_GENAI", Service::google},
    {"GOOGLE_GENERATIVE_AI", Service::google},
    {"VERTEX", Service::vertex},
    {"VERTEXAI", Service::vertex},
    {"PALM", Service::google},
};
constexpr std::string_view kOtherFamilies[] = {
    "AI21",          "AI_GATEWAY", "AIML",       "ANYSCALE",    "ASSEMBLYAI",     "BASETEN",      "CEREBRAS",
    "CLOUDFLARE_AI", "CODESTRAL",  "COHERE",     "COPILOT",     "CURSOR",         "DASHSCOPE",    "DEEPGRAM",
    "DEEPINFRA",     "DEEPSEEK",   "ELEVENLABS", "FIREWORKS",   "GITHUB_MODELS",  "GLM",          "GROK",
    "GROQ",          "HELICONE",   "HF",         "HUGGINGFACE", "HUGGINGFACEHUB", "HUGGING_FACE", "HYPERBOLIC",
    "JINA",          "KIMI",       "LANGCHAIN",  "LANGFUSE",    "LANGSMITH",      "LITELLM",      "LLAMA",
    "LLM",           "LMSTUDIO",   "LM_STUDIO",  "MINIMAX",     "MISTRAL",        "MOONSHOT",     "NIM",
    "NOVITA",        "NVIDIA",     "OLLAMA",     "OPENROUTER",  "PERPLEXITY",     "PORTKEY",      "PPLX",
    "QWEN",          "REPLICATE",  "SAMBANOVA",  "STABILITY",   "TOGETHER",       "TOGETHERAI",   "VOYAGE",
    "WATSONX",       "XAI",        "ZAI",        "ZHIPU",       "ZHIPUAI"};
/// Where the vendors' keys begin, whatever variable they are in.
constexpr std::string_view kKeyPrefixes[] = {"sk-", "sess-", "AIza",   "AQ.",  "hf_",  "gsk_", "xai-",
                                             "r8_", "pplx-", "nvapi-", "ABSK", "csk-", "fw_",  "tgp_v1_"};
/// Names with one of these words hold a secret. TOKENS is a number.
constexpr std::string_view kSecretWords[] = {"KEY",        "APIKEY",     "TOKEN",      "SECRET", "PASSWORD",
                                             "PASSPHRASE", "AUTH",       "BEARER",     "PAT",    "COOKIE",
                                             "HEADERS",    "CREDENTIAL", "CREDENTIALS"};
/// …unless they end in one of these: they describe a key.
constexpr std::string_view kDescriptions[] = {"FILE", "PATH", "DIR",    "HOME",     "URL",     "BASE",    "HOST",
                                              "NAME", "ENV",  "HELPER", "MODEL",    "TTL",     "TTL_MS",  "MS",
                                              "MODE", "TYPE", "LIMIT",  "ENDPOINT", "ENABLED", "DISABLED"};
/// Keys whatever their value is, as is what ends in API_KEY.
constexpr std::string_view kKeys[] = {
    "ANTHROPIC_AUTH_TOKEN",   "CLAUDE_CODE_OAUTH_TOKEN", "CODEX_ACCESS_TOKEN",  "OPENAI_ACCESS_TOKEN",  "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN", "REPLICATE_API_TOKEN",     "GOOGLE_ACCESS_TOKEN", "CLOUDFLARE_API_TOKEN", "XAI_TOKEN"};

constexpr std::size_t kShortestKey = 16;  // behind its prefix

template <class List, class Element>
bool is_among(const List& list, const Element& element) {
  return std::find(std::begin(list), std::end(list), element) != std::end(list);
}

std::string in_capitals(std::string_view name) {
  std::string upper(name);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    else if (c == '-' || c == '.') c = '_';
  return upper;
}

/// Are `words` in the name, as whole words? A number may follow: KEY2.
bool has_words(std::string_view name, std::string_view words) {
  for (std::size_t at = name.find(words); at != std::string_view::npos; at = name.find(words, at + 1)) {
    const std::size_t end = std::min(name.find_first_not_of("0123456789", at + words.size()), name.size());
    if ((at == 0 || name[at - 1] == '_') && (end == name.size() || name[end] == '_')) return true;
  }
  return false;
}

bool ends_in_word(std::string_view name, std::string_view word) {
  return name.ends_with(word) && (name.size() == word.size() || name[name.size() - word.size() - 1] == '_');
}

std::optional<Service> family_of(std::string_view name) {
  for (const KeyFamily& family : kFamilies)
    if (has_words(name, family.words)) return family.service;
  const bool is_other = std::any_of(std::begin(kOtherFamilies), std::end(kOtherFamilies),
                                    [&](std::string_view words) { return has_words(name, words); });
  return is_other ? std::optional(Service::other) : std::nullopt;
}

bool names_a_secret(std::string_view name) {
  const auto in_name = [&](std::string_view word) { return has_words(name, word); };
  const auto at_end = [&](std::string_view word) { return ends_in_word(name, word); };
  return std::any_of(std::begin(kSecretWords), std::end(kSecretWords), in_name) &&
         std::none_of(std::begin(kDescriptions), std::end(kDescriptions), at_end);
}

bool begins_like_a_key(std::string_view value) {
  for (const std::string_view prefix : kKeyPrefixes) {
    if (!value.starts_with(prefix)) continue;
    const std::string_view rest = value.substr(prefix.size());
    const auto is_of_key = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
             c == '.' || c == '=' || c == '+' || c == '/';
    };
    if (rest.size() >= kShortestKey && has_digit(rest) && std::all_of(rest.begin(), rest.end(), is_of_key)) return true;
  }
  return false;
}

/// A switch, a number or the path of a file.
bool is_plain(std::string_view value) {
  const std::string word = lower(value);
  constexpr std::string_view kSwitches[] = {"true", "false", "yes", "no", "on", "off"};
  const bool is_number =
      value.size() < kShortestKey && value.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_number || is_among(kSwitches, word) || value.starts_with('/') || value.starts_with("~/");
}

/// It selects the account, or is billed to one; the CLI of the vendor itself gets it only if `env.keep` names it.
bool is_for_account(std::string_view name) {
  return is_among(kKeys, name) || has_words(name, "API_KEY") || has_words(name, "APIKEY") ||
         has_words(name, "ACCESS_TOKEN") || has_words(name, "AUTH_TOKEN") ||
         (ends_in_word(name, "KEY") && !ends_in_word(name, "CLIENT_KEY"));
}

}  // namespace

std::optional<Service> service_of_key(const std::string& name, const std::string& value) {
  const std::string upper = in_capitals(name);
  if (upper.starts_with("DELEGATE_")) return std::nullopt;
  const std::optional<Service> family = family_of(upper);
  if (ends_in_word(upper, "API_KEY") || is_among(kKeys, std::string_view(upper)))
    return family.value_or(Service::other);
  if (begins_like_a_key(value)) return family.value_or(Service::other);
  if (is_plain(value)) return std::nullopt;
  const bool is_key = has_words(upper, "API_KEY") || has_words(upper, "APIKEY");
  if (names_a_secret(upper) && (family || is_key)) return family.value_or(Service::other);
  static const Redactor shapes({});
  return family && shapes.finds_secret(value) ? family : std::nullopt;
}

bool is_switched_on(const Task& task, const std::string& variable) {
  const std::string value = lower(seen_by_child(task, variable));
  return !value.empty() && value != "0" && value != "false";
}

bool is_kept_away(const Task& task, const OwnKeys& own, const std::string& name, const std::string& value) {
  const std::optional<Service> service = service_of_key(name, value);
  if (!service || task.login.contains(name)) return false;
  // A key visible to all logins would make them the same account.
  if (task.login.empty() && (is_among(task.settings.env_keep, name) || is_among(own.sign_in, name))) return false;
  if (is_among(own.switched_to, *service)) return false;
  return service != own.vendor || is_for_account(in_capitals(name));
}

}  // namespace delegate
