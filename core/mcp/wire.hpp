#pragma once
#include "core/mcp/json.hpp"
#include "core/mcp/message.hpp"
#include "core/mcp/service.hpp"

// The wire format of every version of the protocol. Pure.
namespace delegate::mcp {

inline constexpr const char* kMetaVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* kMetaClient = "io.modelcontextprotocol/clientInfo";
inline constexpr const char* kMetaServer = "io.modelcontextprotocol/serverInfo";
inline constexpr const char* kMetaSubscription = "io.modelcontextprotocol/subscriptionId";
inline constexpr const char* kMetaTask = "io.modelcontextprotocol/related-task";
inline constexpr const char* kTaskExtension = "io.modelcontextprotocol/tasks";

Json wire(const Implementation& info, Version version);
Json wire_capabilities(const Capabilities& offered, Version version);

Json wire(const Tool& tool, Version version, bool with_tasks);
Json wire(const Resource& resource, Version version);
Json wire(const ResourceTemplate& resource_template, Version version);

Json wire(const ToolResult& result, Version version);
Json wire(const ResourceResult& result, Version version);
Refusal wire(const Failure& failure, Version version);

/// Adds what 2026-07-28 requires in every result.
void complete(Json& result, const Implementation& info);
/// … and in results that may be cached: not at all, because ours change at any time.
void mark_stale(Json& result, bool is_public);

/// Of a client of 2026-07-28.
bool has_task_extension(const Client& client);
Refusal needs_task_extension();

}  // namespace delegate::mcp
