#include "core/config/config.hpp"

#include <algorithm>

#include "core/config/schema.hpp"

namespace delegate {
namespace config {

BackendSettings kind_defaults(const std::string& kind) {
  BackendSettings backend;
  backend.kind = kind;
  if (kind == "claude" || kind == "codex" || kind == "gemini") backend.command = {kind};
  const auto set_tiers = [&](const char* small, const char* medium, const char* large) {
    backend.tier_small = small, backend.tier_medium = medium, backend.tier_large = large;
  };
  // Aliases that the vendors point at their newest model of that size.
  if (kind == "claude") set_tiers("haiku", "sonnet", "opus");
  if (kind == "gemini") set_tiers("flash-lite", "flash", "pro");
  if (kind == "codex") set_tiers("low", "medium", "high");
  if (kind == "codex") backend.env_keep = {"CODEX_API_KEY"};
  if (kind == "gemini") backend.env_keep = {"GEMINI_API_KEY", "GOOGLE_API_KEY"};
  if (kind == "ollama" || kind == "openai") {
    // A local server reads a long prompt slowly, and one of kind openai may load its model without reporting it.
    backend.first_output_timeout = kind == "ollama" ? 120s : 300s;
    backend.idle_timeout = 60s;
    backend.max_parallel = 2;
  }
  return backend;
}

}  // namespace config

std::string to_string(const Origin& origin) {
  switch (origin.layer) {
    case Layer::built_in: return "built-in";
    case Layer::environment: return "environment " + origin.source;
    case Layer::user_file:
    case Layer::project_file: break;
  }
  if (origin.line == 0) return origin.source;
  return origin.source + ":" + std::to_string(origin.line) + ":" + std::to_string(origin.column);
}

Origin Config::origin(const std::string& key) const {
  if (const auto found = origins.find(key); found != origins.end()) return found->second;
  // Breaker settings that a backend does not have come from [breaker].
  if (key.starts_with("backends."))
    if (const std::size_t at = key.find(".breaker."); at != std::string::npos) return origin(key.substr(at + 1));
  return {};
}

CandidateName candidate_name(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

const BackendSettings* Config::backend(const std::string& name) const {
  const CandidateName wanted = candidate_name(name);
  const auto found = backends.find(wanted.backend);
  if (found == backends.end()) return nullptr;
  const auto& logins = found->second.logins;
  const bool is_there =
      std::any_of(logins.begin(), logins.end(), [&](const Login& one) { return one.name == wanted.login; });
  return is_there || name == wanted.backend ? &found->second : nullptr;
}

std::vector<std::string> Config::candidates(const std::string& name) const {
  const BackendSettings* settings = backend(name);
  if (settings == nullptr || settings->name != name || settings->logins.empty()) return {name};
  std::vector<std::string> names;
  for (const Login& login : settings->logins) names.push_back(name + "@" + login.name);
  return names;
}

std::vector<std::string> Config::candidates() const {
  std::vector<std::string> names;
  for (const auto& [backend, settings] : backends)
    for (std::string& name : candidates(backend)) names.push_back(std::move(name));
  return names;
}

Config built_in_config() {
  Config built_in;
  for (const char* kind : {"claude", "codex", "gemini", "ollama"}) {
    BackendSettings backend = config::kind_defaults(kind);
    backend.name = kind;
    built_in.backends.emplace(kind, std::move(backend));
  }
  return built_in;
}

}  // namespace delegate
