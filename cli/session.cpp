#include "cli/session.hpp"

#include "backends/registry.hpp"
#include "core/config/paths.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace delegate::cli {
namespace {

/// Variables that hold a key because the configuration says so, whatever they are called.
constexpr const char* kKeepsMore =
    "new in this version: the first words of each prompt are kept for `delegate runs`, and each answer for a day for "
    "`delegate last`; history.summary = 0 and history.last_answers = 0 turn that off, and `delegate runs forget --all` "
    "deletes what is kept";

SecretVariables key_variables(const Config& config) {
  SecretVariables names;
  for (const auto& [name, backend] : config.backends) {
    for (const std::string& kept : backend.env_keep) (is_secret_name(kept) ? names.keys : names.values).push_back(kept);
    if (!backend.api_key_env.empty()) names.keys.push_back(backend.api_key_env);
    for (const Login& login : backend.logins)
      for (const auto& [variable, value] : login.env)
        if (value.starts_with("$") && is_secret_name(variable)) names.keys.push_back(value.substr(1));
  }
  return names;
}

/// The command waits for the disk, so it runs in its own process. If it cannot start, the next long log starts it
/// again.
void start_shortening_log(const std::string& path) {
  const Program program{.executable = own_executable(), .argv = {"delegate", "shorten-log", path}, .env = {}};
  static_cast<void>(start_detached(program, -1, "/"));
}

}  // namespace

OwnCommand own_command(const World& world) {
  OwnCommand command{.executable = own_executable()};
  if (!world.config_file.empty()) command.options = {"--config", (Path(world.cwd) / world.config_file).string()};
  return command;
}

Host::Host(const World& world, const Config& config, milliseconds patience) {
  const ProcessId self = this_process(world.clock.now().boot_id);
  std::optional<Error> trouble;
  const std::string path = state_path(world, config.state);
  if (config.state.store == "memory") {
    store_ = make_memory_store(world.clock);
  } else if (path.empty()) {
    trouble = Error{Code::unavailable, "no place for the state: neither XDG_STATE_HOME nor HOME is set", {}};
  } else if (auto opened = open_sqlite_store(path, world.clock, patience, [whole = (Path(world.cwd) / path).string()] {
               start_shortening_log(whole);
             })) {
    store_ = *std::move(opened);
  } else {
    trouble = opened.error();
  }
  breakers_.emplace(store_.get(), trouble, self);
  // What a store in memory knows ends with this process: there is nothing that another one could announce.
  if (config.state.store != "memory")
    breakers_->when_owed([&world] { notify::start_announcer(world, own_command(world)); });
  guards_.emplace(store_.get(), self, config.guards);
  engine_.emplace(Engine{.config = config,
                         .find_backend = find_backend,
                         .breakers = *breakers_,
                         .guards = *guards_,
                         .ledger = store_ ? &store_->ledger() : nullptr,
                         .clock = world.clock,
                         .environment = world.environment,
                         .scratch = scratch_path(world),
                         .redact = Redactor(world.environment, key_variables(config)),
                         .store = store_.get(),
                         .store_path = path});
}

std::string Host::notice() const {
  if (!store_) return {};
  const HistorySettings& history = engine_->config.history;
  const bool keeps_more = history.summary > 0 || (history.last_answers > milliseconds(0) && !history.keep_answers);
  return store_->has_begun_to_keep_summaries() && keeps_more ? kKeepsMore : store_->notice();
}

}  // namespace delegate::cli
