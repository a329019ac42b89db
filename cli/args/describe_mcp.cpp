#include "cli/args/describe_tables.hpp"

namespace delegate::cli {
namespace {

constexpr OptionText kOptions[] = {
    {.names = "--allow-write",
     .help = "Let an agent ask for changes to files (its `write`)",
     .more = "Without it whoever is asked only reads.",
     .place = in<&Typed::mcp, &McpCommand::allow_write>},
    {.names = "--client-timeout",
     .value = "DUR",
     .help = "How long the agent waits; else by its name",
     .more =
         "Shortly before that a call returns the run's id; the run goes on, and the tool `result` fetches its answer.",
     .place = in<&Typed::mcp, &McpCommand::client_timeout>},
};

}  // namespace

constexpr CommandText kMcpText{
    .name = "mcp",
    .group = kSetUp,
    .help = "Be a tool of an editor agent: an MCP server on stdio",
    .more =
        "Not for a terminal: agents such as claude, codex and gemini start it. It speaks the Model Context Protocol of "
        "2024-11-05 to 2026-07-28 and offers three tools: `ask`, `result` and `status`. A run whose id was handed out "
        "goes on when the agent ends; `delegate result` fetches it from a shell.",
    .options = kOptions,
    .take = take<&Typed::mcp>};

}  // namespace delegate::cli
