#include "cli/setup/editor_rows.hpp"
#include "core/config/paths.hpp"

// Editors, and extensions of them that have servers of their own.
namespace delegate::cli::setup {
namespace {

/// Cursor, VS Code and what is built from it.
std::vector<Setting> stdio_entry(const Server& server) {
  std::vector<Setting> entry{{"type", "stdio"}, {"command", server.command}, {"args", server.arguments}};
  return with_references(std::move(entry), "env", server, "${env:", "}");
}

std::vector<Setting> windsurf_entry(const Server& server) {
  return with_references(plain_entry(server), "env", server, "${env:", "}");
}

std::vector<Setting> roo_entry(const Server& server) {
  std::vector<Setting> entry = windsurf_entry(server);
  entry.push_back({"timeout", kLongestCall, Keep::larger});  // in seconds; a longer one is an error
  return entry;
}

std::vector<Setting> zed_entry(const Server& server) {
  return {{"command", server.command},
          {"args", server.arguments},
          {"env", OrderedJson::object(), Keep::always},
          {"timeout", kLongestCall, Keep::larger}};
}

/// The settings of VS Code, or of the product of this name that is built from it.
std::string code_directory(const World& world, std::string_view product) {
  if (const std::string portable = world.variable("VSCODE_PORTABLE"); portable.starts_with('/'))
    return portable + "/user-data";
  return below(file_of(world, "VSCODE_APPDATA", config_path(world)), product);
}
std::string vscode_directory(const World& world) { return code_directory(world, "Code"); }
std::string insiders_directory(const World& world) { return code_directory(world, "Code - Insiders"); }
std::string vscodium_directory(const World& world) { return code_directory(world, "VSCodium"); }

/// Not below XDG_CONFIG_HOME: the plugin does not look there.
std::string mcphub_directory(const World& world) { return below(home_path(world), ".config/mcphub"); }

std::string roo_directory(const World& world) {
  return below(vscode_directory(world), "User/globalStorage/rooveterinaryinc.roo-cline");
}

constexpr std::string_view kVisualStudioCode = "code.visualstudio.com/docs/copilot/reference/mcp-configuration";

constexpr Editor kDesktopRows[] = {
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
     .servers = mcp_servers,
     .entry = stdio_entry,
     .source = "cursor.com/docs/context/mcp"},
    {.name = "vscode",
     .title = "Visual Studio Code",
     .language = Language::jsonc,
     .commands = [] { return Names{"code"}; },
     .traces = [](const World& world) { return Paths{vscode_directory(world)}; },
     .user_file = [](const World& world) { return below(vscode_directory(world), "User/mcp.json"); },
     .project_file = ".vscode/mcp.json",
     .servers = [] { return KeyPath{"servers"}; },
     .entry = stdio_entry,
     .source = kVisualStudioCode},
    {.name = "vscode-insiders",
     .title = "Visual Studio Code Insiders",
     .language = Language::jsonc,
     .commands = [] { return Names{"code-insiders"}; },
     .traces = [](const World& world) { return Paths{insiders_directory(world)}; },
     .user_file = [](const World& world) { return below(insiders_directory(world), "User/mcp.json"); },
     .project_file = ".vscode/mcp.json",
     .servers = [] { return KeyPath{"servers"}; },
     .entry = stdio_entry,
     .source = kVisualStudioCode},
    {.name = "vscodium",
     .title = "VSCodium",
     .language = Language::jsonc,
     .commands = [] { return Names{"codium"}; },
     .traces = [](const World& world) { return Paths{vscodium_directory(world)}; },
     .user_file = [](const World& world) { return below(vscodium_directory(world), "User/mcp.json"); },
     .project_file = ".vscode/mcp.json",
     .servers = [] { return KeyPath{"servers"}; },
     .entry = stdio_entry,
     .source = kVisualStudioCode},
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
     .entry = zed_entry,
     .passes = Passes::all,
     .source = "zed.dev/docs/ai/mcp"},
    {.name = "windsurf",
     .title = "Windsurf",
     .language = Language::jsonc,
     .commands = [] { return Names{"windsurf"}; },
     .traces = [](const World& world) { return Paths{below(home_path(world), ".codeium/windsurf")}; },
     .user_file = [](const World& world) { return below(home_path(world), ".codeium/windsurf/mcp_config.json"); },
     .project_file = "",
     .servers = mcp_servers,
     .entry = windsurf_entry,
     .source = "docs.windsurf.com/windsurf/cascade/mcp"},
    {.name = "roo",
     .title = "Roo Code",
     .language = Language::jsonc,
     .commands = [] { return Names{}; },
     .traces = [](const World& world) { return Paths{roo_directory(world)}; },
     .user_file = [](const World& world) { return below(roo_directory(world), "settings/mcp_settings.json"); },
     .project_file = ".roo/mcp.json",
     .servers = mcp_servers,
     .entry = roo_entry,
     .source = "github.com/RooCodeInc/Roo-Code"},
    {.name = "continue",
     .title = "Continue",
     .language = Language::jsonc,
     .commands = [] { return Names{}; },
     .traces = [](const World& world) { return Paths{below(home_path(world), ".continue")}; },
     .user_file = [](const World& world) { return below(home_path(world), ".continue/mcpServers/delegate.json"); },
     .project_file = ".continue/mcpServers/delegate.json",
     .servers = mcp_servers,
     .entry = plain_entry,
     .passes = Passes::all,
     .source = "docs.continue.dev/customize/deep-dives/mcp"},
    {.name = "mcphub",
     .title = "mcphub.nvim",
     .language = Language::jsonc,
     .commands = [] { return Names{"mcp-hub"}; },
     .traces = [](const World& world) { return Paths{mcphub_directory(world)}; },
     .user_file = [](const World& world) { return below(mcphub_directory(world), "servers.json"); },
     .project_file = ".mcphub/servers.json",
     .servers = mcp_servers,
     .entry = [](const Server& server) { return with_references(plain_entry(server), "env", server, "${", "}"); }},
};

}  // namespace

std::span<const Editor> desktop_rows() { return kDesktopRows; }

}  // namespace delegate::cli::setup
