#pragma once
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "core/os/cancel.hpp"

// What is really here, outside of the sandbox. No CLI is started, nothing is written.
namespace delegate::cli::drill {

struct Found {
  std::string name;
  std::string kind;
  bool usable = false;
  std::string where;  // the executable or URL
  std::string state;  // "installed", "not installed", "answers", "no answer", "disabled"
  std::string hint;   // how to get it
};

struct Machine {
  std::vector<Found> backends;  // in the order in which `auto` asks; then the others
  bool has_file = false;        // the person has a configuration
  std::size_t problems = 0;     // in it; then the built-in one has been looked at
};

/// Asks each server once, for a second at most.
Machine look_around(const World& world, const Configured& configured, const CancelToken& cancel);

/// One thing to do next: a command, and what comes of it.
struct NextStep {
  std::string command;
  std::string what;
};
std::vector<NextStep> next_steps(const Machine& machine, bool mine);

}  // namespace delegate::cli::drill
