#include "cli/host.hpp"

#include <system_error>

#include "backends/registry.hpp"
#include "cli/notify/announce.hpp"
#include "cli/places.hpp"
#include "cli/project_file.hpp"
#include "cli/trusted.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"
#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLargestConfig = 1u << 20;

Result<ConfigFile> load_file(const Path& path) {
  TRY(std::string text, read_file(path, kLargestConfig));
  return ConfigFile{path.string(), std::move(text)};
}

Status read_user_file(const World& world, ConfigSources& sources) {
  const Path path = user_config_path(world);
  std::error_code ignored;  // what cannot be looked at is not there for us; a link to nothing is
  if (path.empty() || !std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return {};
  TRY(sources.user_file, load_file(path));
  return {};
}

Status find_project_file(const World& world, const std::string& directory, Configured& out) {
  TRY(const ProjectSearch search, search_project_file(world, directory));
  if (!search.file) return {};
  if (search.file->ignored.empty()) out.sources.project_file = ConfigFile{search.file->path, search.file->text};
  else out.notices.push_back({Code::permission_denied, search.file->path + ": ignored: " + search.file->ignored, ""});
  return {};
}

/// Only a file that asks for trust costs a look at what is trusted. The text that is compared is the text that is used.
void settle_trust(const World& world, Configured& out) {
  if (out.loaded.restricted.empty()) return;
  const auto trusted = read_trusted(trusted_path(world));
  if (!trusted) return out.notices.push_back(trusted.error());
  out.sources.project_trust = trust_of(*trusted, *out.sources.project_file);
  if (out.sources.project_trust != ProjectTrust::none) out.loaded = load_config(out.sources);
}

/// Variables that hold a key because the configuration says so, whatever they are called.
std::vector<std::string> key_variables(const Config& config) {
  std::vector<std::string> names;
  for (const auto& [name, backend] : config.backends) {
    names.insert(names.end(), backend.env_keep.begin(), backend.env_keep.end());
    if (!backend.api_key_env.empty()) names.push_back(backend.api_key_env);
    for (const Login& login : backend.logins)
      for (const auto& [variable, value] : login.env)
        if (value.starts_with("$") && is_secret_name(variable)) names.push_back(value.substr(1));
  }
  return names;
}

}  // namespace

Result<Configured> configure(const World& world, const std::string& config_file, const std::string& directory) {
  Configured out;
  for (const auto& [name, value] : world.environment)
    if (name.starts_with("DELEGATE_")) out.sources.environment[name] = value;
  const std::string named = config_file.empty() ? world.variable("DELEGATE_CONFIG") : config_file;
  if (!named.empty()) {
    auto file = load_file(named);
    if (!file)
      return fail(file.error().code, (config_file.empty() ? "DELEGATE_CONFIG: " : "--config: ") + file.error().what,
                  file.error().code == Code::not_found ? "`delegate config init` writes one" : "");
    out.sources.user_file = *std::move(file);
  } else {
    TRY_STATUS(read_user_file(world, out.sources));
    TRY_STATUS(find_project_file(world, directory, out));
  }
  out.loaded = load_config(out.sources);
  settle_trust(world, out);
  for (const ConfigProblem& warning : out.loaded.warnings)
    out.notices.push_back({Code::invalid_argument, to_string(warning), warning.hint});
  return out;
}

Host::Host(const World& world, const Config& config, milliseconds patience) {
  const ProcessId self = this_process(world.clock.now().boot_id);
  std::string trouble;
  path_ = state_path(world, config.state);
  if (config.state.store == "memory") {
    store_ = make_memory_store(world.clock);
  } else if (path_.empty()) {
    trouble = "no place for the state: neither XDG_STATE_HOME nor HOME is set";
  } else if (auto opened = open_sqlite_store(path_, world.clock, patience)) {
    store_ = *std::move(opened);
  } else {
    trouble = opened.error().what;
    if (!opened.error().hint.empty()) trouble += "; " + opened.error().hint;
  }
  breakers_.emplace(store_.get(), trouble, self);
  // What ends with this process can be told by no other.
  if (config.state.store != "memory") breakers_->when_owed([&world] { start_announcer(world); });
  guards_.emplace(store_.get(), self, config.guards);
  engine_.emplace(Engine{.config = config,
                         .find_backend = find_backend,
                         .breakers = *breakers_,
                         .guards = *guards_,
                         .ledger = store_ ? &store_->ledger() : nullptr,
                         .clock = world.clock,
                         .environment = world.environment,
                         .scratch = scratch_path(world),
                         .redact = Redactor(world.environment, key_variables(config))});
}

}  // namespace delegate::cli
