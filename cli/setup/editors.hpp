#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/settings_text.hpp"
#include "cli/world.hpp"

// The editors and agents that can call `delegate mcp`, and the settings each of them needs. One row for each, in
// agent_rows.cpp (programs of a terminal) and desktop_rows.cpp (editors and their extensions).
namespace delegate::cli::setup {

/// How a client starts the server.
struct Server {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::string> variables;  // names of variables that the client passes on; values are never written
};

/// What happens to an existing key.
enum class Keep {
  never,    // it is replaced
  larger,   // a larger number stays: the user wants to wait even longer
  always,   // it is set only if it is missing
  members,  // its members stay, ours are added
};

struct Setting {
  std::string key;
  OrderedJson value;
  Keep keep = Keep::never;
};

enum class Scope { user, project };

/// How the environment of the editor reaches the server.
enum class Passes {
  some,     // few variables: those that the entry names
  all,      // its own: the entry need not name any
  unknown,  // not documented, and there is no syntax for naming one
};

struct Editor {
  std::string_view name;
  std::string_view title;
  Language language;
  std::vector<std::string_view> (*commands)();       // its names on PATH
  std::vector<std::string> (*traces)(const World&);  // files and directories that it creates
  std::string (*user_file)(const World&);            // empty: neither its variable nor HOME is set
  std::string_view project_file;                     // below the project directory; empty: none
  std::string_view other_project_file;               // used instead of it if it exists
  KeyPath (*servers)();                              // path of the table of servers
  std::vector<Setting> (*entry)(const Server&);
  Passes passes = Passes::some;
  std::string_view note;    // what the user must still do in the editor; empty: nothing
  std::string_view source;  // what the row follows if it was not tried with the program; empty: it was

  KeyPath path() const;  // of our entry
  bool takes_variables() const { return passes == Passes::some; }
  bool is_tried() const { return source.empty(); }
};

std::span<const Editor> editors();
/// Null if there is none with this name.
const Editor* editor_named(std::string_view name);

/// The entry as an object, in the order of its keys.
OrderedJson entry_of(const Editor& editor, const Server& server);

/// The server that an entry of any editor starts; nothing if it starts no program.
std::optional<Server> server_in(const OrderedJson& entry);

}  // namespace delegate::cli::setup
