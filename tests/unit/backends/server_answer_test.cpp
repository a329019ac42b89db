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

TEST_CASE("openai: words that follow an early end belong to the answer") {
  const auto stop = [](const std::string& text) {
    return event(R"("delta":{"content":")" + text + R"("},"finish_reason":"stop")");
  };
  CHECK(answer_of(stop("One ") + stop("two ") + stop("three.") + kDone) == "One two three.");
  CHECK(answer_of(piece("One ") + stop("two") + piece(" three") + kDone) == "One two three");
  CHECK(answer_of(piece("One ") + stop("two") + piece(" three")) == "One two three");
  CHECK(answer_of(stop("One ") + "data: {\"choices\":[{\n\n" + stop("three.") + kDone) == "(bad_output)");
}

TEST_CASE("openai: pieces that come as messages are all read, a message that repeats them is not") {
  const auto message = [](const std::string& text, const std::string& more) {
    return "data: {\"object\":\"chat.completion\",\"choices\":[{" + more + R"("message":{"content":")" + text +
           "\"}}]}\n\n";
  };
  CHECK(answer_of(message("One ", "") + message("two", "") + finish("stop")) == "One two");
  CHECK(answer_of(message("One ", R"("delta":{},)") + message("two", R"("delta":{},)") + finish("stop")) == "One two");
  CHECK(answer_of(piece("One ") + piece("two") + message("One two", "") + finish("stop")) == "One two");
}

TEST_CASE("a refusal and a call of a tool are no empty answer, whatever the end says") {
  const std::string usage = "data: {\"usage\":{\"completion_tokens\":9}}\n\n";
  const End refused = end_of_body(event(R"("delta":{"refusal":"I cannot "})") +
                                  event(R"("delta":{"refusal":"help."})") + finish("stop") + usage + kDone);
  CHECK(refused.failure.outcome == Outcome::refused_by_policy);
  CHECK(refused.failure.message == "I cannot help.");
  CHECK(answer_of(R"({"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]})") ==
        "(refused_by_policy)");
  CHECK(answer_of(event(R"("delta":{"refusal":"","content":"x"})") + finish("stop")) == "x");
  const std::string call = R"("tool_calls":[{"function":{"name":"f"}}])";
  CHECK(answer_of(event("\"delta\":{" + call + "}") + finish("stop") + usage + kDone) == "(cut_short)");
  CHECK(answer_of(R"({"message":{"content":"",)" + call + "}}\n" + R"({"done":true,"eval_count":9})", "ollama") ==
        "(cut_short)");
}

TEST_CASE("an answer in an unusual shape is read, and one in an unknown shape is no empty answer") {
  const std::string usage = R"(,"usage":{"completion_tokens":9}})";
  const auto document = [&](const std::string& content) {
    return R"({"choices":[{"message":{"content":)" + content + R"(},"finish_reason":"stop"}])" + usage;
  };
  CHECK(answer_of(document(R"([{"type":"text","text":{"value":"Hello"}}])")) == "Hello");
  CHECK(answer_of(document(R"([{"type":"odd","odd":"Hello"}])")) == "(bad_output)");
  CHECK(answer_of(document(R"([{"type":"thinking","thinking":"hm"}])")).empty());
  CHECK(answer_of("{\"response\":\"Hel\",\"done\":false}\n{\"response\":\"lo\",\"done\":true}\n", "ollama") == "Hello");
  CHECK(answer_of(R"({"message":{"content":{"odd":"x"}},"done":true,"eval_count":9})", "ollama") == "(bad_output)");
}

TEST_CASE("a word about a request that waits is no failure, unless no answer follows") {
  for (const char* waits : {R"({"status":"queued","message":"waiting for a slot"})", R"({"code":0,"message":"ok"})",
                            R"({"errors":[],"status":200})", R"({"detail":"queued"})"}) {
    INFO(waits);
    CHECK(answer_of("data: " + std::string(waits) + "\n\n" + piece("Hello!") + finish("stop") + kDone) == "Hello!");
    CHECK(answer_of(std::string(waits) + "\n" + R"({"message":{"content":"Hello!"},"done":true})", "ollama") ==
          "Hello!");
  }
  for (const char* fails : {R"({"status":"error","message":"boom"})", R"({"code":500,"message":"boom"})",
                            R"({"errors":["boom"]})", R"({"code":"internal_error","message":"boom"})"}) {
    INFO(fails);
    CHECK(answer_of("data: " + std::string(fails) + "\n\n" + piece("Hello!") + finish("stop") + kDone) ==
          "(server_error)");
  }
  CHECK(answer_of("data: {\"detail\":\"Not authenticated\"}\n\n" + kDone) == "(unauthenticated)");
}

TEST_CASE("an event in many lines is read once, and one with a byte order mark like any") {
  std::string event_in_lines = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}\n";
  for (int i = 0; i < 20'000; ++i) event_in_lines += "data: ,\"y" + std::to_string(i) + "\":1\n";
  CHECK(answer_of(event_in_lines + "data: }]}\n\n" + finish("stop")) == "x");
  CHECK(answer_of("\xEF\xBB\xBF" + piece("One ") + piece("two") + finish("stop")) == "One two");
  CHECK(answer_of("\xEF\xBB\xBF: ok\n\n" + piece("two") + finish("stop")) == "two");
}

TEST_CASE("a document is over where its braces close") {
  const auto ends = [](const char* kind, const std::string& body, const std::string& last_line) {
    ParsedOutput parsed;
    parsed.event.body = body;
    JsonEnds objects;
    objects.feed(body + last_line);
    parsed.event.objects = objects.all();
    return backend_of(kind).ends_document(parsed, last_line);
  };
  const std::string document = R"({"choices":[{"message":{"content":"all"}}]})";
  CHECK(ends("openai", "", document));
  CHECK(ends("openai", document + "\n", ""));
  CHECK(ends("openai", "{\n", document.substr(1)));
  CHECK_FALSE(ends("openai", "", document.substr(0, document.size() - 1)));
  CHECK_FALSE(ends("openai", "", "data: " + document));
  CHECK(ends("ollama", "", R"({"message":{"content":"all"},"done":true})"));
  CHECK_FALSE(ends("ollama", "", R"({"message":{"content":"all"},"done":false})"));
}

TEST_CASE("a thinking model that was cut before its thought ended has not answered") {
  const std::string thought = R"(data: {"model":"deepseek-r1","choices":[{"delta":{"content":"The user wants"}}]})";
  CHECK(answer_of(thought + "\n\n" + finish("length") + kDone) == "(cut_short)");
  CHECK(answer_of(thought + "\n\n" + finish("stop") + kDone) == "The user wants");
}

TEST_CASE("a hole in a stream is no answer") {
  for (const char* torn :
       {R"(data: choices":[{"index":0,"delta":{"content":"lost"}}]})", R"(data: [{"delta":{"content":"lost"}}])",
        R"(data: {"index":0,"delta":{"content":"lost"}})", R"(data: "lost words)"}) {
    INFO(torn);
    CHECK(answer_of(piece("a") + torn + "\n\n" + piece("b") + finish("stop") + kDone) == "(bad_output)");
  }
  const std::string lost = R"(data: {"choices":[{"delta":{"content":"lost"})";
  CHECK(answer_of(piece("a") + lost + "\n\n" + piece("b") + finish("stop") + kDone) == "(bad_output)");
  CHECK(answer_of(piece("a") + lost + "\n" + piece("b") + finish("stop") + kDone) == "(bad_output)");
  CHECK(answer_of(lost + "\n\n" + piece("b") + kDone) == "(bad_output)");
  CHECK(answer_of(lost.substr(6) + "}]}\n" + piece("b") + kDone) == "(bad_output)");
  CHECK(answer_of(piece("a") + finish("stop") + lost + "\n\n" + kDone) == "a");
  const std::string line = R"({"message":{"content":"a"},"done":false})";
  const std::string end = R"({"message":{"content":"b"},"done":true})";
  CHECK(answer_of(line + "\nnt\":\" lost words\n" + end, "ollama") == "(bad_output)");
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
