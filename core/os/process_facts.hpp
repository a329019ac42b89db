#pragma once
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "core/base/environment.hpp"
#include "core/os/cancel.hpp"
#include "core/os/clock.hpp"

namespace delegate {

/// What this process was started with and what it may use. main() builds the real one; tests build their own.
struct ProcessFacts {
  std::map<std::string, std::string> environment;
  std::string cwd;  // empty: the working directory no longer exists
  const Clock& clock;
  CancelToken& interrupted;                  // SIGINT, SIGTERM, SIGHUP
  const volatile std::sig_atomic_t& signal;  // the last one received; 0: none
  int in = 0;
  int out = 1;
  int err = 2;

  /// Empty when the variable is not set.
  std::string variable(const std::string& name) const { return variable_in(environment, name); }
  /// "NAME=value" for each variable, as a child gets them.
  std::vector<std::string> variables() const {
    std::vector<std::string> all;
    all.reserve(environment.size());
    for (const auto& [name, value] : environment) all.push_back(name + "=" + value);
    return all;
  }
};

/// How to start this program again with the same configuration.
struct OwnCommand {
  std::string executable;
  std::vector<std::string> options;  // global ones, in front of the command: --config FILE
};

}  // namespace delegate
