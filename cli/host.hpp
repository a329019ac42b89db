#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "cli/world.hpp"
#include "core/config/load.hpp"
#include "core/run/ask.hpp"

namespace delegate::cli {

/// Which files and variables the configuration comes from, and what they say.
struct Configured {
  ConfigSources sources;
  LoadedConfig loaded;
  std::vector<Error> notices;  // what was left aside, to be said once
};

/// Finds and reads the layers, and decides whether the project's file is trusted. Fails when a file that was named or
/// found cannot be read. `directory` is where the search for a project's delegate.toml begins.
Result<Configured> configure(const World& world, const std::string& config_file, const std::string& directory);

/// What commands work with, opened once: the store, the breakers over it, the engine. A store that cannot be opened is
/// no reason to stop: `engine.breakers.trouble()` says why.
class Host {
 public:
  /// `patience` bounds each wait for other processes at the store: short for who makes a person wait.
  Host(const World& world, const Config& config, milliseconds patience = milliseconds(100));
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const Engine& engine() const { return *engine_; }
  StateStore* store() const { return store_.get(); }
  /// Something the person should hear once about the store; empty while all is well.
  std::string notice() const { return store_ ? store_->notice() : std::string(); }
  const std::string& store_path() const { return path_; }

 private:
  std::string path_;
  std::unique_ptr<StateStore> store_;
  std::optional<Breakers> breakers_;
  std::optional<Guards> guards_;
  std::optional<Engine> engine_;
};

}  // namespace delegate::cli
