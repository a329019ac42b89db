#pragma once
#include <string>
#include <vector>

#include "core/config/load.hpp"
#include "core/os/process_facts.hpp"

namespace delegate {

/// Which files and variables the configuration comes from, and what they say.
struct Configured {
  ConfigSources sources;
  LoadedConfig loaded;
  std::vector<Error> notices;  // what was ignored, each to be reported once
};

/// Finds and reads the layers, and decides whether the project's file is trusted. Fails when a file that was named or
/// found cannot be read. `config_file`: the only file to use, empty for those that are found. `directory` is where the
/// search for a project's delegate.toml begins.
Result<Configured> configure(const ProcessFacts& process, const std::string& config_file, const std::string& directory);

}  // namespace delegate
