#pragma once
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "core/os/cancel.hpp"
#include "core/os/clock.hpp"

namespace delegate::cli {

/// Everything outside the program that it may look at or change. main() builds the real one.
struct World {
  std::vector<std::string> arguments;  // without the program's name
  std::map<std::string, std::string> environment;
  std::string cwd;
  const Clock& clock;
  CancelToken& interrupted;                  // SIGINT, SIGTERM, SIGHUP
  const volatile std::sig_atomic_t& signal;  // which one, 0: none
  // Decided by the command line.
  bool json = false;
  std::string color = "auto";  // auto, always, never
  std::string config_file;     // as it was named; empty: those that are found
  int in = 0;
  int out = 1;
  int err = 2;

  std::string variable(const std::string& name) const {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  }
};

/// The whole program; returns its exit code.
int run(World& world);

}  // namespace delegate::cli
