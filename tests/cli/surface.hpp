#pragma once
#include <set>
#include <string>
#include <vector>

#include "tests/cli/cli.hpp"

namespace delegate::test {

/// One option or word of the command line, as the program describes itself.
struct Described {
  std::string command;             // empty: global
  std::vector<std::string> names;  // empty: a word without a dash
  std::string value;               // empty: a flag
  std::string asked;               // what completes it: "backends", …
  std::vector<std::string> choices;
};
std::vector<Described> described(Cli& cli);
/// "ask", "breaker", "breaker trip", …
std::set<std::string> commands_of(const std::vector<Described>& all);

/// Another program in the sandbox of `cli`, which finds `delegate` on its PATH, and the system's programs.
Finished run_program(const Cli& cli, const std::vector<std::string>& argv, std::string input = {});

}  // namespace delegate::test
