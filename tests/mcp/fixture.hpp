#pragma once
#include <map>
#include <string>

#include "core/mcp/connection.hpp"

// The server that the conformance tests of the protocol expect: tools, resources and prompts with the names and
// the behaviour that their descriptions ask for.
namespace delegate::mcp::fixture {

Capabilities capabilities();

/// Answers every call at once.
class Fixture : public Service {
 public:
  void serve(Connection& connection) { connection_ = &connection; }

  const Capabilities& capabilities() const override { return capabilities_; }
  void call_tool(const Call& call, const std::string& name, const Json& arguments) override;
  void read_resource(const Call& call, const std::string& uri) override;
  void get_prompt(const Call& call, const std::string& name,
                  const std::map<std::string, std::string>& arguments) override;
  void complete(const Call& call, const CompletionQuery& query) override;
  void cancelled(CallId) override {}

 private:
  Capabilities capabilities_ = fixture::capabilities();
  Connection* connection_ = nullptr;
};

/// A tool's answer; it may use the connection before.
using ToolAnswer = Answer (*)(Connection& connection, const Call& call, const Json& arguments);
const std::map<std::string, ToolAnswer>& simple_tools();
/// Tools that ask the client for something.
const std::map<std::string, ToolAnswer>& asking_tools();

inline Answer said(const std::string& text) { return ToolResult{{Text{text}}, {}, false, nullptr}; }

inline constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
inline constexpr const char* kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

}  // namespace delegate::mcp::fixture
