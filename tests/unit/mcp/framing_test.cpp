#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

namespace {

const std::string kPing = R"({"jsonrpc":"2.0","id":7,"method":"ping"})";
const std::string kPong = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n";

std::string said(Talk& talk, std::string_view bytes) {
  talk.say_bytes(bytes);
  return talk.connection.take_output();
}

/// A whole conversation of both eras, for cutting it into pieces.
const std::string kConversation =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}})"
    "\n"
    R"({"jsonrpc":"2.0","method":"notifications/initialized"})"
    "\r\n\n"
    R"({"jsonrpc":"2.0","id":"ä","method":"tools/call","params":{"name":"ask","arguments":{"prompt":"süß"}}})"
    "\n not json\n[]\n"
    R"({"jsonrpc":"2.0","id":2,"method":"server/discover","params":{"_meta":)"
    R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})"
    "\n";

}  // namespace

TEST_CASE("a message is understood wherever it is cut") {
  Talk whole;
  whole.desk.at_once = true;
  const std::string expected = said(whole, kConversation);
  CHECK(std::count(expected.begin(), expected.end(), '\n') == 5);
  SECTION("byte by byte") {
    Talk talk;
    talk.desk.at_once = true;
    std::string heard;
    for (const char byte : kConversation) heard += said(talk, {&byte, 1});
    CHECK(heard == expected);
  }
  SECTION("in two pieces") {
    for (std::size_t at = 0; at < kConversation.size(); ++at) {
      Talk talk;
      talk.desk.at_once = true;
      const std::string first = said(talk, std::string_view(kConversation).substr(0, at));
      REQUIRE(first + said(talk, std::string_view(kConversation).substr(at)) == expected);
    }
  }
}

TEST_CASE("a blank line is ignored, and a carriage return at the end of a line is dropped") {
  Talk talk;
  CHECK(said(talk, "\n  \n\t\r\n").empty());
  CHECK(said(talk, kPing + "\r\n") == kPong);
}

TEST_CASE("a line ends at a line feed and nowhere else") {
  Talk talk;
  const std::string separators = "\xE2\x80\xA8\xC2\x85\x0B";
  const std::string json = R"({"jsonrpc":"2.0","id":")" + separators.substr(0, 5) + R"(","method":"ping"})";
  talk.say_bytes(json + "\n");
  CHECK(talk.answer().at("id") == separators.substr(0, 5));
}

TEST_CASE("the last line may lack its end when the input ends") {
  Talk talk;
  CHECK(said(talk, kPing).empty());
  talk.connection.end_of_input();
  CHECK(talk.connection.take_output() == kPong);
  SECTION("and half a message is an error, not a call") {
    Talk half;
    half.say_bytes(kPing.substr(0, 20));
    half.connection.end_of_input();
    CHECK(code_of(half.answer()) == -32700);
  }
}

TEST_CASE("a line beyond the limit is dropped to its end, and the next one is understood") {
  Talk talk({.line_bytes = 100});
  talk.say_bytes(std::string(60, ' '));
  talk.say_bytes(std::string(60, ' '));
  CHECK(talk.heard().empty());
  talk.say_bytes(std::string(5000, 'x') + kPing + "\n");
  const Json answer = talk.answer();
  CHECK(code_of(answer) == -32600);
  CHECK(answer["id"] == 7);
  CHECK(said(talk, kPing + "\n") == kPong);
  SECTION("a line of exactly the limit is not too long") {
    const std::string fill(100 - kPing.size(), ' ');
    CHECK(said(talk, kPing + fill + "\n") == kPong);
    CHECK(said(talk, kPing + fill + " \n").find("-32600") != std::string::npos);
  }
  SECTION("nor does the end of the input make it a message") {
    talk.say_bytes(std::string(500, 'x'));
    talk.connection.end_of_input();
    CHECK(code_of(talk.answer()) == -32600);
  }
}

TEST_CASE("a prompt of ten megabytes arrives whole") {
  Talk talk;
  talk.initialize("2025-11-25");
  const std::string prompt(10'000'000, 'p');
  talk.ask("tools/call", ask_params(prompt));
  REQUIRE(talk.desk.asked.size() == 1);
  CHECK(talk.desk.asked[0].arguments.at("prompt") == prompt);
}

TEST_CASE("what is not JSON is refused in one line without an id") {
  Talk talk;
  const std::string lines[] = {"hello",
                               "{",
                               "{}}",
                               "{\"a\":1,}",
                               "'a'",
                               "nul",
                               "NaN",
                               "[1e400]",
                               "{\"jsonrpc\":\"2.0\"} {}",
                               "\"\\ud800\"",
                               "\"\xFF\"",
                               "\"\xC0\x80\"",
                               "\"\xED\xA0\x80\"",
                               "\"\xF4\x90\x80\x80\"",
                               "\x80",
                               std::string(1, '\0')};
  for (const std::string& line : lines) {
    INFO(line);
    talk.say_bytes(line + "\n");
    const Json answer = talk.answer();
    CHECK(code_of(answer) == -32700);
    CHECK_FALSE(answer.contains("id"));
  }
  CHECK(said(talk, kPing + "\n") == kPong);
}

TEST_CASE("a request that cannot be read is answered under its id, so that no client waits for it") {
  Talk talk({.line_bytes = 10'000});
  const std::string begin = R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"id":8,"text":)", end = "}}";
  const std::string id_last = R"({"method":"ping","params":{"id":8,"text":["id",{"id":9}],"more":)";
  const std::string long_text = "\"" + std::string(20'000, 'x') + "\"";
  const std::string lines[] = {begin + "\"\\ud800\"" + end,
                               begin + "1e400" + end,
                               begin + "\"\xFF\"" + end,
                               begin + "\"cut",
                               begin + std::string(100, '['),
                               begin + long_text + end,
                               id_last + long_text + R"(},"jsonrpc":"2.0","id":7})",
                               id_last + "1e400" + R"(},"jsonrpc":"2.0", "id" : 7 })",
                               kPing + std::string(1, '\0') + "garbage"};
  for (const std::string& line : lines) {
    INFO(line.substr(0, 200));
    talk.say_bytes(line + "\n");
    const Json answer = talk.answer();
    CHECK(answer.contains("error"));
    CHECK(answer.value("id", 0) == 7);
  }
  CHECK(said(talk, kPing + "\n") == kPong);
}

TEST_CASE("what is no request, or has no usable id, is refused without one") {
  Talk talk({.line_bytes = 10'000});
  const std::string bad = R"("\ud800")";
  const std::string lines[] = {
      R"({"jsonrpc":"2.0","id":7,"result":)" + bad + "}",  // an answer to a request of ours
      R"([{"jsonrpc":"2.0","id":7,"method":"ping","params":)" + bad + "}]",
      R"({"jsonrpc":"2.0","id":)" + bad + R"(,"method":"ping"})",
      R"({"jsonrpc":"2.0","id":{"id":7},"method":"ping","params":)" + bad + "}",
      R"({"jsonrpc":"2.0","id":1.5,"method":"ping","params":)" + bad + "}",
      R"({"jsonrpc":"2.0","id":")" + std::string(2'000, '7') + R"(","method":"ping","params":)" + bad + "}",
      R"({"jsonrpc":"2.0","method":"ping","params":{"id":7,"text":)" + bad + "}}"};
  for (const std::string& line : lines) {
    INFO(line.substr(0, 200));
    talk.say_bytes(line + "\n");
    const Json answer = talk.answer();
    CHECK(answer.contains("error"));
    CHECK_FALSE(answer.contains("id"));
  }
}

TEST_CASE("a hundred thousand nested brackets are rejected without recursion") {
  Talk talk;
  for (const std::string& open : {std::string("["), std::string("{\"a\":"), std::string("[{\"a\":[")}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += open;
    talk.say_bytes(deep + "\n");
    CHECK(code_of(talk.answer()) == -32600);
  }
  SECTION("brackets within a text are text") {
    const std::string brackets(100'000, '[');
    talk.initialize("2025-11-25");
    talk.ask("tools/call", ask_params(brackets + "\\\"]{"));
    CHECK(talk.desk.asked.size() == 1);
  }
}

TEST_CASE("a message of very many values is refused, and an object of many members costs no more than its size") {
  Talk talk;
  std::string many = "[0";
  for (int i = 0; i < 300'000; ++i) many += ",0";
  talk.say_bytes(many + "]\n");
  CHECK(code_of(talk.answer()) == -32600);
  std::string members = R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":0)";
  for (int i = 0; i < 200'000; ++i) members += ",\"member" + std::to_string(i) + "\":0";
  CHECK(said(talk, members + "}}\n") == kPong);
}
