#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/settings_text.hpp"
#include "cli/world.hpp"

// The editors and agents that can call `delegate mcp`, and what each wants to be told. One row an editor, in
// editors.cpp.
namespace delegate::cli::setup {

/// How a client is to start the server.
struct Server {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::string> variables;  // names of those that the client is to hand on; values are never written
};

/// What happens to a key that is there already.
enum class Keep {
  never,    // it becomes ours
  larger,   // a number stays when it is larger: somebody wants to wait even longer
  always,   // ours is only for the beginning
  members,  // what is in it stays, ours comes in addition
};

struct Setting {
  std::string key;
  Json value;
  Keep keep = Keep::never;
};

enum class Scope { user, project };

struct Editor {
  std::string_view name;
  std::string_view title;
  Language language;
  std::vector<std::string_view> (*commands)();       // its names on PATH
  std::vector<std::string> (*traces)(const World&);  // files and directories that it makes when it is used
  std::string (*user_file)(const World&);            // empty: neither its variable nor HOME says
  std::string_view project_file;                     // below the project; empty: it has none
  KeyPath (*servers)();                              // the table of servers
  std::vector<Setting> (*entry)(const Server&);
  std::string_view note;  // what remains to be done in the editor; empty: nothing

  KeyPath path() const;  // of our entry
  bool takes_variables() const;
};

std::span<const Editor> editors();
/// Null: there is none of this name.
const Editor* editor_named(std::string_view name);

/// The entry as an object, in the order of its keys.
Json entry_of(const Editor& editor, const Server& server);

/// What an entry starts, whichever editor's; nothing when it starts no program.
std::optional<Server> server_in(const Json& entry);

}  // namespace delegate::cli::setup
