#pragma once
#include "core/mcp/errors.hpp"
#include "core/mcp/json.hpp"
#include "core/mcp/service.hpp"

// How each version of the protocol writes what the application says. Pure.
namespace delegate::mcp {

inline constexpr const char* kMetaVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* kMetaClient = "io.modelcontextprotocol/clientInfo";
inline constexpr const char* kMetaLogLevel = "io.modelcontextprotocol/logLevel";
inline constexpr const char* kMetaServer = "io.modelcontextprotocol/serverInfo";
inline constexpr const char* kMetaSubscription = "io.modelcontextprotocol/subscriptionId";
inline constexpr const char* kMetaTask = "io.modelcontextprotocol/related-task";

Json wire(const Implementation& info, Version version);
Json capabilities(const Offer& offer, Version version);

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

/// What 2026-07-28 wants in every result.
void complete(Json& result, const Implementation& info);
/// And in what may be cached.
void mark_fresh(Json& result, std::chrono::milliseconds fresh_for, bool for_everybody);

}  // namespace delegate::mcp
