#include "cli/host.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "backends/registry.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"
#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace delegate::cli {
namespace {

constexpr const char* kFileName = "delegate.toml";
constexpr std::size_t kLargestConfig = 1u << 20;

/// An XDG base directory: the variable when it is an absolute path (others are to be ignored), else below HOME.
std::string base_directory(const World& world, const char* variable, const char* below_home) {
  if (std::string set = world.variable(variable); set.starts_with('/')) return set;
  const std::string home = world.variable("HOME");
  return home.empty() ? std::string() : home + below_home;
}

bool is_there(const Path& path) {
  std::error_code ignored;  // what cannot be looked at is not there for us
  return std::filesystem::exists(path, ignored);
}

/// Only a file of the person (or root) that others cannot write may speak for a project.
bool is_ours(const Path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return false;
  return (facts.st_uid == ::geteuid() || facts.st_uid == 0) && (facts.st_mode & S_IWOTH) == 0;
}

std::optional<Path> project_file(const World& world, const std::string& directory) {
  const Path home = world.variable("HOME");
  for (Path at = directory; !at.empty() && at != home; at = at.parent_path()) {
    const Path candidate = at / kFileName;
    if (is_there(candidate)) return is_ours(candidate) ? std::optional(candidate) : std::nullopt;
    if (is_there(at / ".git") || at == at.root_path()) break;
  }
  return std::nullopt;
}

Result<ConfigFile> load_file(const Path& path) {
  TRY(std::string text, read_file(path, kLargestConfig));
  return ConfigFile{path.string(), std::move(text)};
}

std::string state_path(const World& world, const StateSettings& settings) {
  if (settings.path.starts_with("~/")) return world.variable("HOME") + settings.path.substr(1);
  if (!settings.path.empty()) return settings.path;
  const std::string base = base_directory(world, "XDG_STATE_HOME", "/.local/state");
  return base.empty() ? std::string() : base + "/delegate/state.db";
}

std::string scratch_path(const World& world) {
  if (const std::string runtime = world.variable("XDG_RUNTIME_DIR"); runtime.starts_with('/'))
    return runtime + "/delegate";
  const std::string base = base_directory(world, "XDG_CACHE_HOME", "/.cache");
  return base.empty() ? std::string() : base + "/delegate/calls";
}

}  // namespace

Result<Configured> configure(const World& world, const std::string& config_file, const std::string& directory) {
  Configured out;
  for (const auto& [name, value] : world.environment)
    if (name.starts_with("DELEGATE_")) out.sources.environment[name] = value;
  const std::string named = config_file.empty() ? world.variable("DELEGATE_CONFIG") : config_file;
  if (!named.empty()) {
    TRY(out.sources.user_file, load_file(named));
  } else {
    const std::string base = base_directory(world, "XDG_CONFIG_HOME", "/.config");
    const Path user = Path(base) / "delegate" / kFileName;
    if (!base.empty() && is_there(user)) {
      TRY(out.sources.user_file, load_file(user));
    }
    if (const auto project = project_file(world, directory)) {
      TRY(out.sources.project_file, load_file(*project));
    }
  }
  out.loaded = load_config(out.sources);
  return out;
}

Host::Host(const World& world, const Config& config) {
  const ProcessId self = this_process(world.clock.now().boot_id);
  std::string trouble;
  path_ = state_path(world, config.state);
  if (config.state.store == "memory") {
    store_ = make_memory_store(world.clock);
  } else if (path_.empty()) {
    trouble = "no place for the state: neither XDG_STATE_HOME nor HOME is set";
  } else if (auto opened = open_sqlite_store(path_, world.clock)) {
    store_ = *std::move(opened);
  } else {
    trouble = opened.error().what;
    if (!opened.error().hint.empty()) trouble += "; " + opened.error().hint;
  }
  breakers_.emplace(store_.get(), trouble, self);
  engine_.emplace(Engine{.config = config,
                         .find_backend = find_backend,
                         .breakers = *breakers_,
                         .ledger = store_ ? &store_->ledger() : nullptr,
                         .clock = world.clock,
                         .environment = world.environment,
                         .scratch = scratch_path(world),
                         .redact = Redactor(world.environment)});
}

}  // namespace delegate::cli
