#include "cli/setup/editors.hpp"

#include <algorithm>
#include <filesystem>

#include "core/config/paths.hpp"
#include "core/run/breakers.hpp"

namespace delegate::cli::setup {
namespace {

constexpr int kLongestCall = 3600;  // seconds; the time limit of a call in `delegate mcp`
constexpr int kMilliseconds = 1000;

using Names = std::vector<std::string_view>;
using Paths = std::vector<std::string>;

std::string below(const std::string& directory, std::string_view name) {
  return directory.empty() || name.empty() ? directory : directory + "/" + std::string(name);
}

/// The directory named by a variable, or the default below the home directory.
std::string directory_of(const World& world, const char* variable, std::string_view below_home) {
  if (std::string set = world.variable(variable); set.starts_with('/')) return set;
  return below(home_path(world), below_home);
}

/// NAME -> the reference to this variable in the syntax of the editor.
OrderedJson references(const Server& server, std::string_view before, std::string_view after) {
  OrderedJson out = OrderedJson::object();
  for (const std::string& name : server.variables) out[name] = std::string(before) + name + std::string(after);
  return out;
}

/// Adds the references if there are any.
void add_references(std::vector<Setting>& entry, const char* key, OrderedJson references) {
  if (!references.empty()) entry.push_back({key, std::move(references), Keep::members});
}

std::string claude_file(const World& world) {
  const std::string set = world.variable("CLAUDE_CONFIG_DIR");
  return below(set.starts_with('/') ? set : home_path(world), ".claude.json");
}
std::vector<Setting> claude_entry(const Server& server) {
  return {{"type", "stdio"},
          {"command", server.command},
          {"args", server.arguments},
          {"env", references(server, "${", ":-}"), Keep::members}};
}

std::string codex_file(const World& world) { return below(directory_of(world, "CODEX_HOME", ".codex"), "config.toml"); }
std::vector<Setting> codex_entry(const Server& server) {
  // Codex passes on few variables, and does not let others read its own: without these two a run inside another one
  // would not know that it is.
  std::vector<std::string> variables{std::string(kRunIdVariable), "DELEGATE_DEPTH"};
  variables.insert(variables.end(), server.variables.begin(), server.variables.end());
  return {{"command", server.command},
          {"args", server.arguments},
          {"env_vars", variables, Keep::members},
          {"tool_timeout_sec", kLongestCall, Keep::larger}};
}

std::string gemini_file(const World& world) {
  return below(directory_of(world, "GEMINI_CLI_HOME", ""), ".gemini/settings.json");
}
std::vector<Setting> gemini_entry(const Server& server) {
  std::vector<Setting> entry{{"command", server.command}, {"args", server.arguments}};
  add_references(entry, "env", references(server, "${", "}"));
  entry.push_back({"timeout", kLongestCall * kMilliseconds, Keep::larger});
  return entry;
}

/// Cursor and VS Code.
std::vector<Setting> stdio_entry(const Server& server) {
  std::vector<Setting> entry{{"type", "stdio"}, {"command", server.command}, {"args", server.arguments}};
  add_references(entry, "env", references(server, "${env:", "}"));
  return entry;
}

std::vector<Setting> windsurf_entry(const Server& server) {
  std::vector<Setting> entry{{"command", server.command}, {"args", server.arguments}};
  add_references(entry, "env", references(server, "${env:", "}"));
  return entry;
}

std::vector<Setting> zed_entry(const Server& server) {
  return {{"command", server.command},
          {"args", server.arguments},
          {"env", OrderedJson::object(), Keep::always},
          {"timeout", kLongestCall, Keep::larger}};
}

std::string vscode_directory(const World& world) {
  if (const std::string portable = world.variable("VSCODE_PORTABLE"); portable.starts_with('/'))
    return portable + "/user-data";
  if (const std::string set = world.variable("VSCODE_APPDATA"); set.starts_with('/')) return set + "/Code";
  return below(config_path(world), "Code");
}

/// The existing file; a new one is named opencode.json.
std::string opencode_file(const World& world) {
  if (std::string file = world.variable("OPENCODE_CONFIG"); file.starts_with('/')) return file;
  const std::string set = world.variable("OPENCODE_CONFIG_DIR");
  const std::string base = set.starts_with('/') ? set : below(config_path(world), "opencode");
  const std::string commented = below(base, "opencode.jsonc");
  std::error_code ignored;  // an inaccessible file counts as missing
  return std::filesystem::exists(commented, ignored) ? commented : below(base, "opencode.json");
}
std::vector<Setting> opencode_entry(const Server& server) {
  std::vector<std::string> command{server.command};
  command.insert(command.end(), server.arguments.begin(), server.arguments.end());
  std::vector<Setting> entry{{"type", "local"}, {"command", command}};
  add_references(entry, "environment", references(server, "{env:", "}"));
  entry.push_back({"enabled", true, Keep::always});
  entry.push_back({"timeout", kLongestCall * kMilliseconds, Keep::larger});
  return entry;
}

constexpr std::string_view kTrustFolder = "gemini starts servers only in folders that you trust in it";

const Editor kEditors[] = {
    {.name = "claude",
     .title = "Claude Code",
     .language = Language::jsonc,
     .commands = [] { return Names{"claude"}; },
     .traces =
         [](const World& world) {
           return Paths{claude_file(world), below(home_path(world), ".claude")};
         },
     .user_file = claude_file,
     .project_file = ".mcp.json",
     .servers = [] { return KeyPath{"mcpServers"}; },
     .entry = claude_entry},
    {.name = "codex",
     .title = "Codex CLI",
     .language = Language::toml,
     .commands = [] { return Names{"codex"}; },
     .traces = [](const World& world) { return Paths{directory_of(world, "CODEX_HOME", ".codex")}; },
     .user_file = codex_file,
     .project_file = ".codex/config.toml",
     .servers = [] { return KeyPath{"mcp_servers"}; },
     .entry = codex_entry},
    {.name = "gemini",
     .title = "Gemini CLI",
     .language = Language::jsonc,
     .commands = [] { return Names{"gemini"}; },
     .traces = [](const World& world) { return Paths{below(directory_of(world, "GEMINI_CLI_HOME", ""), ".gemini")}; },
     .user_file = gemini_file,
     .project_file = ".gemini/settings.json",
     .servers = [] { return KeyPath{"mcpServers"}; },
     .entry = gemini_entry,
     .note = kTrustFolder},
    {.name = "cursor",
     .title = "Cursor",
     .language = Language::jsonc,
     .commands =
         [] {
           return Names{"cursor", "cursor-agent"};
         },
     .traces = [](const World& world) { return Paths{below(home_path(world), ".cursor")}; },
     .user_file = [](const World& world) { return below(home_path(world), ".cursor/mcp.json"); },
     .project_file = ".cursor/mcp.json",
     .servers = [] { return KeyPath{"mcpServers"}; },
     .entry = stdio_entry},
    {.name = "vscode",
     .title = "Visual Studio Code",
     .language = Language::jsonc,
     .commands = [] { return Names{"code"}; },
     .traces = [](const World& world) { return Paths{vscode_directory(world)}; },
     .user_file = [](const World& world) { return below(vscode_directory(world), "User/mcp.json"); },
     .project_file = ".vscode/mcp.json",
     .servers = [] { return KeyPath{"servers"}; },
     .entry = stdio_entry},
    {.name = "zed",
     .title = "Zed",
     .language = Language::jsonc,
     .commands =
         [] {
           return Names{"zed", "zeditor"};
         },
     .traces = [](const World& world) { return Paths{below(config_path(world), "zed")}; },
     .user_file = [](const World& world) { return below(config_path(world), "zed/settings.json"); },
     .project_file = ".zed/settings.json",
     .servers = [] { return KeyPath{"context_servers"}; },
     .entry = zed_entry},
    {.name = "windsurf",
     .title = "Windsurf",
     .language = Language::jsonc,
     .commands = [] { return Names{"windsurf"}; },
     .traces = [](const World& world) { return Paths{below(home_path(world), ".codeium/windsurf")}; },
     .user_file = [](const World& world) { return below(home_path(world), ".codeium/windsurf/mcp_config.json"); },
     .servers = [] { return KeyPath{"mcpServers"}; },
     .entry = windsurf_entry},
    {.name = "opencode",
     .title = "opencode",
     .language = Language::jsonc,
     .commands = [] { return Names{"opencode"}; },
     .traces = [](const World& world) { return Paths{below(config_path(world), "opencode")}; },
     .user_file = opencode_file,
     .project_file = "opencode.json",
     .servers = [] { return KeyPath{"mcp"}; },
     .entry = opencode_entry},
};

}  // namespace

KeyPath Editor::path() const {
  KeyPath path = servers();
  path.emplace_back("delegate");
  return path;
}

bool Editor::takes_variables() const { return entry_of(*this, {"", {}, {"NAME"}}) != entry_of(*this, {"", {}, {}}); }

std::span<const Editor> editors() { return kEditors; }

const Editor* editor_named(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kEditors), std::end(kEditors), [&](const Editor& editor) { return editor.name == name; });
  return found == std::end(kEditors) ? nullptr : found;
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
  if (!entry.is_object() || !entry.contains("command")) return std::nullopt;
  Server server;
  if (const OrderedJson& command = entry["command"]; command.is_string()) {
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
