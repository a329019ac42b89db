#pragma once
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "core/os/cancel.hpp"

// The backends that this machine really has, outside the sandbox. No CLI is started, nothing is written.
namespace delegate::cli::drill {

struct Found {
  std::string name;
  std::string kind;
  bool usable = false;
  std::string where;  // the executable or URL
  std::string state;  // "installed", "not installed", "answers", "no answer", "disabled"
  std::string hint;   // how to install or start it
};

struct Machine {
  std::vector<Found> backends;  // in routing order; then the others
  bool has_file = false;        // the user has a configuration file
  std::size_t problems = 0;     // errors in it; if any, the built-in configuration was inspected
};

/// Sends one request to each server, for at most a second.
Machine inspect_machine(const World& world, const Configured& configured, const CancelToken& cancel);

/// A suggestion: a command, and what it does.
struct NextStep {
  std::string command;
  std::string what;
};
std::vector<NextStep> next_steps(const Machine& machine, bool mine);

}  // namespace delegate::cli::drill
