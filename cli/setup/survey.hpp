#pragma once
#include <string>
#include <vector>

#include "cli/setup/editors.hpp"

// Which editors are installed, and which of them have delegate registered. Starts nothing and changes nothing.
namespace delegate::cli::setup {

enum class Registration {
  none,
  here,         // starts this program
  elsewhere,    // starts another delegate that exists
  gone,         // starts a delegate that no longer exists
  foreign,      // another server has the name
  unreadable,   // its settings cannot be read
  interrupted,  // a change of its settings was interrupted
};

struct EditorStatus {
  const Editor* editor = nullptr;
  bool is_installed = false;
  std::string found_at;  // the command, or files of the editor in the home directory
  std::string file;      // path of its settings, which may not exist; empty: unknown
  Registration registration = Registration::none;
  std::string command;                // the registered command
  std::vector<std::string> outdated;  // keys of the entry that `setup` would update
  std::vector<std::string> unnamed;   // variables of moved_places() that the entry does not name
  std::string problem;                // unreadable: `line L, column C: what`; interrupted: `where: what`
  std::string remedy;                 // interrupted: how to restore the file
};

/// One for each known editor, in the order of the table.
std::vector<EditorStatus> survey(const World& world);

/// "registered", "registered_elsewhere", …: stable, for scripts.
std::string_view name_of(Registration registration);

/// The path to register for this program: the `delegate` on PATH if it is this file, otherwise the file itself.
std::string own_program(const World& world);

}  // namespace delegate::cli::setup
