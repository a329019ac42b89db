#include "tests/unit/mcp/talk.hpp"

using namespace delegate::mcp;

// A call that needs something of the client: a result in 2026-07-28, requests of our own before.
namespace {

InputRequired name_and_roots(std::optional<std::string> state = "state") {
  return {{{"name", {"elicitation/create", {{"message", "Your name?"}}}}, {"roots", {"roots/list", Json::object()}}},
          std::move(state)};
}

const Json kCapable{{"elicitation", Json::object()}, {"roots", Json::object()}};

Json response_to(const Json& request, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", request.at("id")}, {"result", std::move(result)}};
}

}  // namespace

TEST_CASE("in 2026-07-28 the questions are a result, and the next call carries the answers") {
  Talk talk;
  talk.ask("tools/call", modern(ask_params(), kCapable));
  CHECK(talk.connection.finish(talk.last(), name_and_roots()));
  const Json result = talk.answer().at("result");
  CHECK(result.at("resultType") == "input_required");
  CHECK(result.at("inputRequests").at("roots").at("method") == "roots/list");
  CHECK(result.at("requestState") == "state");
  Json again = modern(ask_params(), kCapable);
  again["inputResponses"] = {{"roots", {{"roots", Json::array()}}}};
  again["requestState"] = "state";
  talk.ask("tools/call", again, 2);
  const Call& call = talk.desk.asked.back().call;
  CHECK(call.input_responses == again.at("inputResponses"));
  CHECK(call.request_state == "state");
}

TEST_CASE("answers of a wrong form are refused") {
  Talk talk;
  for (const Json& responses : {Json(nullptr), Json(7), Json::array(), Json{{"name", 7}}}) {
    Json params = modern(ask_params());
    params["inputResponses"] = responses;
    CHECK(code_of(talk.reply_to("tools/call", params)) == -32602);
  }
  Json params = modern(ask_params());
  params["requestState"] = 7;
  CHECK(code_of(talk.reply_to("tools/call", params)) == -32602);
  CHECK(talk.desk.asked.empty());
}

TEST_CASE("a client that cannot be asked gets an error that names what it lacks") {
  Talk talk;
  talk.ask("tools/call", modern(ask_params(), {{"elicitation", Json::object()}}));
  talk.connection.finish(talk.last(), name_and_roots());
  const Json answer = talk.answer();
  CHECK(code_of(answer) == -32021);
  CHECK(answer.at("error").at("data").at("requiredCapabilities") == Json{{"roots", Json::object()}});
  SECTION("with a handshake, the model hears it") {
    talk.initialize("2025-11-25", {{"elicitation", Json::object()}});
    talk.ask("tools/call", ask_params());
    talk.connection.finish(talk.last(), name_and_roots());
    CHECK(talk.answer().at("result").at("isError") == true);
  }
}

TEST_CASE("in versions with a handshake the client is asked, and the tool is called again with the answers") {
  Talk talk;
  talk.initialize("2025-06-18", kCapable);
  talk.ask("tools/call", ask_params(), 7);
  const CallId first = talk.last();
  CHECK(talk.connection.finish(first, name_and_roots()));
  const auto questions = talk.heard();
  REQUIRE(questions.size() == 2);
  CHECK(questions[0].at("method") == "elicitation/create");
  CHECK(questions[0].at("params").at("message") == "Your name?");
  CHECK(questions[0].at("id") != questions[1].at("id"));
  CHECK_FALSE(talk.finish(first, "it is not that call any more"));
  SECTION("when all answers are there") {
    talk.say(response_to(questions[1], {{"roots", Json::array()}}));
    CHECK(talk.desk.asked.size() == 1);
    talk.say(response_to(questions[0], {{"action", "decline"}}));
    REQUIRE(talk.desk.asked.size() == 2);
    const auto& again = talk.desk.asked[1];
    CHECK(again.call.id != first);
    CHECK(again.arguments == talk.desk.asked[0].arguments);
    CHECK(again.call.input_responses.at("name") == Json{{"action", "decline"}});
    CHECK(again.call.request_state == "state");
    CHECK(talk.finish("done"));
    CHECK(talk.answer().at("id") == 7);
    talk.say(response_to(questions[0], {{"action", "accept"}}));
    CHECK(talk.desk.asked.size() == 2);
  }
  SECTION("and when one is refused, the call fails and the other question is withdrawn") {
    talk.say({{"jsonrpc", "2.0"}, {"id", questions[0].at("id")}, {"error", {{"code", 1}, {"message", "no time"}}}});
    const auto heard = talk.heard();
    REQUIRE(heard.size() == 2);
    CHECK(heard[0].at("method") == "notifications/cancelled");
    CHECK(heard[0].at("params").at("requestId") == questions[1].at("id"));
    CHECK(text_of(heard[1]) == "the client refused elicitation/create: no time");
    CHECK(talk.desk.asked.size() == 1);
  }
  SECTION("and when the call is cancelled, the questions are withdrawn, and the application has nothing to stop") {
    talk.notify("notifications/cancelled", {{"requestId", 7}});
    CHECK(talk.heard().size() == 2);
    CHECK(talk.desk.stopped.empty());
    talk.say(response_to(questions[0], {{"action", "accept"}}));
    CHECK(talk.heard().empty());
  }
  SECTION("an answer to no question changes nothing") {
    talk.say({{"jsonrpc", "2.0"}, {"id", "1"}, {"result", Json::object()}});
    talk.say({{"jsonrpc", "2.0"}, {"id", 99}, {"result", Json::object()}});
    talk.connection.end_of_input();
    CHECK(talk.desk.stopped.empty());
  }
}

TEST_CASE("a question that no client supports, or an invalid schema, is an internal error") {
  Talk talk;
  talk.initialize("2025-11-25", kCapable);
  talk.ask("tools/call", ask_params());
  talk.connection.finish(talk.last(), InputRequired{{{"x", {"client/dance", Json::object()}}}, {}});
  CHECK(code_of(talk.answer()) == -32603);
  talk.ask("tools/call", ask_params());
  talk.connection.finish(talk.last(), InputRequired{{}, "only a state"});
  CHECK(code_of(talk.answer()) == -32603);
}
