#pragma once
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/mcp/connection.hpp"

namespace delegate::mcp {

/// An application that notes what it is asked, and answers when the test says so.
class Desk : public Service {
 public:
  struct Asked {
    Call call;
    std::string what;  // the tool's name, the resource's URI
    Json arguments;
  };

  Desk() {
    offered.info = {"desk", "Desk", "1.2", ""};
    offered.instructions = "Ask the desk.";
    Tool ask;
    ask.name = "ask";
    ask.title = "Ask";
    ask.description = "Asks.";
    ask.input_schema = Json::parse(R"({"type":"object","additionalProperties":false,"required":["prompt"],
      "properties":{"prompt":{"type":"string","minLength":1},"seconds":{"type":"integer","minimum":1,"maximum":60,
      "default":20},"tags":{"type":"array","items":{"type":"string","enum":["a","b"]}}}})");
    ask.output_schema = {{"type", "object"}};
    ask.hints.read_only = true;
    ask.meta = {{"example.com/loud", true}};
    ask.task_support = TaskSupport::optional;
    Tool look;
    look.name = "look";
    offered.tools = {ask, look};
  }

  const Capabilities& capabilities() const override { return offered; }
  void call_tool(const Call& call, const std::string& name, const Json& arguments) override {
    asked.push_back({call, name, arguments});
    if (at_once) connection->finish(call.id, ToolResult{{Text{"at once"}}});
  }
  void read_resource(const Call& call, const std::string& uri) override { asked.push_back({call, uri, nullptr}); }
  void cancelled(CallId id, CancelledBy by) override {
    stopped.push_back(id);
    stopped_by = by;
  }

  Capabilities offered;
  std::vector<Asked> asked;
  std::vector<CallId> stopped;
  std::optional<CancelledBy> stopped_by;  // the last one
  bool at_once = false;
  Connection* connection = nullptr;
};

/// A client and our side of the connection, line by line.
class Talk {
 public:
  explicit Talk(Limits limits = {}) : connection(desk, limits) { desk.connection = &connection; }

  void say_bytes(std::string_view bytes) { connection.feed(bytes); }
  void say(const Json& message) { connection.feed(dump(message) + "\n"); }
  /// All that was written since the last time.
  std::vector<Json> heard() {
    std::vector<Json> messages;
    const std::string bytes = connection.take_output();
    CHECK((bytes.empty() || bytes.back() == '\n'));
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = bytes.find('\n', at);
      messages.push_back(Json::parse(bytes.substr(at, end - at)));
      at = end + 1;
    }
    return messages;
  }
  /// The only message since the last time.
  Json answer() {
    const auto messages = heard();
    REQUIRE(messages.size() == 1);
    return messages.front();
  }
  Json reply_to(const std::string& method, Json params = Json::object(), Json id = 1) {
    ask(method, std::move(params), std::move(id));
    return answer();
  }
  void ask(const std::string& method, Json params = Json::object(), Json id = 1) {
    say({{"jsonrpc", "2.0"}, {"id", std::move(id)}, {"method", method}, {"params", std::move(params)}});
  }
  void notify(const std::string& method, Json params = Json::object()) {
    say({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
  }
  Json initialize(const std::string& version, Json capabilities = Json::object()) {
    Json answer = reply_to("initialize",
                           {{"protocolVersion", version},
                            {"capabilities", std::move(capabilities)},
                            {"clientInfo", {{"name", "test"}, {"version", "1"}}}},
                           "hello");
    notify("notifications/initialized");
    return answer.value("result", Json());
  }
  bool finish(const std::string& text) { return finish(desk.asked.back().call.id, text); }
  bool finish(CallId id, const std::string& text) { return connection.finish(id, ToolResult{{Text{text}}}); }
  CallId last() const { return desk.asked.back().call.id; }

  Desk desk;
  Connection connection;
};

inline Json modern(Json params = Json::object(), Json capabilities = Json::object()) {
  params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
  params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = std::move(capabilities);
  return params;
}

inline Json ask_params(const std::string& prompt = "hi") {
  return {{"name", "ask"}, {"arguments", {{"prompt", prompt}}}};
}

inline int code_of(const Json& answer) {
  return answer.contains("error") ? answer.at("error").at("code").get<int>() : 0;
}
inline std::string text_of(const Json& answer) {
  return answer.at("result").at("content").at(0).at("text").get<std::string>();
}

}  // namespace delegate::mcp
