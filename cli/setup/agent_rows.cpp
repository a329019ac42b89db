#include <filesystem>

#include "cli/setup/editor_rows.hpp"
#include "core/config/paths.hpp"
#include "core/run/breakers.hpp"

// Agents of the terminal.
namespace delegate::cli::setup {
namespace {

std::vector<Setting> patient(std::vector<Setting> entry, int timeout) {
  entry.push_back({"timeout", timeout, Keep::larger});
  return entry;
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

std::string gemini_home(const World& world) { return directory_of(world, "GEMINI_CLI_HOME", ""); }
std::vector<Setting> gemini_entry(const Server& server) {
  return patient(with_references(plain_entry(server), "env", server, "${", "}"), kLongestCallMs);
}

std::string copilot_home(const World& world) { return directory_of(world, "COPILOT_HOME", ".copilot"); }
std::vector<Setting> copilot_entry(const Server& server) {
  std::vector<Setting> entry{{"type", "local"}, {"command", server.command}, {"args", server.arguments}};
  entry = with_references(std::move(entry), "env", server, "${", "}");
  entry.push_back({"tools", OrderedJson{"*"}, Keep::always});
  return patient(std::move(entry), kLongestCallMs);
}

/// NAME.jsonc if it exists, otherwise NAME.json.
std::string json_file(const std::string& name) {
  std::error_code ignored;  // an inaccessible file counts as missing
  return std::filesystem::exists(name + ".jsonc", ignored) ? name + ".jsonc" : name + ".json";
}

std::string opencode_file(const World& world) {
  if (std::string file = world.variable("OPENCODE_CONFIG"); file.starts_with('/')) return file;
  const std::string set = world.variable("OPENCODE_CONFIG_DIR");
  const std::string base = set.starts_with('/') ? set : below(config_path(world), "opencode");
  return base.empty() ? base : json_file(below(base, "opencode"));
}
std::vector<Setting> opencode_entry(const Server& server) {
  std::vector<std::string> command{server.command};
  command.insert(command.end(), server.arguments.begin(), server.arguments.end());
  std::vector<Setting> entry{{"type", "local"}, {"command", command}};
  entry = with_references(std::move(entry), "environment", server, "{env:", "}");
  entry.push_back({"enabled", true, Keep::always});
  return patient(std::move(entry), kLongestCallMs);
}

std::string amp_file(const World& world) {
  const std::string base = config_path(world);
  return file_of(world, "AMP_SETTINGS_FILE", base.empty() ? base : json_file(below(base, "amp/settings")));
}

std::string cline_file(const World& world) {
  const std::string data = file_of(world, "CLINE_DATA_DIR", below(directory_of(world, "CLINE_DIR", ".cline"), "data"));
  return file_of(world, "CLINE_MCP_SETTINGS_PATH", below(data, "settings/cline_mcp_settings.json"));
}

std::string factory_home(const World& world) {
  return below(directory_of(world, "FACTORY_HOME_OVERRIDE", ""), ".factory");
}
std::vector<Setting> stdio_first(const Server& server) {
  return {{"type", "stdio"}, {"command", server.command}, {"args", server.arguments}};
}

std::string crush_file(const World& world) {
  return below(file_of(world, "CRUSH_GLOBAL_CONFIG", below(config_path(world), "crush")), "crush.json");
}

std::string goose_directory(const World& world) {
  if (const std::string root = world.variable("GOOSE_PATH_ROOT"); root.starts_with('/')) return root + "/config";
  return below(config_path(world), "goose");
}
std::vector<Setting> goose_entry(const Server& server) {
  return {{"enabled", true, Keep::always}, {"type", "stdio"},          {"name", "delegate"},
          {"cmd", server.command},         {"args", server.arguments}, {"timeout", kLongestCall, Keep::larger}};
}

constexpr std::string_view kTrustFolder = "gemini starts servers only in folders that you trust in it";
constexpr std::string_view kReloadAgy = "reload its servers with /mcp";

constexpr Editor kAgentRows[] = {
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
     .servers = mcp_servers,
     .entry = claude_entry},
    {.name = "codex",
     .title = "Codex CLI",
     .language = Language::toml,
     .commands = [] { return Names{"codex"}; },
     .traces = [](const World& world) { return Paths{directory_of(world, "CODEX_HOME", ".codex")}; },
     .user_file = [](const World& world) { return below(directory_of(world, "CODEX_HOME", ".codex"), "config.toml"); },
     .project_file = ".codex/config.toml",
     .servers = [] { return KeyPath{"mcp_servers"}; },
     .entry = codex_entry},
    {.name = "gemini",
     .title = "Gemini CLI",
     .language = Language::jsonc,
     .commands = [] { return Names{"gemini"}; },
     .traces =
         [](const World& world) {
           return Paths{below(gemini_home(world), ".gemini/settings.json"),
                        below(gemini_home(world), ".gemini/installation_id")};
         },
     .user_file = [](const World& world) { return below(gemini_home(world), ".gemini/settings.json"); },
     .project_file = ".gemini/settings.json",
     .servers = mcp_servers,
     .entry = gemini_entry,
     .note = kTrustFolder},
    {.name = "copilot",
     .title = "GitHub Copilot CLI",
     .language = Language::jsonc,
     .commands = [] { return Names{"copilot"}; },
     .traces = [](const World& world) { return Paths{copilot_home(world)}; },
     .user_file = [](const World& world) { return below(copilot_home(world), "mcp-config.json"); },
     .project_file = ".github/mcp.json",
     .servers = mcp_servers,
     .entry = copilot_entry},
    {.name = "qwen",
     .title = "Qwen Code",
     .language = Language::jsonc,
     .commands = [] { return Names{"qwen"}; },
     .traces = [](const World& world) { return Paths{directory_of(world, "QWEN_HOME", ".qwen")}; },
     .user_file = [](const World& world) { return below(directory_of(world, "QWEN_HOME", ".qwen"), "settings.json"); },
     .project_file = ".qwen/settings.json",
     .servers = mcp_servers,
     .entry = [](const Server& server) { return patient(plain_entry(server), kLongestCallMs); },
     .passes = Passes::all},
    {.name = "opencode",
     .title = "opencode",
     .language = Language::jsonc,
     .commands = [] { return Names{"opencode"}; },
     .traces = [](const World& world) { return Paths{below(config_path(world), "opencode")}; },
     .user_file = opencode_file,
     .project_file = "opencode.json",
     .other_project_file = "opencode.jsonc",
     .servers = [] { return KeyPath{"mcp"}; },
     .entry = opencode_entry},
    {.name = "amp",
     .title = "Amp",
     .language = Language::jsonc,
     .commands = [] { return Names{"amp"}; },
     .traces = [](const World& world) { return Paths{below(config_path(world), "amp")}; },
     .user_file = amp_file,
     .project_file = ".amp/settings.json",
     .other_project_file = ".amp/settings.jsonc",
     .servers = [] { return KeyPath{"amp.mcpServers"}; },
     .entry = [](const Server& server) { return with_references(plain_entry(server), "env", server, "${", "}"); }},
    {.name = "cline",
     .title = "Cline",
     .language = Language::jsonc,
     .commands = [] { return Names{"cline"}; },
     .traces = [](const World& world) { return Paths{directory_of(world, "CLINE_DIR", ".cline")}; },
     .user_file = cline_file,
     .project_file = "",
     .servers = mcp_servers,
     .entry = [](const Server& server) { return patient(plain_entry(server), kLongestCall); },
     .passes = Passes::all},
    {.name = "droid",
     .title = "Droid",
     .language = Language::jsonc,
     .commands = [] { return Names{"droid"}; },
     .traces = [](const World& world) { return Paths{factory_home(world)}; },
     .user_file = [](const World& world) { return below(factory_home(world), "mcp.json"); },
     .project_file = ".factory/mcp.json",
     .servers = mcp_servers,
     .entry = [](const Server& server) { return patient(stdio_first(server), kLongestCallMs); },
     .passes = Passes::all},
    {.name = "crush",
     .title = "Crush",
     .language = Language::jsonc,
     .commands = [] { return Names{"crush"}; },
     .traces =
         [](const World& world) {
           return Paths{crush_file(world), below(config_path(world), "crush")};
         },
     .user_file = crush_file,
     .project_file = "crush.json",
     .other_project_file = ".crush.json",
     .servers = [] { return KeyPath{"mcp"}; },
     .entry = stdio_first,
     .passes = Passes::all,
     .source = "github.com/charmbracelet/crush"},
    {.name = "goose",
     .title = "goose",
     .language = Language::yaml,
     .commands = [] { return Names{"goose"}; },
     .traces = [](const World& world) { return Paths{goose_directory(world)}; },
     .user_file = [](const World& world) { return below(goose_directory(world), "config.yaml"); },
     .project_file = "",
     .servers = [] { return KeyPath{"extensions"}; },
     .entry = goose_entry,
     .passes = Passes::all,
     .source = "block.github.io/goose/docs/guides/config-files"},
    {.name = "kiro",
     .title = "Kiro",
     .language = Language::jsonc,
     .commands =
         [] {
           return Names{"kiro-cli", "kiro"};
         },
     .traces = [](const World& world) { return Paths{below(home_path(world), ".kiro")}; },
     .user_file = [](const World& world) { return below(home_path(world), ".kiro/settings/mcp.json"); },
     .project_file = ".kiro/settings/mcp.json",
     .servers = mcp_servers,
     .entry =
         [](const Server& server) {
           return patient(with_references(plain_entry(server), "env", server, "${", "}"), kLongestCallMs);
         },
     .source = "kiro.dev/docs/cli/mcp/configuration"},
    {.name = "junie",
     .title = "Junie",
     .language = Language::jsonc,
     .commands = [] { return Names{"junie"}; },
     .traces = [](const World& world) { return Paths{below(home_path(world), ".junie")}; },
     .user_file = [](const World& world) { return below(home_path(world), ".junie/mcp/mcp.json"); },
     .project_file = ".junie/mcp/mcp.json",
     .servers = mcp_servers,
     .entry = plain_entry,
     .passes = Passes::unknown,
     .source = "junie.jetbrains.com/docs/junie-cli-mcp-configuration.html"},
    {.name = "agy",
     .title = "Antigravity",
     .language = Language::jsonc,
     .commands =
         [] {
           return Names{"agy", "antigravity"};
         },
     .traces =
         [](const World& world) {
           const std::string base = below(home_path(world), ".gemini");
           return Paths{below(base, "antigravity-cli"), below(base, "antigravity"), below(base, "config")};
         },
     .user_file = [](const World& world) { return below(home_path(world), ".gemini/config/mcp_config.json"); },
     .project_file = ".agents/mcp_config.json",
     .servers = mcp_servers,
     .entry = plain_entry,
     .passes = Passes::unknown,
     .note = kReloadAgy,
     .source = "antigravity.google/docs/cli/mcp"},
};

}  // namespace

std::span<const Editor> agent_rows() { return kAgentRows; }

}  // namespace delegate::cli::setup
