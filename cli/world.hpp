#pragma once
#include <string>
#include <vector>

#include "core/os/process_facts.hpp"

namespace delegate::cli {

/// Process facts and the global options.
struct World : ProcessFacts {
  std::vector<std::string> arguments;  // without the program's name
  bool json = false;
  std::string color = "auto";  // auto, always, never
  std::string config_file;     // --config, as typed; empty: the files that are found
};

}  // namespace delegate::cli
