#include <catch2/catch.hpp>

#include "cli/mcp/tools.hpp"
#include "core/base/json.hpp"
#include "core/mcp/connection.hpp"

// What a model reads about the tools before it calls one.
using namespace delegate;
using namespace delegate::cli;
using namespace delegate::cli::server;
using Catch::Contains;

namespace {

mcp::Tool ask_of(const ToolFacts& facts) { return capabilities(facts).tools.at(0); }

/// Only lists what it has.
class ListOnly final : public mcp::Service {
 public:
  explicit ListOnly(const ToolFacts& facts) : capabilities_(server::capabilities(facts)) {}
  const mcp::Capabilities& capabilities() const override { return capabilities_; }
  void call_tool(const mcp::Call&, const std::string&, const mcp::Json&) override {}
  void read_resource(const mcp::Call&, const std::string&) override {}
  void cancelled(mcp::CallId, mcp::CancelledBy) override {}

 private:
  mcp::Capabilities capabilities_;
};

ToolFacts usual() {
  return {.backends = {"claude", "codex", "ollama"},
          .order = {"codex", "claude", "ollama"},
          .blind = {"ollama"},
          .directory = "/home/you/project",
          .timeout = std::chrono::seconds(900)};
}

}  // namespace

TEST_CASE("the description of ask says when to call it, who is there, and what a prompt needs") {
  CHECK_THAT(ask_of(usual()).description, Contains("for a second opinion, a review") &&
                                              Contains("Installed: codex, claude, ollama (the order of auto).") &&
                                              Contains("It can read files below cwd: name paths instead of pasting") &&
                                              Contains("For ollama attach them with files."));
  CHECK_THAT(ask_of({.backends = {"codex"}, .order = {"codex"}}).description, !Contains("auto"));
  CHECK_THAT(ask_of({.backends = {"codex", "groq"}, .order = {"codex"}}).description,
             Contains("Installed: codex; only by name: groq."));
  CHECK_THAT(ask_of({.backends = {"ollama"}, .order = {"ollama"}, .blind = {"ollama"}}).description,
             !Contains("below cwd") && Contains("It reads no files: attach them with files."));
  CHECK_THAT(ask_of({}).description, Contains("None is installed now."));
}

TEST_CASE("the example of a model belongs to a backend that is there") {
  const auto model = [](const ToolFacts& facts) {
    return ask_of(facts).input_schema["properties"]["model"]["description"].get<std::string>();
  };
  CHECK_THAT(model(usual()), Contains("backend=codex, model=gpt-5"));
  CHECK_THAT(model({.backends = {"gemini"}}), Contains("backend=gemini, model=gemini-"));
}

TEST_CASE("descriptions have no options of the shell") {
  ToolFacts all = usual();
  all.may_write = true;
  for (const mcp::Tool& tool : capabilities(all).tools)
    for (const char* shell : {"--", " -b", "`"}) {
      CHECK(tool.description.find(shell) == std::string::npos);
      CHECK(tool.input_schema.dump().find(shell) == std::string::npos);
    }
}

TEST_CASE("the list of tools has at most 5,000 bytes in both eras of the protocol, however many backends there are") {
  ToolFacts all{
      .directory = "/home/you/" + std::string(300, 'd'), .timeout = std::chrono::seconds(86'400), .may_write = true};
  for (int i = 0; i < 30; ++i) all.backends.push_back("company-gateway-" + std::to_string(i));
  all.order = {all.backends.begin(), all.backends.begin() + 20};
  all.blind = {all.backends.begin() + 10, all.backends.end()};
  ListOnly service(all);
  mcp::Connection connection(service);
  const auto size_of = [&](const std::string& request) {
    connection.feed(request + "\n");
    const std::string line = connection.take_output();
    REQUIRE(line.find("\"tools\"") != std::string::npos);
    return line.size();
  };
  CHECK(
      size_of(
          R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{)"
          R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})") <=
      5'000);
  connection.feed(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
                  R"("capabilities":{},"clientInfo":{"name":"x","version":"1"}}})"
                  "\n");
  connection.take_output();
  CHECK(size_of(R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})") <= 5'000);
}
