#include "tests/unit/backends/http_backend.hpp"

// The shapes in which servers send an answer, and how they say that it ended.
using namespace delegate;
using namespace delegate::test;

namespace {

struct End {
  Failure failure;
  ParsedOutput parsed;
};

End end_of_body(const std::string& body, const std::string& kind = "openai") {
  Task task = task_of(kind);
  task.settings.url = "http://127.0.0.1:1";
  End end;
  end.failure = judge_stream(task, response(200, body), end.parsed, 5);
  return end;
}

/// The answer, or the outcome in parentheses.
std::string answer_of(const std::string& body, const std::string& kind = "openai") {
  const End end = end_of_body(body, kind);
  return is_answer(end.failure.outcome) ? end.parsed.text : "(" + std::string(to_string(end.failure.outcome)) + ")";
}

std::string event(const std::string& choice) { return "data: {\"choices\":[{" + choice + "}]}\n\n"; }
std::string piece(const std::string& text) { return event(R"("delta":{"content":")" + text + "\"}"); }
std::string finish(const std::string& reason) { return event(R"("delta":{},"finish_reason":")" + reason + "\""); }
const std::string kDone = "data: [DONE]\n\n";

}  // namespace

TEST_CASE("openai: an answer in another shape is taken") {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"({"object":"chat.completion","choices":[{"message":{"content":"all"},"finish_reason":"stop"}]})", "all"},
      {"{\n  \"choices\": [\n    {\"message\": {\"content\": \"all\"}}\n  ]\n}\n", "all"},
      {"{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n{\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_"
       "reason\":\"stop\"}]}\n",
       "ab"},
      {event(R"("message":{"content":"ha"})") + event(R"("message":{"content":"ha"},"finish_reason":"stop")"), "haha"},
      {piece("a") + piece("b") + event(R"("delta":{},"message":{"content":"ab"},"finish_reason":"stop")"), "ab"},
      {event(
           R"("delta":{"content":[{"type":"text","text":"a"},{"type":"thinking","text":"hm"},{"type":"text","text":"b"}]})") +
           finish("stop"),
       "ab"},
      {event(R"("text":"old","finish_reason":"stop")"), "old"},
      {"data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\n" + finish("stop"), "x"},
      {piece("a") + R"({"choices":[{"delta":{"content":"b"}}]})" + "\n" + finish("stop"), "ab"},
      {"data: ping\n\n" + piece("a") + "data: {}\n\n: beat\n\n" + finish("stop"), "a"},
      {piece("a\\ud83d") + piece("\\ude00") + finish("stop"), "a\xF0\x9F\x98\x80"},
      {piece("a\\ud83d") + finish("stop"), "a\uFFFD"}};
  for (const auto& [body, answer] : table) {
    INFO(body);
    CHECK(answer_of(body) == answer);
  }
}

TEST_CASE("a hole in a stream is no answer") {
  const std::string lost = R"(data: {"choices":[{"delta":{"content":"lost"})";
  CHECK(answer_of(piece("a") + lost + "\n\n" + piece("b") + finish("stop") + kDone) == "(bad_output)");
  CHECK(answer_of(piece("a") + lost + "\n" + piece("b") + finish("stop") + kDone) == "(bad_output)");
  CHECK(answer_of(lost + "\n\n" + piece("b") + kDone) == "(bad_output)");
  CHECK(answer_of(lost.substr(6) + "}]}\n" + piece("b") + kDone) == "(bad_output)");
  CHECK(answer_of(piece("a") + finish("stop") + lost + "\n\n" + kDone) == "a");
  const std::string line = R"({"message":{"content":"a"},"done":false})";
  const std::string end = R"({"message":{"content":"b"},"done":true})";
  CHECK(answer_of(line + "\n" + line.substr(0, 20) + "\n" + end, "ollama") == "(bad_output)");
  CHECK(answer_of("{\n\"message\": {\"content\": \"a\"},\n\"done\": true\n}\n", "ollama") == "a");
}

TEST_CASE("only an end that is known to be good is one by itself") {
  for (const char* good : {"stop", "STOP", "end_turn", "eos", "stop_sequence", "length", "tool_calls"})
    CHECK(answer_of(piece("a") + finish(good)) == "a");
  for (const char* none : {"", "null", "weird"}) {
    CHECK(answer_of(piece("a") + finish(none)) == "(lost_result)");
    CHECK(answer_of(piece("a") + finish(none) + piece("b") + kDone) == "ab");
  }
  for (const char* refused : {"content_filter", "SAFETY", "guardrail_intervened"})
    CHECK(answer_of(piece("a") + finish(refused) + kDone) == "(refused_by_policy)");
  for (const char* failed : {"error", "abort", "cancelled", "engine_failure"})
    CHECK(answer_of(piece("a") + finish(failed) + kDone) == "(server_error)");
  CHECK(answer_of(piece("a") + finish("network_error") + kDone) == "(dropped)");
  CHECK(answer_of(piece("a") + event(R"("delta":{},"finish_reason":"stop","native_finish_reason":"timeout")") +
                  kDone) == "(dropped)");
  CHECK(answer_of(piece("a") + finish("stop") + "data: {\"error\":{\"message\":\"late\"}}\n\n" + kDone) == "a");
}

TEST_CASE("without words an answer that was cut, or that asks for a tool, is none, and the message says why") {
  const std::string thought = event(R"("delta":{"reasoning_content":"hm"})");
  const std::string usage = "data: {\"choices\":[],\"usage\":{\"completion_tokens\":9}}\n\n";
  CHECK(end_of_body(thought + usage + finish("length") + kDone).failure.message ==
        "thinking used up all 9 tokens before the answer began");
  CHECK(end_of_body(piece("<think>hm") + finish("length") + kDone).failure.message ==
        "thinking used up all tokens before the answer began");
  CHECK(answer_of(piece("<think>hm") + finish("stop") + usage + kDone) == "(cut_short)");
  CHECK(answer_of(event(R"("delta":{"tool_calls":[{"id":"1"}]})") + finish("tool_calls") + usage) == "(cut_short)");
  CHECK(answer_of(finish("length") + usage) == "(cut_short)");
  const End cut = end_of_body(piece("half") + finish("length") + kDone);
  CHECK(cut.failure.outcome == Outcome::answered);
  CHECK_FALSE(cut.parsed.truncation.empty());
  CHECK(cut.parsed.warnings.size() == 1);
}

TEST_CASE("openai: what is no answer inside a 200 is reported in its words") {
  const std::vector<std::pair<std::string, Outcome>> table{
      {R"({"error":{"message":"Provider said: rate it","code":429}})", Outcome::rate_limited},
      {"{\n \"error\": {\n \"message\": \"rate it\", \"code\": \"503\"}\n}", Outcome::overloaded},
      {R"({"detail":"rate it: not authenticated"})", Outcome::unauthenticated},
      {R"({"detail":[{"msg":"rate it","loc":["body"]}]})", Outcome::server_error},
      {"data: {\"object\":\"error\",\"message\":\"rate it\",\"code\":401}\n\n" + kDone, Outcome::unauthenticated},
      {"event: error\ndata: rate it\n\n", Outcome::server_error},
      {"event: error\ndata: {\"message\":\"rate it\"}\n\n", Outcome::server_error},
      {"error: {\"code\":500,\"message\":\"rate it\"}\n\n", Outcome::server_error},
      {"<html><title>rate it</title></html>", Outcome::bad_output},
      {"rate it", Outcome::bad_output},
      {R"({"odd":"rate it"})", Outcome::bad_output}};
  for (const auto& [body, outcome] : table) {
    INFO(body);
    const Failure failure = end_of_body(body).failure;
    CHECK(failure.outcome == outcome);
    CHECK_THAT(failure.message, Catch::Contains("rate it"));
  }
}

TEST_CASE("a server without the memory for its model lacks a resource of this machine") {
  const std::string body = R"j({"error":"model requires more system memory (5.6 GiB) than is available (3.1 GiB)"})j";
  Task task = task_of("ollama");
  CHECK(judge_stream(task, response(500, body)).outcome == Outcome::resources);
}

TEST_CASE("thoughts in the content are no part of a streamed answer") {
  for (const char* kind : {"openai", "ollama"}) {
    ParsedOutput parsed;
    Task task = task_of(kind);
    task.settings.url = "http://127.0.0.1:1";
    for (const char* text : {"<thi", "nk>hm", "m</think>", "\\nHello"}) {
      const std::string line =
          kind == std::string("openai") ? piece(text) : R"({"message":{"content":")" + std::string(text) + "\"}}\n";
      backend_of(kind).read(parsed, task, Stream::out, line.substr(0, line.find('\n') + 1));
      CHECK(std::string("Hello").starts_with(parsed.text));
    }
    CHECK(parsed.text == "Hello");
    CHECK(parsed.text_grows);
  }
}
