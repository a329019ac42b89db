#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

// Resources, lists and streams.
namespace {

struct Filled : Talk {
  Filled() {
    desk.offered.resources = {{"a://b", "b", "B", "It is b.", "text/plain"}};
    desk.offered.resource_templates = {{"a://{id}", "any", "", "", ""}};
  }
};

Json listening(Json wanted, Json capabilities = Json::object()) {
  return modern({{"notifications", std::move(wanted)}}, std::move(capabilities));
}

const Json kGone[] = {{{"uri", "a://b"}},
                      {{"name", "p"}},
                      {{"level", "info"}},
                      {{"ref", {{"type", "ref/prompt"}, {"name", "p"}}}, {"argument", {{"name", "x"}, {"value", ""}}}}};

}  // namespace

TEST_CASE("every offered feature is declared as a capability") {
  Filled talk;
  CHECK(talk.initialize("2024-11-05").at("capabilities") == Json::parse(R"({"tools":{},"resources":{}})"));
  CHECK(talk.reply_to("server/discover", modern()).at("result").at("capabilities") ==
        Json::parse(R"({"tools":{},"resources":{}})"));
}

TEST_CASE("lists have one page, and every cursor is rejected") {
  Filled talk;
  for (const char* version : {"2024-11-05", "2025-11-25"}) {
    talk.initialize(version);
    for (const char* method : {"tools/list", "resources/list", "resources/templates/list"}) {
      CHECK_FALSE(talk.reply_to(method).at("result").contains("nextCursor"));
      CHECK(talk.reply_to(method) == talk.reply_to(method));
      CHECK(code_of(talk.reply_to(method, {{"cursor", "next"}})) == -32602);
      CHECK(code_of(talk.reply_to(method, modern({{"cursor", 7}}))) == -32602);
    }
  }
  CHECK(talk.reply_to("resources/list").at("result").at("resources")[0].at("title") == "B");
  CHECK(talk.reply_to("resources/templates/list").at("result").at("resourceTemplates")[0].at("name") == "any");
}

TEST_CASE("a resource is read, or reported as not found as the version requires") {
  Filled talk;
  talk.initialize("2025-11-25");
  talk.ask("resources/read", {{"uri", "a://b"}});
  CHECK(talk.desk.asked.back().what == "a://b");
  talk.connection.finish(talk.last(), ResourceResult{{{"a://b", "text/plain", ""}}});
  CHECK(talk.answer().at("result") ==
        Json::parse(R"({"contents":[{"uri":"a://b","mimeType":"text/plain","text":""}]})"));
  const Failure missing{Failure::Reason::resource_not_found, "no such resource", {{"uri", "a://c"}}};
  talk.ask("resources/read", {{"uri", "a://c"}});
  talk.connection.finish(talk.last(), missing);
  CHECK(code_of(talk.answer()) == -32002);
  talk.ask("resources/read", modern({{"uri", "a://c"}}));
  talk.connection.finish(talk.last(), missing);
  const Json answer = talk.answer();
  CHECK(code_of(answer) == -32602);
  CHECK(answer.at("error").at("data").at("uri") == "a://c");
  CHECK(code_of(talk.reply_to("resources/read", {{"uri", 7}})) == -32602);
  talk.ask("resources/read", modern({{"uri", "a://b"}}));
  talk.connection.finish(talk.last(), ResourceResult{{{"a://b", "", "b"}}});
  CHECK(talk.answer().at("result").at("ttlMs") == 0);
}

TEST_CASE("what the server does not have is an unknown method in every version") {
  Filled talk;
  for (const char* method : {"prompts/list", "prompts/get", "completion/complete", "logging/setLevel",
                             "resources/subscribe", "resources/unsubscribe"}) {
    for (const Json& params : kGone) {
      for (const char* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
        talk.initialize(version);
        CHECK(code_of(talk.reply_to(method, params)) == -32601);
      }
      CHECK(code_of(talk.reply_to(method, modern(params))) == -32601);
    }
  }
}

TEST_CASE("a stream of 2026-07-28 is acknowledged as empty, and its id is taken until it is cancelled") {
  Filled talk;
  const Json wanted{{"toolsListChanged", true}, {"promptsListChanged", true}, {"resourceSubscriptions", {"a://b"}}};
  talk.ask("subscriptions/listen", listening(wanted), "s");
  CHECK(talk.answer() == Json::parse(R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":
          {"_meta":{"io.modelcontextprotocol/subscriptionId":"s"},"notifications":{}}})"));
  CHECK(code_of(talk.reply_to("tools/list", modern(), "s")) == -32600);
  talk.notify("notifications/cancelled", {{"requestId", "s"}});
  CHECK(talk.heard().empty());
  CHECK(talk.desk.stopped.empty());
  CHECK(talk.reply_to("tools/list", modern(), "s").contains("result"));
  CHECK(code_of(talk.reply_to("subscriptions/listen", modern(), 2)) == -32602);
  CHECK(code_of(talk.reply_to("subscriptions/listen", listening(7), 2)) == -32602);
}

TEST_CASE("only a client with the tasks extension may listen to tasks") {
  Filled talk;
  const Json wanted{{"taskIds", {"task-1"}}};
  const Json refused = talk.reply_to("subscriptions/listen", listening(wanted));
  CHECK(code_of(refused) == -32021);
  CHECK(refused.at("error").at("data") ==
        Json::parse(R"({"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}})"));
  const Json extension{{"extensions", {{"io.modelcontextprotocol/tasks", Json::object()}}}};
  const Json opened = talk.reply_to("subscriptions/listen", listening(wanted, extension));
  CHECK(opened.at("params").at("notifications") == Json::object());
}

TEST_CASE("streams and waiting requests together are limited") {
  Talk talk({.calls = 2, .tasks = 1});
  for (int id = 0; id < 3; ++id)
    CHECK(talk.reply_to("subscriptions/listen", listening(Json::object()), id).contains("params"));
  CHECK(code_of(talk.reply_to("subscriptions/listen", listening(Json::object()), 3)) == -32603);
}

TEST_CASE("a response of a client is ignored, as it was not asked for anything") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.say({{"jsonrpc", "2.0"}, {"id", 1}, {"result", Json::object()}});
  talk.say({{"jsonrpc", "2.0"}, {"id", "x"}, {"error", {{"code", -1}, {"message", "no"}}}});
  CHECK(talk.heard().empty());
}
