#pragma once
#include <memory>
#include <optional>

#include "cli/world.hpp"
#include "core/config/configured.hpp"
#include "core/run/ask.hpp"

namespace delegate::cli {

/// How this program is started again with the same configuration.
OwnCommand own_command(const World& world);

/// What commands work with, opened once: the store, the breakers over it, the engine. A store that cannot be opened is
/// no reason to stop: `engine.breakers.trouble()` says why.
class Host {
 public:
  /// `patience` bounds each wait for other processes at the store: short where a person waits.
  Host(const World& world, const Config& config, milliseconds patience = milliseconds(100));
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const Engine& engine() const { return *engine_; }
  StateStore* store() const { return store_.get(); }
  /// A remark about the store, to be printed once; empty when there is none.
  std::string notice() const;

 private:
  std::unique_ptr<StateStore> store_;
  std::optional<Breakers> breakers_;
  std::optional<Guards> guards_;
  std::optional<Engine> engine_;
};

}  // namespace delegate::cli
