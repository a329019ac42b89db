#pragma once
#include <string>
#include <vector>

#include "core/config/load.hpp"
#include "core/os/process_facts.hpp"

namespace delegate {

/// The files and variables of the configuration, and the result of loading them.
struct Configured {
  ConfigSources sources;
  LoadedConfig loaded;
  std::vector<Error> notices;  // what was ignored; each is reported once
  /// For those who examine the configuration, not for every command: settings that do nothing, or that make failures
  /// count for their own run only.
  std::vector<Error> remarks;
};

/// Finds and reads the layers, and decides whether the project's file is trusted. Fails if a file that was named or
/// found cannot be read. `config_file` is the only file to use; if it is empty, files are searched for. `directory` is
/// where the search for a project's delegate.toml begins.
Result<Configured> configure(const ProcessFacts& process, const std::string& config_file, const std::string& directory);

}  // namespace delegate
