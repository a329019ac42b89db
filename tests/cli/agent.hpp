#pragma once
#include <catch2/catch.hpp>

#include "tests/cli/cli.hpp"

namespace delegate::test {

/// An editor's agent that talks to `delegate mcp`, in a protocol version with a handshake.
class Agent {
 public:
  explicit Agent(Cli& cli, const std::string& name = "some-agent", const std::string& options = {})
      : server_(cli.streams({.in = Streams::In::held}).start("mcp" + (options.empty() ? "" : " " + options))) {
    cli.streams({});
    const Json hello = answer_to(send("initialize", {{"protocolVersion", "2025-06-18"},
                                                     {"capabilities", Json::object()},
                                                     {"clientInfo", {{"name", name}, {"version", "1"}}}}));
    CHECK(hello["result"]["protocolVersion"] == "2025-06-18");
    say({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
  }

  void say(const Json& message) { server_.write_input(message.dump() + "\n"); }
  /// The id of the request.
  int send(const std::string& method, Json params) {
    say({{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", std::move(params)}});
    return last_id_;
  }
  int send_call(const std::string& tool, Json arguments, bool wants_progress = false) {
    Json params{{"name", tool}, {"arguments", std::move(arguments)}};
    if (wants_progress) params["_meta"]["progressToken"] = "p";
    return send("tools/call", std::move(params));
  }
  /// Waits for the message with this id; notifications before it are kept in `seen`.
  Json answer_to(int id) {
    for (;;) {
      const auto known = answers_.find(id);
      if (known != answers_.end()) return known->second;
      const std::string line = server_.next_line();
      INFO("line: " << line);
      REQUIRE_FALSE(line.empty());
      const Json json = Json::parse(line);
      if (json.contains("id")) answers_[json["id"].get<int>()] = json;
      else seen.push_back(json);
    }
  }
  bool has_answer(int id) const { return answers_.count(id) == 1; }
  Json call(const std::string& tool, Json arguments) {
    const Json answer = answer_to(send_call(tool, std::move(arguments)));
    INFO(answer.dump());
    REQUIRE(answer.contains("result"));
    return answer["result"];
  }

  Running& server() { return server_; }
  std::vector<Json> seen;  // notifications

 private:
  Running server_;
  int last_id_ = 0;
  std::map<int, Json> answers_;
};

/// The arguments of a call, with the project as the directory.
inline Json in(const Cli& cli, Json arguments) {
  arguments["cwd"] = cli.home("project");
  return arguments;
}
inline Cli& with_project(Cli& cli) {
  cli.write(cli.home("project/README"), "a project");
  return cli;
}

inline std::string text_of(const Json& result) { return result["content"][0]["text"]; }

}  // namespace delegate::test
