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
    {"GOOGLE_CREDENTIALS", Service::vertex},
    {"GOOGLE_APPLICATION_CREDENTIALS", Service::vertex},
    {"VERTEX", Service::vertex},
    {"VERTEXAI", Service::vertex},
    {"PALM", Service::google},
};
constexpr std::string_view kOtherFamilies[] = {
    "AI21",          "AIML",       "AI_GATEWAY", "ANYSCALE",   "ASSEMBLYAI", "BASETEN",     "CEREBRAS",
    "CLOUDFLARE_AI", "CODESTRAL",  "COHERE",     "COPILOT",    "CURSOR",     "DASHSCOPE",   "DATABRICKS",
    "DEEPGRAM",      "DEEPINFRA",  "DEEPSEEK",   "ELEVENLABS", "FAL",        "FIREWORKS",   "GITHUB_MODELS",
    "GLM",           "GROK",       "GROQ",       "HELICONE",   "HF",         "HUGGINGFACE", "HUGGINGFACEHUB",
    "HUGGING_FACE",  "HYPERBOLIC", "JINA",       "KIMI",       "LANGCHAIN",  "LANGFUSE",    "LANGSMITH",
    "LITELLM",       "LLAMA",      "LLM",        "LMSTUDIO",   "LM_STUDIO",  "MINIMAX",     "MISTRAL",
    "MODAL",         "MOONSHOT",   "NIM",        "NOVITA",     "NVIDIA",     "OCTOAI",      "OLLAMA",
    "OPENROUTER",    "PERPLEXITY", "PORTKEY",    "PPLX",       "QWEN",       "REPLICATE",   "SAMBANOVA",
    "STABILITY",     "TOGETHER",   "TOGETHERAI", "VOYAGE",     "WATSONX",    "XAI",         "ZAI",
    "ZHIPU",         "ZHIPUAI"};
/// Where the vendors' keys begin, whatever variable they are in.
constexpr std::string_view kKeyPrefixes[] = {"sk-", "sess-", "AIza",   "AQ.",  "hf_",  "gsk_", "xai-",
                                             "r8_", "pplx-", "nvapi-", "ABSK", "csk-", "fw_",  "tgp_v1_"};
/// Names with one of these words hold a secret, unless the value is none: see is_no_secret().
constexpr std::string_view kSecretWords[] = {
    "KEY",    "APIKEY", "TOKEN",  "TOKENS",  "SECRET",     "PASSWORD",    "PASSPHRASE", "PASS", "PWD", "AUTH",
    "BEARER", "PAT",    "COOKIE", "HEADERS", "CREDENTIAL", "CREDENTIALS", "CREDS",      "JWT",  "SK"};
/// At the end of a name: it may describe a key.
constexpr std::string_view kDescriptions[] = {"FILE", "PATH", "DIR",    "HOME",     "URL",     "BASE",    "HOST",
                                              "NAME", "ENV",  "HELPER", "MODEL",    "TTL",     "TTL_MS",  "MS",
                                              "MODE", "TYPE", "LIMIT",  "ENDPOINT", "ENABLED", "DISABLED"};
/// May follow the name of a service without an underscore: OPENAIKEY, openaiApiKey.
constexpr std::string_view kGlued[] = {"KEY", "TOKEN", "SECRET", "API", "AUTH", "ACCESS", "MASTER", "BEARER"};
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
  return std::any_of(std::begin(kSecretWords), std::end(kSecretWords),
                     [&](std::string_view word) { return has_words(name, word); });
}

bool is_of_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '+' || c == '/';
}

bool begins_like_a_key(std::string_view word) {
  for (const std::string_view prefix : kKeyPrefixes) {
    if (!word.starts_with(prefix)) continue;
    const std::string_view rest = word.substr(prefix.size());
    if (rest.size() >= kShortestKey && has_digit(rest)) return true;
  }
  return false;
}

/// Also in quotes, or behind `Bearer `.
bool has_a_key(std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    const auto begin = value.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t size = static_cast<std::size_t>(std::find_if_not(begin, value.end(), is_of_key) - begin);
    if (begins_like_a_key(value.substr(at, size))) return true;
    at += size + 1;
  }
  return false;
}

bool is_switch(std::string_view value) {
  constexpr std::string_view kSwitches[] = {"", "true", "false", "yes", "no", "on", "off"};
  return is_among(kSwitches, lower(value));
}

bool is_number(std::string_view value) {
  return value.size() < kShortestKey && value.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_path(std::string_view value) {
  const bool is_named = value.ends_with(".json") && value.find_first_of(" \n\"{") == std::string_view::npos;
  return value.starts_with('/') || value.starts_with("~/") || is_named;
}

/// Without a user, a password or parameters.
bool is_url(std::string_view value) {
  return value.find("://") != std::string_view::npos && value.find_first_of("@? ") == std::string_view::npos;
}

/// A base64 text may begin with a slash, and a key may be a number: so the name has to fit, too.
bool is_no_secret(std::string_view name, std::string_view value) {
  if (is_switch(value)) return true;
  const bool describes = std::any_of(std::begin(kDescriptions), std::end(kDescriptions),
                                     [&](std::string_view word) { return ends_in_word(name, word); });
  if (is_number(value))
    return describes || !(has_words(name, "KEY") || has_words(name, "APIKEY") || has_words(name, "SECRET"));
  if (is_path(value)) return describes || ends_in_word(name, "CREDENTIALS");
  return describes && is_url(value);
}

/// A setting of delegate's own: the name of a variable.
bool is_setting(std::string_view name, std::string_view value) {
  return name.starts_with("DELEGATE_BACKENDS_") && name.ends_with("_API_KEY_ENV") &&
         value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
}

/// OPENAI_APIKEY for OPENAIAPIKEY.
std::string unglued(std::string_view name) {
  std::string out;
  for (const std::string_view word : split(name, '_')) {
    std::string_view service = word;
    std::string secret;
    for (bool found = true; found && !family_of(service);) {
      found = false;
      for (const std::string_view part : kGlued) {
        if (service.size() <= part.size() || !service.ends_with(part)) continue;
        service.remove_suffix(part.size());
        secret = "_" + std::string(part) + secret;
        found = true;
        break;
      }
    }
    const bool is_glued = !secret.empty() && family_of(service);
    out += (out.empty() ? "" : "_") + (is_glued ? std::string(service) + secret : std::string(word));
  }
  return out;
}

/// The name as words in capitals: as it is, and with an underscore before each capital that follows a small letter.
std::array<std::string, 2> spellings_of(const std::string& name) {
  std::string parted;
  for (const char c : name) {
    const bool is_next = c >= 'A' && c <= 'Z' && !parted.empty() && parted.back() >= 'a' && parted.back() <= 'z';
    if (is_next) parted += '_';
    parted += c;
  }
  return {unglued(in_capitals(name)), unglued(in_capitals(parted))};
}

std::optional<Service> service_named(const std::string& name, const std::string& value) {
  const std::optional<Service> family = family_of(name);
  if (ends_in_word(name, "API_KEY") || is_among(kKeys, std::string_view(name))) return family.value_or(Service::other);
  if (is_setting(name, value)) return std::nullopt;
  if (has_a_key(value)) return family.value_or(Service::other);
  if (is_no_secret(name, value)) return std::nullopt;
  const bool is_key = has_words(name, "API_KEY") || has_words(name, "APIKEY");
  if (names_a_secret(name) && (family || is_key)) return family.value_or(Service::other);
  static const Redactor shapes({});
  return family && shapes.finds_secret(value) ? family : std::nullopt;
}

/// It selects the account, or is billed to one; the CLI of the vendor itself gets it only if `env.keep` names it.
bool is_for_account(std::string_view name) {
  return is_among(kKeys, name) || has_words(name, "API_KEY") || has_words(name, "APIKEY") ||
         has_words(name, "ACCESS_TOKEN") || has_words(name, "AUTH_TOKEN") ||
         (has_words(name, "KEY") && !has_words(name, "CLIENT_KEY"));
}

}  // namespace

std::optional<Service> service_of_key(const std::string& name, const std::string& value) {
  for (const std::string& spelling : spellings_of(name))
    if (const auto service = service_named(spelling, value)) return service;
  return std::nullopt;
}

bool is_switched_on(const Task& task, const std::string& variable) {
  constexpr std::string_view kOn[] = {"1", "true", "yes", "on"};
  return is_among(kOn, lower(seen_by_child(task, variable)));
}

bool is_kept_away(const Task& task, const OwnKeys& own, const std::string& name, const std::string& value) {
  const std::optional<Service> service = service_of_key(name, value);
  if (!service || task.login.contains(name)) return false;
  // A key visible to all logins would make them the same account.
  if (task.login.empty() && (is_among(task.settings.env_keep, name) || is_among(own.sign_in, name))) return false;
  if (is_among(own.switched_to, *service)) return false;
  const auto spellings = spellings_of(name);
  return service != own.vendor || std::any_of(spellings.begin(), spellings.end(), is_for_account);
}

}  // namespace delegate
