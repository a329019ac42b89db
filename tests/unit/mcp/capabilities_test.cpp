#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

// Resources, prompts, completions and who listens to their changes.
namespace {

void fill(Capabilities& offered) {
  offered.resources = {{"a://b", "b", "B", "It is b.", "text/plain", 12, nullptr}};
  offered.resource_templates = {{"a://{id}", "any", "", "", "", nullptr}};
  offered.prompts = {{"second", "", "", {{"topic", "", "", true}, {"tone", "", "", false}}, nullptr}};
  offered.completions = offered.resource_subscriptions = offered.list_changes = true;
}

struct Filled : Talk {
  Filled() { fill(desk.offered); }
};

Json listening(Json wanted) { return modern({{"notifications", std::move(wanted)}}); }

}  // namespace

TEST_CASE("every offered feature is declared as a capability") {
  Filled talk;
  CHECK(talk.initialize("2024-11-05").at("capabilities") ==
        Json::parse(R"({"tools":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},
                        "prompts":{"listChanged":true}})"));
  CHECK(talk.initialize("2025-03-26").at("capabilities").contains("completions"));
}

TEST_CASE("lists have one page, and every cursor is rejected") {
  Filled talk;
  for (const char* version : {"2024-11-05", "2025-11-25"}) {
    talk.initialize(version);
    for (const char* method : {"tools/list", "resources/list", "resources/templates/list", "prompts/list"}) {
      CHECK_FALSE(talk.reply_to(method).at("result").contains("nextCursor"));
      CHECK(talk.reply_to(method) == talk.reply_to(method));
      CHECK(code_of(talk.reply_to(method, {{"cursor", "next"}})) == -32602);
      CHECK(code_of(talk.reply_to(method, modern({{"cursor", 7}}))) == -32602);
    }
  }
  CHECK(talk.reply_to("resources/list").at("result").at("resources")[0].at("size") == 12);
  CHECK(talk.reply_to("prompts/list").at("result").at("prompts")[0].at("arguments")[0].at("required") == true);
}

TEST_CASE("a resource is read, or reported as not found as the version requires") {
  Filled talk;
  talk.initialize("2025-11-25");
  talk.ask("resources/read", {{"uri", "a://b"}});
  CHECK(talk.desk.asked.back().what == "a://b");
  talk.connection.finish(talk.last(), ResourceResult{{{"a://b", "text/plain", "", ""}}});
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
  talk.connection.finish(talk.last(), ResourceResult{{{"a://b", "", "", "AAAA"}}, std::chrono::seconds{3}});
  CHECK(talk.answer().at("result").at("ttlMs") == 3000);
}

TEST_CASE("a prompt is returned with its required arguments, which are strings") {
  Filled talk;
  talk.initialize("2025-11-25");
  CHECK(code_of(talk.reply_to("prompts/get", {{"name", "third"}})) == -32602);
  CHECK(code_of(talk.reply_to("prompts/get", {{"name", "second"}})) == -32602);
  CHECK(code_of(talk.reply_to("prompts/get", {{"name", "second"}, {"arguments", {{"topic", 7}}}})) == -32602);
  CHECK(code_of(talk.reply_to("prompts/get", {{"name", "second"}, {"arguments", 7}})) == -32602);
  talk.ask("prompts/get", {{"name", "second"}, {"arguments", {{"topic", "cats"}}}});
  CHECK(talk.desk.asked.back().arguments == Json{{"topic", "cats"}});
  talk.connection.finish(talk.last(), PromptResult{"d", {{PromptMessage::Role::assistant, Text{"x"}}}});
  CHECK(talk.answer().at("result").at("messages")[0].at("role") == "assistant");
}

TEST_CASE("completions depend on the current and the other arguments, and their number is limited") {
  Filled talk;
  talk.initialize("2025-06-18");
  const Json argument{{"name", "topic"}, {"value", "ca"}};
  const Json prompt{{"type", "ref/prompt"}, {"name", "second"}};
  talk.ask("completion/complete",
           {{"ref", prompt}, {"argument", argument}, {"context", {{"arguments", {{"tone", "dry"}}}}}});
  CHECK(talk.desk.asked.back().what == "topic");
  CHECK(talk.desk.asked.back().arguments == Json{{"typed", "ca"}, {"others", {{"tone", "dry"}}}});
  talk.connection.finish(talk.last(), CompletionResult{std::vector<std::string>(150, "cat")});
  const Json completion = talk.answer().at("result").at("completion");
  CHECK(completion.at("values").size() == 100);
  CHECK(completion.at("total") == 150);
  CHECK(completion.at("hasMore") == true);
  for (const Json& params :
       {Json::object(), Json{{"ref", prompt}}, Json{{"ref", prompt}, {"argument", {{"name", 1}, {"value", "x"}}}},
        Json{{"ref", {{"type", "ref/prompt"}, {"name", "third"}}}, {"argument", argument}},
        Json{{"ref", {{"type", "ref/resource"}}}, {"argument", argument}}, Json{{"ref", 7}, {"argument", argument}}})
    CHECK(code_of(talk.reply_to("completion/complete", params)) == -32602);
}

TEST_CASE("a subscriber of a resource is notified of its change") {
  Filled talk;
  talk.initialize("2025-11-25");
  talk.connection.resource_updated("a://b");
  CHECK(talk.heard().empty());
  CHECK(talk.reply_to("resources/subscribe", {{"uri", "a://b"}}).at("result") == Json::object());
  talk.connection.resource_updated("a://c");
  talk.connection.resource_updated("a://b");
  CHECK(talk.answer().at("params") == Json{{"uri", "a://b"}});
  talk.reply_to("resources/unsubscribe", {{"uri", "a://b"}});
  talk.connection.resource_updated("a://b");
  CHECK(talk.heard().empty());
}

TEST_CASE("the number of subscriptions is limited") {
  Talk talk({.subscriptions = 2});
  fill(talk.desk.offered);
  talk.initialize("2025-11-25");
  CHECK(talk.reply_to("resources/subscribe", {{"uri", "1"}}).contains("result"));
  CHECK(talk.reply_to("resources/subscribe", {{"uri", "2"}}).contains("result"));
  CHECK(talk.reply_to("resources/subscribe", {{"uri", "2"}}).contains("result"));
  CHECK(code_of(talk.reply_to("resources/subscribe", {{"uri", "3"}})) == -32602);
  talk.reply_to("resources/unsubscribe", {{"uri", "1"}});
  CHECK(code_of(talk.reply_to("resources/subscribe", {{"uri", std::string(5000, 'u')}})) == -32602);
  const Json three{{"resourceSubscriptions", {"1", "2", "3"}}};
  CHECK(code_of(talk.reply_to("subscriptions/listen", listening(three))) == -32602);
}

TEST_CASE("a stream of 2026-07-28 is acknowledged, and carries the requested notifications under its id") {
  Filled talk;
  const Json wanted{{"toolsListChanged", true}, {"promptsListChanged", false}, {"resourceSubscriptions", {"a://b"}}};
  talk.ask("subscriptions/listen", listening(wanted), "s");
  CHECK(talk.answer() == Json::parse(R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":
          {"_meta":{"io.modelcontextprotocol/subscriptionId":"s"},
           "notifications":{"toolsListChanged":true,"resourceSubscriptions":["a://b"]}}})"));
  talk.connection.list_changed(List::prompts);
  talk.connection.list_changed(List::resources);
  talk.connection.resource_updated("a://c");
  CHECK(talk.heard().empty());
  talk.connection.list_changed(List::tools);
  CHECK(talk.answer().at("method") == "notifications/tools/list_changed");
  talk.connection.resource_updated("a://b");
  CHECK(talk.answer().at("params").at("_meta").at("io.modelcontextprotocol/subscriptionId") == "s");
  SECTION("its id is taken until it is cancelled") {
    CHECK(code_of(talk.reply_to("tools/list", modern(), "s")) == -32600);
    talk.notify("notifications/cancelled", {{"requestId", "s"}});
    talk.connection.list_changed(List::tools);
    CHECK(talk.heard().empty());
    CHECK(talk.reply_to("tools/list", modern(), "s").contains("result"));
  }
  SECTION("a client with a handshake hears of changes of lists without asking") {
    talk.initialize("2025-06-18");
    talk.connection.list_changed(List::prompts);
    CHECK_FALSE(talk.answer().contains("params"));
  }
}

TEST_CASE("a stream that requests nothing that is offered is acknowledged as empty") {
  Filled talk;
  talk.desk.offered.list_changes = false;
  const Json answer =
      talk.reply_to("subscriptions/listen", listening({{"toolsListChanged", true}, {"resourceSubscriptions", 7}}));
  CHECK(answer.at("params").at("notifications") == Json::object());
  CHECK(code_of(talk.reply_to("subscriptions/listen", modern(), 2)) == -32602);
}
