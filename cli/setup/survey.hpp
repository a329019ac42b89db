#pragma once
#include <string>
#include <vector>

#include "cli/setup/editors.hpp"

// Which editors this machine has, and which of them know delegate. Starts nothing and changes nothing.
namespace delegate::cli::setup {

enum class Registration {
  none,
  here,        // starts this very program
  elsewhere,   // starts another delegate, which is there
  gone,        // starts a delegate that is not there any more
  foreign,     // something else has the name
  unreadable,  // its settings cannot be read
};

struct EditorStatus {
  const Editor* editor = nullptr;
  bool is_installed = false;
  std::string found_at;  // the command, else what the editor left in the home directory
  std::string file;      // where its settings are, there or not; empty: nothing says where
  Registration registration = Registration::none;
  std::string command;                // that is registered
  std::vector<std::string> outdated;  // keys of the entry that `setup` would bring up to date, whatever it starts
  std::string problem;                // with Registration::unreadable: `line L, column C: what`
};

/// One for each editor there is, in the order of the table.
std::vector<EditorStatus> survey(const World& world);

/// "registered", "registered_elsewhere", …: promised to scripts.
std::string_view name_of(Registration registration);

/// This program, as the person would call it: the `delegate` on PATH when that is this very file, else the file.
std::string own_program(const World& world);

}  // namespace delegate::cli::setup
