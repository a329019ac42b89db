#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

namespace {

Json answer_to(Talk& talk, const std::string& line) {
  talk.say_bytes(line + "\n");
  return talk.answer();
}

}  // namespace

TEST_CASE("an id comes back as it was sent") {
  Talk talk;
  for (const char* id :
       {"0", "-7", "18446744073709551615", "-9223372036854775808", "\"\"", "\"7\"", "\"\\u00e4\\n\""}) {
    INFO(id);
    const std::string line = std::string(R"({"jsonrpc":"2.0","method":"ping","id":)") + id + "}";
    CHECK(answer_to(talk, line).at("id") == Json::parse(id));
  }
}

TEST_CASE("an invalid id is rejected in an answer without an id") {
  Talk talk;
  const std::string long_id = "\"" + std::string(2000, 'i') + "\"";
  for (const std::string& id : {std::string("null"), std::string("1.5"), std::string("18446744073709551616"),
                                std::string("[1]"), std::string("{}"), std::string("true"), long_id}) {
    INFO(id);
    const Json answer = answer_to(talk, R"({"jsonrpc":"2.0","method":"ping","id":)" + id + "}");
    CHECK(code_of(answer) == -32600);
    CHECK_FALSE(answer.contains("id"));
  }
}

TEST_CASE("an invalid request is rejected with its id when it has one") {
  Talk talk;
  for (const char* line : {"1", "\"ping\"", "null", "true", "{}", R"({"jsonrpc":"2.0"})", R"({"method":3})"})
    CHECK(code_of(answer_to(talk, line)) == -32600);
  for (const char* line :
       {R"({"id":5,"method":"ping"})", R"({"jsonrpc":"1.0","id":5,"method":"ping"})", R"({"jsonrpc":"2.0","id":5})",
        R"({"jsonrpc":"2.0","id":5,"method":7})", R"({"jsonrpc":2,"id":5,"method":"ping"})"}) {
    INFO(line);
    const Json answer = answer_to(talk, line);
    CHECK(code_of(answer) == -32600);
    CHECK(answer.at("id") == 5);
  }
  const Json answer = answer_to(talk, R"({"jsonrpc":"2.0","id":5,"method":"ping","params":[1]})");
  CHECK(code_of(answer) == -32602);
}

TEST_CASE("an unknown method is answered at once, before and after the handshake") {
  Talk talk;
  CHECK(code_of(talk.reply_to("server/dance")) == -32601);
  talk.initialize("2025-06-18");
  CHECK(code_of(talk.reply_to("server/dance")) == -32601);
  SECTION("and repeated only as far as a person wants to read") {
    const std::string long_name(1'000'000, 'm');
    CHECK(dump(talk.reply_to(long_name)).size() < 500);
    std::string wide;
    for (int i = 0; i < 1000; ++i) wide += "ä";
    CHECK(dump(talk.reply_to(wide)).find("\xEF\xBF\xBD") == std::string::npos);
  }
}

TEST_CASE("no notification is ever answered") {
  Talk talk;
  talk.initialize("2025-06-18");
  for (const char* line :
       {R"({"jsonrpc":"2.0","method":"notifications/initialized"})", R"({"jsonrpc":"2.0","method":"no/such"})",
        R"({"jsonrpc":"2.0","method":"tools/call","params":{"name":"ask","arguments":{"prompt":"x"}}})",
        R"({"jsonrpc":"2.0","method":"initialize"})", R"({"jsonrpc":"2.0","method":"ping","params":[]})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":7})", R"({"method":"ping"})"})
    talk.say_bytes(std::string(line) + "\n");
  CHECK(talk.heard().empty());
  CHECK(talk.desk.asked.empty());
}

TEST_CASE("an answer without a request is ignored") {
  Talk talk;
  for (const char* line : {R"({"jsonrpc":"2.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","id":"x","result":7})",
                           R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}})",
                           R"({"jsonrpc":"2.0","id":null,"error":7})", R"({"id":[1],"result":{}})"})
    talk.say_bytes(std::string(line) + "\n");
  CHECK(talk.heard().empty());
}

TEST_CASE("an id that is in flight is not given out twice, and is free again after the answer") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", ask_params(), 7);
  talk.ask("ping", Json::object(), 7);
  Json answer = talk.answer();
  CHECK(code_of(answer) == -32600);
  CHECK(answer.at("id") == 7);
  SECTION("a text is another id than the number it spells") {
    CHECK(talk.reply_to("ping", Json::object(), "7").contains("result"));
  }
  CHECK(talk.finish("done"));
  CHECK(text_of(talk.answer()) == "done");
  CHECK(talk.reply_to("ping", Json::object(), 7).contains("result"));
}

TEST_CASE("a batch gets one array of answers, in the versions that have batches") {
  Talk talk;
  for (const char* version : {"2024-11-05", "2025-03-26"}) {
    INFO(version);
    talk.initialize(version);
    talk.say(Json::parse(R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},
      {"jsonrpc":"2.0","id":2,"method":"no/such"},7,
      {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"ask","arguments":{"prompt":"p"}}}])"));
    CHECK(talk.heard().empty());
    CHECK(talk.finish("done"));
    const Json answers = talk.answer();
    REQUIRE(answers.size() == 4);
    CHECK(answers[0].at("id") == 1);
    CHECK(code_of(answers[1]) == -32601);
    CHECK(code_of(answers[2]) == -32600);
    CHECK_FALSE(answers[2].contains("id"));
    CHECK(text_of({answers[3]}) == "done");
  }
}

TEST_CASE("a batch whose last call is cancelled is answered without it, or not at all") {
  Talk talk;
  talk.initialize("2025-03-26");
  const Json call{{"jsonrpc", "2.0"}, {"id", 3}, {"method", "tools/call"}, {"params", ask_params()}};
  const Json ping{{"jsonrpc", "2.0"}, {"id", 4}, {"method", "ping"}};
  talk.say(Json::array({call, ping}));
  talk.notify("notifications/cancelled", {{"requestId", 3}});
  CHECK(talk.answer().size() == 1);
  talk.say(Json::array({call}));
  talk.notify("notifications/cancelled", {{"requestId", 3}});
  CHECK(talk.heard().empty());
  talk.say(Json::array({Json{{"jsonrpc", "2.0"}, {"method", "notifications/x"}}}));
  CHECK(talk.heard().empty());
}

TEST_CASE("a batch that is empty, of the wrong version or with a handshake in it is refused") {
  Talk talk;
  const Json ping = Json::parse(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])");
  talk.say(ping);
  CHECK(code_of(talk.answer()) == -32600);
  for (const char* version : {"2025-06-18", "2025-11-25"}) {
    talk.initialize(version);
    talk.say(ping);
    CHECK(code_of(talk.answer()) == -32600);
  }
  talk.initialize("2025-03-26");
  talk.say(Json::array());
  CHECK(code_of(talk.answer()) == -32600);
  talk.say(Json::parse(
      R"([{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}])"));
  CHECK(code_of(talk.answer().at(0)) == -32600);
  talk.say(Json::array({Json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "tools/list"}, {"params", modern()}}}));
  CHECK(code_of(talk.answer().at(0)) == -32600);
}

TEST_CASE("a result that is nested too deeply becomes an error") {
  Talk talk;
  talk.initialize("2025-11-25");
  Json deep = Json::object();
  for (int i = 0; i < 1000; ++i) deep = Json::array({std::move(deep)});
  talk.ask("tools/call", ask_params());
  talk.connection.finish(talk.last(), ToolResult{{Text{"x"}}, Json{{"deep", std::move(deep)}}, false});
  CHECK(code_of(talk.answer()) == -32603);
}

TEST_CASE("bytes that are not UTF-8 are replaced in the output") {
  Talk talk;
  talk.initialize("2025-11-25");
  talk.ask("tools/call", ask_params());
  talk.finish("a\xFF z\xC3");
  CHECK(text_of(talk.answer()) == "a\xEF\xBF\xBD z\xEF\xBF\xBD");
}
