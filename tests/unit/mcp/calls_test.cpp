#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

namespace {

Json with_progress(Json params, Json token) {
  params["_meta"]["progressToken"] = std::move(token);
  return params;
}

}  // namespace

TEST_CASE("calls are answered in the order in which they end") {
  Talk talk;
  talk.initialize("2025-11-25");
  for (const char* prompt : {"one", "two", "three"}) talk.ask("tools/call", ask_params(prompt), prompt);
  CHECK(talk.heard().empty());
  for (const std::size_t i : {2u, 0u, 1u}) {
    const auto& asked = talk.desk.asked.at(i);
    CHECK(talk.finish(asked.call.id, "done"));
    CHECK(talk.answer().at("id") == asked.arguments.at("prompt"));
  }
}

TEST_CASE("a call is answered once") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", ask_params());
  CHECK(talk.finish("first"));
  CHECK_FALSE(talk.finish("second"));
  CHECK_FALSE(talk.finish(CallId{99}, "nobody"));
  CHECK(text_of(talk.answer()) == "first");
}

TEST_CASE("a call may be finished before its handler returns") {
  Talk talk;
  talk.desk.at_once = true;
  talk.initialize("2025-11-25");
  CHECK(text_of(talk.reply_to("tools/call", ask_params())) == "at once");
  CHECK(text_of(talk.reply_to("tools/call", modern(ask_params()))) == "at once");
}

TEST_CASE("an unknown tool or a malformed call is a protocol error") {
  Talk talk;
  talk.initialize("2025-11-25");
  for (const Json& params : {Json::object(), Json{{"name", 7}}, Json{{"name", "dance"}},
                             Json{{"name", "ask"}, {"arguments", "hi"}}, Json{{"name", "ask"}, {"arguments", {1, 2}}}})
    CHECK(code_of(talk.reply_to("tools/call", params)) == -32602);
  CHECK(talk.desk.asked.empty());
  CHECK(talk.reply_to("tools/call", {{"name", std::string(10'000, 'x')}}).at("error").at("message").size() < 200);
}

TEST_CASE("wrong arguments are a result that explains to the model what to fix") {
  for (const char* version : {"2024-11-05", "2025-06-18", "2025-11-25"}) {
    Talk talk;
    talk.initialize(version);
    const Json answer = talk.reply_to("tools/call", {{"name", "ask"}, {"arguments", {{"promt", "hi"}}}});
    CHECK(answer.at("result").at("isError") == true);
    CHECK(text_of(answer) ==
          "The arguments of ask are wrong.\nprompt: is required\n"
          "arguments: unknown argument \"promt\" (known: prompt, seconds, tags)");
    CHECK(talk.desk.asked.empty());
  }
}

TEST_CASE("arguments arrive checked, with their defaults") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", ask_params());
  CHECK(talk.desk.asked.at(0).arguments == Json{{"prompt", "hi"}, {"seconds", 20}});
  talk.ask("tools/call", {{"name", "look"}}, 2);
  CHECK(talk.desk.asked.at(1).arguments == Json::object());
}

TEST_CASE("a result is written with what each version knows") {
  const auto result = [](const char* version, ToolResult said) {
    Talk talk;
    talk.initialize(version);
    talk.ask("tools/call", std::string(version) == "2026-07-28" ? modern(ask_params()) : ask_params());
    talk.connection.finish(talk.last(), std::move(said));
    return talk.answer().at("result");
  };
  const ToolResult structured{{Text{"x"}}, Json{{"a", 1}}, true};
  CHECK(result("2025-03-26", structured).dump() == R"({"content":[{"type":"text","text":"x"}],"isError":true})");
  CHECK(result("2025-06-18", structured).at("structuredContent") == Json{{"a", 1}});
  const ToolResult list{{}, Json{1, 2}, false};
  CHECK_FALSE(result("2025-11-25", list).contains("structuredContent"));
  CHECK(result("2025-11-25", list).at("content")[0].at("text") == "[1,2]");
  CHECK(result("2026-07-28", list).at("structuredContent") == Json{1, 2});
}

TEST_CASE("an answer of the wrong kind is reported as an internal error") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", ask_params());
  talk.connection.finish(talk.last(), ResourceResult{});
  CHECK(code_of(talk.answer()) == -32603);
}

TEST_CASE("calls beyond the limit are rejected until others have ended") {
  Talk talk({.calls = 2});
  talk.initialize("2025-11-25");
  talk.ask("tools/call", ask_params(), 1);
  talk.ask("tools/call", ask_params(), 2);
  CHECK(code_of(talk.reply_to("tools/call", ask_params(), 3)) == -32603);
  CHECK(talk.finish("x"));
  talk.heard();
  talk.ask("tools/call", ask_params(), 3);
  CHECK(talk.heard().empty());
}

TEST_CASE("progress is sent on request, increasing, until the answer") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", with_progress(ask_params(), "tok"));
  const CallId id = talk.last();
  CHECK(talk.desk.asked.at(0).call.wants_progress);
  talk.connection.progress(id, {1, 3.0, "thinking"});
  CHECK(talk.answer() == Json::parse(R"({"jsonrpc":"2.0","method":"notifications/progress","params":
    {"progressToken":"tok","progress":1.0,"total":3.0,"message":"thinking"}})"));
  talk.connection.progress(id, {1, {}, "again"});
  talk.connection.progress(id, {0.5, {}, "back"});
  CHECK(talk.heard().empty());
  talk.connection.progress(id, {1.5, {}, ""});
  CHECK(talk.answer().at("params").size() == 2);
  talk.finish("done");
  talk.heard();
  talk.connection.progress(id, {2, {}, "late"});
  CHECK(talk.heard().empty());
  SECTION("the token is of the type it came in") {
    talk.ask("tools/call", with_progress(ask_params(), 7));
    talk.connection.progress(talk.last(), {1, {}, ""});
    CHECK(talk.answer().at("params").at("progressToken") == 7);
  }
  SECTION("nothing without a token") {
    talk.ask("tools/call", ask_params());
    talk.connection.progress(talk.last(), {1, {}, ""});
    CHECK(talk.heard().empty());
  }
  SECTION("2024-11-05 has no message for it") {
    talk.initialize("2024-11-05");
    talk.ask("tools/call", with_progress(ask_params(), 7));
    talk.connection.progress(talk.last(), {1, {}, "thinking"});
    CHECK_FALSE(talk.answer().at("params").contains("message"));
  }
}

TEST_CASE("a cancelled call is stopped and never answered") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", with_progress(ask_params(), "tok"), 7);
  const CallId id = talk.last();
  SECTION("by another id, it goes on") {
    for (const Json& other : {Json("7"), Json(8), Json(7.0), Json(nullptr), Json::array({7})})
      talk.notify("notifications/cancelled", {{"requestId", other}});
    CHECK(talk.desk.stopped.empty());
    CHECK(talk.finish("done"));
    CHECK(talk.answer().at("id") == 7);
  }
  SECTION("by its own, it ends") {
    talk.notify("notifications/cancelled", {{"requestId", 7}, {"reason", "enough"}});
    CHECK(talk.desk.stopped == std::vector<CallId>{id});
    CHECK(talk.desk.stopped_by == CancelledBy::client);
    talk.connection.progress(id, {1, {}, ""});
    CHECK_FALSE(talk.finish(id, "too late"));
    talk.notify("notifications/cancelled", {{"requestId", 7}});
    CHECK(talk.desk.stopped.size() == 1);
    CHECK(talk.heard().empty());
    CHECK(talk.reply_to("ping", Json::object(), 7).contains("result"));
  }
  SECTION("after its answer, nothing happens") {
    talk.finish("done");
    talk.notify("notifications/cancelled", {{"requestId", 7}});
    CHECK(talk.desk.stopped.empty());
  }
  SECTION("in the modern way too") {
    talk.ask("tools/call", modern(ask_params()), "m");
    talk.notify("notifications/cancelled", modern({{"requestId", "m"}}));
    CHECK(talk.desk.stopped.size() == 1);
  }
}

TEST_CASE("all calls are stopped when the client is gone") {
  Talk talk;
  talk.initialize("2025-11-25");
  for (int id = 0; id < 3; ++id) talk.ask("tools/call", ask_params(), id);
  talk.connection.end_of_input();
  CHECK(talk.desk.stopped.size() == 3);
  CHECK(talk.desk.stopped_by == CancelledBy::end_of_input);
  CHECK(talk.heard().empty());
}
