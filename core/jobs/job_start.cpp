#include "core/jobs/job_start.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/json.hpp"

namespace delegate::jobs {
namespace {

constexpr std::array<const char*, 6> kProxies{"http_proxy", "https_proxy", "all_proxy",
                                              "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};
constexpr std::array<std::string_view, 34> kNames{"PATH",
                                                  "HOME",
                                                  "USER",
                                                  "LOGNAME",
                                                  "SHELL",
                                                  "LANG",
                                                  "LANGUAGE",
                                                  "TZ",
                                                  "TMPDIR",
                                                  "HOSTNAME",
                                                  "http_proxy",
                                                  "https_proxy",
                                                  "no_proxy",
                                                  "all_proxy",
                                                  "HTTP_PROXY",
                                                  "HTTPS_PROXY",
                                                  "NO_PROXY",
                                                  "ALL_PROXY",
                                                  "SSL_CERT_FILE",
                                                  "SSL_CERT_DIR",
                                                  "DISPLAY",
                                                  "XAUTHORITY",
                                                  "WAYLAND_DISPLAY",
                                                  "DBUS_SESSION_BUS_ADDRESS",
                                                  "RUST_LOG",
                                                  "SSH_TTY",
                                                  "SSH_CONNECTION",
                                                  "TERM_PROGRAM",
                                                  "CURL_CA_BUNDLE",
                                                  "REQUESTS_CA_BUNDLE",
                                                  "LD_LIBRARY_PATH",
                                                  "SSH_AUTH_SOCK",
                                                  "GPG_TTY",
                                                  "TERM"};
constexpr std::array<std::string_view, 21> kPrefixes{
    "LC_",    "XDG_",    "NODE_",   "NPM_CONFIG_", "BUN_",    "CLAUDE_",   "ANTHROPIC_",
    "CODEX_", "OPENAI_", "GEMINI_", "GOOGLE_",     "OLLAMA_", "DELEGATE_", "AWS_",
    "AZURE_", "ASDF_",   "MISE_",   "NVM_",        "VOLTA_",  "PYENV_",    "NODENV_"};
/// Marks the run in which the submitter itself was started. The job may outlive that run, so it must not be killed with
/// what has its mark, nor write beside it: see outer_writer().
constexpr std::string_view kRunId = "DELEGATE_RUN_ID";

bool is_listed(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view one) { return name.starts_with(one); });
}

const BackendSettings* settings_of(const Engine& engine, const RouteStep& step) {
  return engine.config.backend(step.backend);
}

bool is_installed(const PreparedAsk& ask, const RouteStep& step) {
  const auto known = ask.candidates.find(step.backend);
  return known != ask.candidates.end() && known->second;
}

enum class Of { all, installed };
/// Variables that the configuration names for the candidates.
std::set<std::string> configured_names(const Engine& engine, const PreparedAsk& ask, Of which) {
  std::set<std::string> names;
  for (const RouteStep& step : ask.plan.steps) {
    const BackendSettings* settings = settings_of(engine, step);
    if (settings == nullptr || (which == Of::installed && !is_installed(ask, step))) continue;
    names.insert(settings->env_keep.begin(), settings->env_keep.end());
    if (!settings->api_key_env.empty()) names.insert(settings->api_key_env);
    for (const Login& login : settings->logins)
      for (const auto& [variable, value] : login.env)
        if (value.starts_with("$")) names.insert(value.substr(1));
  }
  return names;
}

bool is_storable(const Engine& engine, const std::string& name, const std::string& value,
                 const std::set<std::string>& key_names) {
  return !is_secret_name(name) && !key_names.contains(name) && !engine.redact.finds_secret(value);
}

/// What `env.keep` and the like name counts as a key, unless its name shows that it is none.
std::set<std::string> key_names(const Engine& engine, const PreparedAsk& ask) {
  std::set<std::string> names = configured_names(engine, ask, Of::all);
  std::erase_if(names, [](const std::string& name) { return is_listed(name) && !is_secret_name(name); });
  return names;
}

/// The variables of the caller that a call gets: a process what `prepare` passes on, a request the proxies.
std::set<std::string> passed_on(const Candidate& candidate) {
  std::set<std::string> names;
  const auto call = candidate.backend->prepare(candidate.task, {});
  const auto* process = call ? std::get_if<ProcessCall>(&*call) : nullptr;
  if (process == nullptr) return {kProxies.begin(), kProxies.end()};
  for (const std::string& variable : process->env) names.insert(variable.substr(0, variable.find('=')));
  return names;
}

}  // namespace

JobStart job_start(const ProcessFacts& process, const OwnCommand& self, const Engine& engine, const PreparedAsk& ask) {
  JobStart start{.environment = {}, .directory = ask.request.cwd, .options = self.options};
  const std::set<std::string> keys = key_names(engine, ask);
  for (const auto& [name, value] : process.environment)
    if (name != kRunId && is_listed(name) && is_storable(engine, name, value, keys)) start.environment[name] = value;
  return start;
}

std::vector<std::string> needed_keys(const ProcessFacts& process, const Engine& engine, const PreparedAsk& ask) {
  std::set<std::string> needed;
  const std::set<std::string> keys = key_names(engine, ask);
  const auto add = [&](const std::string& name) {
    const std::string value = process.variable(name);
    const bool is_stored = is_listed(name) && is_storable(engine, name, value, keys);
    if (!value.empty() && !is_stored) needed.insert(name);
  };
  for (const std::string& name : configured_names(engine, ask, Of::installed)) add(name);
  for (const auto& [name, candidate] : ask.candidates) {
    if (!candidate) continue;
    const std::set<std::string> passed = passed_on(candidate->candidate);
    const std::vector<std::string> logins =
        candidate->candidate.backend->login_traces(candidate->candidate.task).variables;
    for (const std::string& variable : passed)
      if (is_listed(variable) || std::find(logins.begin(), logins.end(), variable) != logins.end()) add(variable);
  }
  return {needed.begin(), needed.end()};
}

bool is_nested(const ProcessFacts& process) {
  const std::string depth = process.variable("DELEGATE_DEPTH");
  return !depth.empty() && depth != "0";
}

JobLine line_of(const ProcessFacts& process, const PreparedAsk& ask) {
  JobLine line{.is_nested = is_nested(process), .is_named = ask.request.backend != kAuto};
  for (const RouteStep& step : ask.plan.steps) {
    const auto found = ask.candidates.find(step.backend);
    if (found == ask.candidates.end() || !found->second) continue;
    line.has_last_resort = line.has_last_resort || step.last_resort;
    if (std::find(line.candidates.begin(), line.candidates.end(), step.backend) == line.candidates.end())
      line.candidates.push_back(step.backend);
  }
  return line;
}

/// A hash (FNV-1a): it is stored as a part of the line, where a path could not stand.
std::string place_of(const JobStart& start) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const std::string separator(1, '\0');
  std::string place = start.directory + separator + join(start.options, separator);
  for (const auto& [name, value] : start.environment)  // what decides where the configuration comes from
    if (name == "HOME" || name.starts_with("XDG_") || name.starts_with("DELEGATE_")) place += separator + name + value;
  for (const char byte : place) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (; text.size() < 16; hash >>= 4) text += kDigits[hash & 0xF];
  return text;
}

std::string to_json(const JobStart& start) {
  return dump(
      OrderedJson{{"environment", start.environment}, {"directory", start.directory}, {"options", start.options}});
}

Result<JobStart> job_start_from(std::string_view text) {
  try {  // a border where exceptions end
    const OrderedJson json = OrderedJson::parse(text);
    return JobStart{json.at("environment").get<Environment>(), json.at("directory").get<std::string>(),
                    json.at("options").get<std::vector<std::string>>()};
  } catch (const OrderedJson::exception& error) {
    return fail(Code::invalid_argument, std::string("start of a job: ") + error.what());
  }
}

}  // namespace delegate::jobs
