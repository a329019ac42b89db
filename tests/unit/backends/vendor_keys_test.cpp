#include "backends/vendor_keys.hpp"

#include "core/config/config.hpp"
#include "tests/unit/backends/captured.hpp"

// Which CLI sees which key. Every value is made up.
using namespace delegate;
using namespace delegate::test;

namespace {

const std::vector<std::string> kAll{"claude", "codex", "gemini", "mine"};

Task task_for(const std::string& name) {
  Task task{.prompt = "x", .executable = "/opt/bin/" + name};
  if (name == "mine") task.settings = {.name = name, .kind = "command", .command = {name}};
  else task.settings = *built_in_config().backend(name);
  return task;
}

bool sees(const Task& task, const std::string& name) {
  const auto call = backend_of(task.settings.kind).prepare(task, {});
  REQUIRE(call.has_value());
  const auto& env = std::get<ProcessCall>(*call).env;
  return std::find(env.begin(), env.end(), name + "=" + task.environment.at(name)) != env.end();
}

/// The CLIs that see the variable: "claude gemini".
std::string seen_by(const std::string& name, const std::string& value, const Environment& more = {}) {
  std::string all;
  for (const std::string& cli : kAll) {
    Task task = task_for(cli);
    task.environment = more;
    task.environment[name] = value;
    if (sees(task, name)) all += (all.empty() ? "" : " ") + cli;
  }
  return all;
}

constexpr const char* kEveryone = "claude codex gemini mine";
constexpr const char* kValue = "made-up-value";

}  // namespace

TEST_CASE("a key reaches no CLI of another vendor, whatever the end of its name") {
  struct Row {
    const char* name;
    const char* seen_by;
  };
  const Row rows[] = {{"OPENAI_KEY", ""},
                      {"OPENAI_API_KEY_WORK", ""},
                      {"OPENAI_API_KEY2", ""},
                      {"OPENAI_ADMIN_KEY", ""},
                      {"OPENAI_SESSION_TOKEN", "codex"},
                      {"OPENAI_CUSTOM_HEADERS", "codex"},
                      {"openai_api_key", ""},
                      {"Openai_Key", ""},
                      {"ANTHROPIC_CUSTOM_HEADERS", "claude"},
                      {"ANTHROPIC_KEY", ""},
                      {"ANTHROPIC_API_KEY_TEAM", ""},
                      {"anthropic_auth_token", ""},
                      {"CLAUDE_CODE_OAUTH_REFRESH_TOKEN", "claude"},
                      {"CLAUDE_CODE_CLIENT_KEY_PASSPHRASE", "claude"},
                      {"ANTHROPIC_FOUNDRY_API_KEY", ""},
                      {"AZURE_OPENAI_AD_TOKEN", ""},
                      {"AZURE_OPENAI_KEY", ""},
                      {"AZURE_AI_TOKEN", ""},
                      {"AWS_BEARER_TOKEN_BEDROCK", ""},
                      {"GEMINI_KEY", ""},
                      {"GOOGLE_API_KEY_2", ""},
                      {"GOOGLE_CLOUD_ACCESS_TOKEN", ""},
                      {"VERTEX_AUTH", ""},
                      {"OPENROUTER_KEY", ""},
                      {"HUGGINGFACEHUB_API_TOKEN", ""},
                      {"HF_TOKEN_WORK", ""},
                      {"LITELLM_MASTER_KEY", ""},
                      {"MISTRAL_TOKEN", ""},
                      {"GROQ_SECRET", ""},
                      {"XAI_KEY", ""},
                      {"DEEPSEEK_KEY", ""},
                      {"TOGETHER_KEY", ""},
                      {"FIREWORKS_TOKEN", ""},
                      {"REPLICATE_TOKEN", ""},
                      {"GITHUB_COPILOT_TOKEN", ""},
                      {"COPILOT_GITHUB_TOKEN", ""},
                      {"LANGSMITH_KEY", ""},
                      {"APIKEY", ""},
                      {"API_KEY", ""},
                      {"MY_API_KEY_FOR_TESTS", ""},
                      {"DELEGATE_OPENAI_API_KEY", ""},
                      {"DELEGATE_OPENAI_TOKEN", "codex"},
                      {"OPENAI_API_KEY_HOME", ""},
                      {"OPENAI_KEY_BASE", ""},
                      {"MISTRAL_KEY_TYPE", ""},
                      {"GROQ_KEY_MODE", ""},
                      {"OPENAIKEY", ""},
                      {"OPENAIAPIKEY", ""},
                      {"openaiApiKey", ""},
                      {"OpenAIKey", ""},
                      {"anthropicAuthToken", ""},
                      {"azureOpenaiKey", ""},
                      {"OPENAI_TOKENS", "codex"},
                      {"MISTRAL_PASS", ""},
                      {"GROQ_PWD", ""},
                      {"COHERE_CREDS", ""},
                      {"DATABRICKS_JWT", ""},
                      {"DEEPSEEK_SK", ""},
                      {"FAL_KEY", ""},
                      {"OCTOAI_TOKEN", ""},
                      {"MODAL_TOKEN_SECRET", ""},
                      {"DATABRICKS_TOKEN", ""},
                      {"GOOGLE_APPLICATION_CREDENTIALS_JSON", ""},
                      {"GOOGLE_CREDENTIALS", ""}};
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(seen_by(row.name, kValue) == row.seen_by);
  }
}

TEST_CASE("a key is known by its shape in a variable of any name") {
  for (const char* value :
       {"sk-proj-abcdefghij0123456789", "sk-ant-api03-abcdefghij0123456789", "sk-or-v1-abcdef0123456789abcdef",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv", "hf_abcdefghij0123456789abcd", "gsk_abcdefghij0123456789abcd",
        "xai-abcdefghij0123456789abcd", "nvapi-abcdefghij0123456789", "ABSKQmVkcm9ja0FQSUtleS0123456789"}) {
    INFO(value);
    CHECK(seen_by("WORK", value) == "");
    CHECK(seen_by("WORK", "\"" + std::string(value) + "\"") == "");
    CHECK(seen_by("WORK", " Bearer " + std::string(value)) == "");
    CHECK(seen_by("WORK", "Authorization: Bearer " + std::string(value) + ", X-Y: z") == "");
    CHECK(seen_by("WORK", "key=" + std::string(value)) == "");
  }
  for (const char* value :
       {"sk-learn", "sk-proj-short", "hf_hub", "sk-no-digits-in-these-words", "fw_and some words 1"})
    CHECK(seen_by("WORK", value) == kEveryone);
}

TEST_CASE("a number or a path may be a key, where the name does not say what it is instead") {
  for (const auto& [name, value] :
       {std::pair("OPENAI_KEY", "/abc+base64value0123"), std::pair("OPENAI_KEY", "1234"),
        std::pair("LITELLM_MASTER_KEY", "1234"), std::pair("GROQ_SECRET", "1234.5"), std::pair("OPENAI_KEY", "~/abc"),
        std::pair("OPENAI_KEY_URL", "made-up-value"), std::pair("MISTRAL_KEY_URL", "https://you:secret1@host/"),
        std::pair("DELEGATE_BACKENDS_MINE_API_KEY_ENV", "sk-proj-abcdefghij0123456789"),
        std::pair("GOOGLE_CREDENTIALS", "{\"private_key\": \"x\", \"a\": \"b.json\"}")}) {
    INFO(name << "=" << value);
    CHECK(seen_by(name, value) == "");
  }
}

TEST_CASE("what describes a key, and what is for other programs, is passed on") {
  const std::pair<const char*, const char*> rows[] = {{"OPENAI_BASE_URL", "https://gateway.example/v1"},
                                                      {"OPENAI_MODEL", "gpt-large"},
                                                      {"OPENAI_ORG_ID", "org-1"},
                                                      {"ANTHROPIC_MODEL", "opus"},
                                                      {"CLAUDE_CODE_MAX_OUTPUT_TOKENS", "8000"},
                                                      {"CLAUDE_CODE_API_KEY_HELPER_TTL_MS", "3600000"},
                                                      {"CLAUDE_CONFIG_DIR", "/home/you/.claude"},
                                                      {"CLAUDE_CODE_USE_BEDROCK", "1"},
                                                      {"CLAUDE_CODE_SKIP_BEDROCK_AUTH", "true"},
                                                      {"CODEX_HOME", "/home/you/.codex"},
                                                      {"HF_HOME", "/data/hf"},
                                                      {"HF_TOKEN_PATH", "/data/hf/token"},
                                                      {"GOOGLE_APPLICATION_CREDENTIALS", "/home/you/key.json"},
                                                      {"GOOGLE_CLOUD_PROJECT", "project-1"},
                                                      {"GOOGLE_APPLICATION_CREDENTIALS", "key.json"},
                                                      {"OPENAI_API_KEY_FILE", "/run/secrets/key"},
                                                      {"OPENAI_TOKEN_URL", "https://auth.example/token"},
                                                      {"DELEGATE_BACKENDS_MINE_API_KEY_ENV", "MY_GATEWAY_KEY"},
                                                      {"DELEGATE_BACKENDS_OLLAMA_MAX_TOKENS", "800"},
                                                      {"CODEX_TURKEY", "made-up-value"},
                                                      {"MONKEY", "made-up-value"},
                                                      {"OLLAMA_KEEP_ALIVE", "5m"},
                                                      {"GITHUB_TOKEN", "made-up-value"},
                                                      {"AWS_ACCESS_KEY_ID", "made-up-value"},
                                                      {"AWS_SECRET_ACCESS_KEY", "made-up-value"},
                                                      {"DATABASE_URL", "postgres://user:secret1@host/db"},
                                                      {"SSH_AUTH_SOCK", "/run/user/1000/agent"}};
  for (const auto& [name, value] : rows) {
    INFO(name);
    CHECK(seen_by(name, value) == kEveryone);
  }
}

TEST_CASE("a documented switch gives a CLI the keys of the cloud that it selects, and no others") {
  CHECK(seen_by("AWS_BEARER_TOKEN_BEDROCK", kValue, {{"CLAUDE_CODE_USE_BEDROCK", "1"}}) == "claude");
  CHECK(seen_by("AWS_BEARER_TOKEN_BEDROCK", kValue, {{"CLAUDE_CODE_USE_BEDROCK", "0"}}) == "");
  for (const char* value : {"", "no", "off", "False", "2", "never"})
    CHECK(seen_by("AWS_BEARER_TOKEN_BEDROCK", kValue, {{"CLAUDE_CODE_USE_BEDROCK", value}}) == "");
  CHECK(seen_by("AWS_BEARER_TOKEN_BEDROCK", kValue, {{"CLAUDE_CODE_USE_VERTEX", "1"}}) == "");
  CHECK(seen_by("GOOGLE_ACCESS_TOKEN", kValue, {{"CLAUDE_CODE_USE_VERTEX", "true"}}) == "claude");
  CHECK(seen_by("GEMINI_API_KEY", kValue, {{"CLAUDE_CODE_USE_VERTEX", "true"}}) == "gemini");
  CHECK(seen_by("ANTHROPIC_FOUNDRY_API_KEY", kValue, {{"CLAUDE_CODE_USE_FOUNDRY", "1"}}) == "claude");
  CHECK(seen_by("ANTHROPIC_API_KEY", kValue, {{"CLAUDE_CODE_USE_FOUNDRY", "1"}}) == "");
  CHECK(seen_by("GOOGLE_CLOUD_ACCESS_TOKEN", kValue, {{"GOOGLE_GENAI_USE_GCA", "true"}}) == "gemini");
  SECTION("also that of one login") {
    Task task = task_for("claude");
    task.environment["AWS_BEARER_TOKEN_BEDROCK"] = kValue;
    task.login = {{"CLAUDE_CONFIG_DIR", "/home/you/.claude-work"}};
    CHECK_FALSE(sees(task, "AWS_BEARER_TOKEN_BEDROCK"));
    task.login["CLAUDE_CODE_USE_BEDROCK"] = "1";
    CHECK(sees(task, "AWS_BEARER_TOKEN_BEDROCK"));
  }
}

TEST_CASE("what env.keep lists is passed on, and what is not is named as withheld") {
  Task task = task_for("codex");
  for (const char* name : {"AZURE_OPENAI_AD_TOKEN", "openai_api_key", "OPENROUTER_KEY", "WORK"})
    task.environment[name] = "sk-proj-abcdefghij0123456789";
  CHECK(backend_of("codex").withheld(task) ==
        std::vector<std::string>{"AZURE_OPENAI_AD_TOKEN", "OPENROUTER_KEY", "WORK", "openai_api_key"});
  task.settings.env_keep = {"WORK", "openai_api_key"};
  CHECK(sees(task, "WORK"));
  CHECK(sees(task, "openai_api_key"));
  CHECK(backend_of("codex").withheld(task) == std::vector<std::string>{"AZURE_OPENAI_AD_TOKEN", "OPENROUTER_KEY"});
}
