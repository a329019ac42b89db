#pragma once
#include "core/mcp/json.hpp"
#include "core/mcp/message.hpp"
#include "core/mcp/service.hpp"

// The wire format of every version of the protocol. Pure.
namespace delegate::mcp {

inline constexpr const char* kMetaVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* kMetaClient = "io.modelcontextprotocol/clientInfo";
inline constexpr const char* kMetaLogLevel = "io.modelcontextprotocol/logLevel";
inline constexpr const char* kMetaServer = "io.modelcontextprotocol/serverInfo";
inline constexpr const char* kMetaSubscription = "io.modelcontextprotocol/subscriptionId";
inline constexpr const char* kMetaTask = "io.modelcontextprotocol/related-task";

Json wire(const Implementation& info, Version version);
Json wire_capabilities(const Capabilities& offered, Version version);

Json wire(const Tool& tool, Version version, bool with_tasks);
Json wire(const Resource& resource, Version version);
Json wire(const ResourceTemplate& resource_template, Version version);
Json wire(const Prompt& prompt, Version version);

Json wire(const Content& content, Version version);
Json wire(const ToolResult& result, Version version);
Json wire(const ResourceResult& result, Version version);
Json wire(const PromptResult& result, Version version);
Json wire(const CompletionResult& result);
/// As a result of 2026-07-28.
Json wire(const InputRequired& result);
Refusal wire(const Failure& failure, Version version);

/// Adds what 2026-07-28 requires in every result.
void complete(Json& result, const Implementation& info);
/// … and in results that may be cached.
void mark_fresh(Json& result, std::chrono::milliseconds fresh_for, bool is_public);

}  // namespace delegate::mcp
