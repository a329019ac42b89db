#include "cli/setup/editors.hpp"

#include <algorithm>

#include "cli/setup/editor_rows.hpp"
#include "core/config/paths.hpp"

namespace delegate::cli::setup {

std::string below(const std::string& directory, std::string_view name) {
  return directory.empty() || name.empty() ? directory : directory + "/" + std::string(name);
}

std::string directory_of(const World& world, const char* variable, std::string_view default_name) {
  if (std::string set = world.variable(variable); set.starts_with('/')) return set;
  return below(home_path(world), default_name);
}

std::string file_of(const World& world, const char* variable, std::string otherwise) {
  std::string set = world.variable(variable);
  return set.starts_with('/') ? set : std::move(otherwise);
}

OrderedJson references(const Server& server, std::string_view before, std::string_view after) {
  OrderedJson out = OrderedJson::object();
  for (const std::string& name : server.variables) out[name] = std::string(before) + name + std::string(after);
  return out;
}

std::vector<Setting> plain_entry(const Server& server) {
  return {{"command", server.command}, {"args", server.arguments}};
}

std::vector<Setting> with_references(std::vector<Setting> entry, const char* key, const Server& server,
                                     std::string_view before, std::string_view after) {
  if (!server.variables.empty()) entry.push_back({key, references(server, before, after), Keep::members});
  return entry;
}

KeyPath mcp_servers() { return {"mcpServers"}; }

KeyPath Editor::path() const {
  KeyPath path = servers();
  path.emplace_back("delegate");
  return path;
}

std::span<const Editor> editors() {
  static const std::vector<Editor> all = [] {
    const auto agents = agent_rows();
    const auto desktop = desktop_rows();
    std::vector<Editor> rows(agents.begin(), agents.end());
    rows.insert(rows.end(), desktop.begin(), desktop.end());
    return rows;
  }();
  return all;
}

const Editor* editor_named(std::string_view name) {
  const auto all = editors();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Editor& editor) { return editor.name == name; });
  return found == all.end() ? nullptr : &*found;
}

OrderedJson entry_of(const Editor& editor, const Server& server) {
  OrderedJson out = OrderedJson::object();
  for (Setting& setting : editor.entry(server)) out[setting.key] = std::move(setting.value);
  return out;
}

std::optional<Server> server_in(const OrderedJson& entry) {
  const auto words = [](const OrderedJson& list) {
    std::vector<std::string> out;
    for (const OrderedJson& word : list)
      if (word.is_string()) out.push_back(word.get<std::string>());
    return out;
  };
  if (!entry.is_object()) return std::nullopt;
  if (entry.contains("transport")) return server_in(entry["transport"]);  // as the CLI of Cline writes it
  const char* const key = entry.contains("command") ? "command" : "cmd";  // of goose
  if (!entry.contains(key)) return std::nullopt;
  Server server;
  if (const OrderedJson& command = entry[key]; command.is_string()) {
    server.command = command.get<std::string>();
    if (entry.contains("args") && entry["args"].is_array()) server.arguments = words(entry["args"]);
  } else if (command.is_array()) {
    server.arguments = words(command);
    if (server.arguments.empty()) return std::nullopt;
    server.command = server.arguments.front();
    server.arguments.erase(server.arguments.begin());
  } else {
    return std::nullopt;
  }
  return server;
}

}  // namespace delegate::cli::setup
