#include "tests/unit/backends/http_backend.hpp"

// OpenAI-compatible servers: llama-server, LM Studio, vLLM.
using namespace delegate;
using namespace delegate::test;
using Words = std::vector<std::string>;

namespace {

Task openai_task() {
  Task task = task_of("openai");
  task.settings.command.clear();
  task.settings.url = "http://127.0.0.1:8080";
  task.settings.max_tokens = 123;
  return task;
}

const std::string kStart = R"(data: {"model":"qwen","choices":[{"delta":{"role":"assistant","content":null}}]})"
                           "\n\n";
std::string piece(const std::string& text) {
  return R"(data: {"model":"qwen","choices":[{"delta":{"content":")" + text + "\"},\"finish_reason\":null}]}\n\n";
}
std::string finish(const std::string& reason = "stop") {
  return R"(data: {"choices":[{"delta":{},"finish_reason":")" + reason + "\"}]}\n\n";
}
const std::string kUsage = R"(data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}})"
                           "\n\n";
const std::string kDone = "data: [DONE]\n\n";

Failure judge(const std::string& body, ParsedOutput& parsed, std::size_t step = SIZE_MAX) {
  return judge_stream(openai_task(), response(200, body), parsed, step);
}
Failure judge(const std::string& body) {
  ParsedOutput parsed;
  return judge(body, parsed);
}
Outcome refused(int status, const std::string& body) {
  return judge_stream(openai_task(), response(status, body)).outcome;
}

}  // namespace

TEST_CASE("openai: /v1 is added to the URL unless its path is one of an API, or of the chat itself") {
  Task task = openai_task();
  for (const char* url : {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/", "http://h:1/v1//"}) {
    task.settings.url = url;
    CHECK(http_call(task, {}).url == "http://h:1/v1/chat/completions");
    const Call version = backend_of("openai").version_call(task);
    CHECK(std::get<HttpRequest>(version).url == "http://h:1/v1/models");
  }
  const std::vector<std::pair<std::string, std::string>> table{
      {"https://h/api", "https://h/api/v1"},
      {"http://h:1/proxy/v1llm", "http://h:1/proxy/v1llm/v1"},
      {"https://h/api/paas/v4/", "https://h/api/paas/v4"},
      {"https://h/v1beta/openai/", "https://h/v1beta/openai"},
      {"https://h/openai/deployments/d?api-version=1", "https://h/openai/deployments/d?api-version=1"},
      {"https://h/api?key=1", "https://h/api/v1?key=1"},
      {"https://v1.example/x", "https://v1.example/x/v1"},
      {"http://h:1/own/chat/completions", "http://h:1/own"},
      {"http://h:1/v1/chat/completions/", "http://h:1/v1"},
      {"http://h:1/v1/models", "http://h:1/v1"},
      {"http://h:1/v1/completions/", "http://h:1/v1"},
      {"http://h:1/v1/responses", "http://h:1/v1"},
      {"http://h:1/v1/chat", "http://h:1/v1"},
      {"http://h:1/chat", "http://h:1/chat/v1"},
      {"http://h:1/v1.0", "http://h:1/v1.0"},
      {"http://h:1/v2024-01-01", "http://h:1/v2024-01-01"},
      {"https://h/api/OpenAI", "https://h/api/OpenAI"}};
  for (const auto& [url, base] : table) {
    task.settings.url = url;
    const std::size_t query = std::min(base.find('?'), base.size());
    CHECK(http_call(task, {}).url == base.substr(0, query) + "/chat/completions" + base.substr(query));
  }
  task.settings.url = "https://me:secret@h/v1?key=secret";
  CHECK(backend_of("openai").endpoint(task) == "https://h/v1");
}

TEST_CASE("openai: without a configured model the first of the list is asked") {
  const Backend& backend = backend_of("openai");
  Task task = openai_task();
  auto lookup = backend.lookup(task, {});
  REQUIRE(lookup.has_value());
  CHECK(lookup->url == "http://127.0.0.1:8080/v1/models");
  const HttpResult list = response(200, R"({"data":[{"id":"qwen"},{"id":"other"}]})");
  CHECK_FALSE(backend.lookup(task, {list}).has_value());
  CHECK(sent(http_call(task, {list}))["model"] == "qwen");
  CHECK_FALSE(sent(http_call(task, {response(200, "{}")})).contains("model"));
  const HttpResult mixed = response(200, R"({"data":[{"id":"nomic-Embed-text"},{"id":"bge-reranker"},{"id":"qwen"}]})");
  CHECK(sent(http_call(task, {mixed}))["model"] == "qwen");
  const Failure none = refusal(
      task,
      {response(200, R"({"data":[{"id":"bge-m3"},{"id":"whisper-1"},{"id":"gpt-4o-mini-tts"},{"id":"FLUX.1-dev"}]})")});
  CHECK(none.outcome == Outcome::model_rejected);
  CHECK_THAT(none.message, Catch::Contains("bge-m3, whisper-1"));
  CHECK_THAT(none.hint, Catch::Contains("backends.openai.model"));
  CHECK(refusal(task, {response(200, R"({"error":{"message":"Invalid API key","code":401}})")}).outcome ==
        Outcome::unauthenticated);
  task.model = "mine";
  CHECK_FALSE(backend.lookup(task, {}).has_value());
  CHECK(sent(http_call(task, {}))["model"] == "mine");
}

TEST_CASE("openai: a list of models has many shapes, and its fields say more than the names") {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"(["bge-m3","qwen"])", "qwen"},
      {R"([{"id":"qwen"}])", "qwen"},
      {R"({"models":[{"name":"qwen"}]})", "qwen"},
      {R"({"data":[{"id":"nomic","type":"embeddings"},{"id":"qwen","type":"llm"}]})", "qwen"},
      {R"({"data":[{"id":"embedded-coder","type":"llm"}]})", "embedded-coder"},
      {R"({"data":[{"id":"x","task":"automatic-speech-recognition"},{"id":"y","task":"text-generation"}]})", "y"},
      {R"({"data":[{"id":"x","capabilities":["embeddings"]},{"id":"y","capabilities":["chat"]}]})", "y"},
      {R"({"data":[{"id":"x","capabilities":{"completion_chat":false,"embed":true}},{"id":"y"}]})", "y"},
      {R"({"data":[{"id":"a","state":"not-loaded"},{"id":"b","state":"loaded"}]})", "b"},
      {R"({"data":[{"id":"llama-guard3"},{"id":"all-mpnet-base"},{"id":"orpheus-3b"},{"id":"canary-1b"},{"id":"q"}]})",
       "q"},
      {R"({"data":[{"id":"video-llava"},{"id":"q"}]})", "video-llava"}};
  for (const auto& [list, model] : table) {
    INFO(list);
    CHECK(sent(http_call(openai_task(), {response(200, list)}))["model"] == model);
  }
}

TEST_CASE("openai: the request bounds the answer if it shall, and has no field that old servers refuse") {
  Task task = openai_task();
  task.settings.max_tokens = 0;
  CHECK_FALSE(sent(http_call(task, {})).contains("max_tokens"));
  task.settings.max_tokens = 123;
  task.model = "mine";
  task.system = "be brief";
  CHECK(sent(http_call(task, {})) == Json{{"model", "mine"},
                                          {"stream", true},
                                          {"max_tokens", 123},
                                          {"messages", Json::array({{{"role", "system"}, {"content", "be brief"}},
                                                                    {{"role", "user"}, {"content", "hello"}}})}});
}

TEST_CASE("openai: a bearer token is sent only when its variable is configured and set") {
  Task task = openai_task();
  task.environment = {{"OPENAI_API_KEY", "never"}, {"MY_KEY", "secret"}, {"", "odd"}, {"EMPTY", ""}};
  const Words plain{"Content-Type: application/json"};
  CHECK(http_call(task, {}).headers == plain);
  task.settings.api_key_env = "UNSET";
  CHECK(http_call(task, {}).headers == plain);
  task.settings.api_key_env = "EMPTY";
  CHECK(http_call(task, {}).headers == plain);
  task.settings.api_key_env = "MY_KEY";
  CHECK(http_call(task, {}).headers == Words{"Content-Type: application/json", "Authorization: Bearer secret"});
  CHECK(backend_of("openai").lookup(task, {})->headers.size() == 2);
}

TEST_CASE("openai: a refused list of models is reported with its reason") {
  CHECK(refusal(openai_task(), {response(401, R"({"error":{"message":"Invalid API Key"}})")}).outcome ==
        Outcome::unauthenticated);
  CHECK(refusal(openai_task(), {response(503, R"({"error":{"message":"Loading model"}})")}).outcome ==
        Outcome::loading);
}

TEST_CASE("openai: events make the answer, wherever the network cuts them") {
  const std::string body =
      ": ping\n\n" + kStart + piece("pong: ") + ": ping\n\nevent: x\nid: 4\n" + piece("hé") + finish() + kUsage + kDone;
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    ParsedOutput parsed;
    CHECK(judge(body, parsed, step).outcome == Outcome::answered);
    CHECK(parsed.text == "pong: hé");
    CHECK(parsed.model == "qwen");
    CHECK(parsed.usage.input_tokens == 11);
    CHECK(parsed.usage.output_tokens == 7);
    CHECK(parsed.warnings.empty());
  }
}

TEST_CASE("openai: either end is an end") {
  CHECK(judge(kStart + piece("x") + finish()).outcome == Outcome::answered);
  CHECK(judge(kStart + piece("x") + kDone).outcome == Outcome::answered);
  CHECK(judge("data:{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\r\n\r\ndata:[DONE]\r\n").outcome ==
        Outcome::answered);
}

TEST_CASE("openai: a stream without its end is no answer") {
  CHECK(judge(kStart + piece("half a")).outcome == Outcome::lost_result);
  CHECK(judge(kStart + piece("")).outcome == Outcome::lost_result);
  CHECK(judge("").outcome == Outcome::lost_result);
  HttpResult cut = response(200, kStart + piece("half a"));
  cut.end = HttpEnd::dropped;
  CHECK(judge_stream(openai_task(), cut).outcome == Outcome::dropped);
}

TEST_CASE("openai: an end without text is an empty answer") {
  CHECK(judge(kStart + kUsage + finish() + kDone).outcome == Outcome::answered_empty);
  CHECK(judge(kStart + finish() + kDone).outcome == Outcome::lost_result);
}

TEST_CASE("openai: an answer that was cut at its limit has a warning") {
  ParsedOutput parsed;
  CHECK(judge(kStart + piece("x") + finish("length") + kDone, parsed).outcome == Outcome::answered);
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings[0], Catch::Contains("cut at 123 tokens"));
}

TEST_CASE("openai: an error event ends it, a null error is none") {
  const Failure end =
      judge(kStart + piece("half a") + R"(data: {"error":{"message":"out of memory"}})" + "\n\n" + kDone);
  CHECK(end.outcome == Outcome::server_error);
  CHECK_THAT(end.message, Catch::Contains("out of memory"));
  CHECK(judge(R"(data: {"error":null,"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})").outcome ==
        Outcome::answered);
}

TEST_CASE("openai: an answer that talks about errors is an answer") {
  CHECK(judge(kStart + piece("401 Unauthorized, rate limit") + finish()).outcome == Outcome::answered);
}

TEST_CASE("openai: refusals are understood by their text and status") {
  CHECK(refused(503, R"({"error":{"message":"Loading model","type":"unavailable_error","code":503}})") ==
        Outcome::loading);
  CHECK(refused(401, R"({"error":{"message":"Invalid API Key","type":"authentication_error","code":401}})") ==
        Outcome::unauthenticated);
  CHECK(
      refused(
          400,
          R"j({"error":{"message":"request (9019 tokens) exceeds the available context size (2048 tokens)","type":"exceed_context_size_error","n_ctx":2048}})j") ==
      Outcome::context_too_long);
  CHECK(refused(400, R"({"error":{"message":"This model's maximum context length is 4096 tokens."}})") ==
        Outcome::context_too_long);
  CHECK(refused(400, R"({"error":{"message":"model 'nope' not found"}})") == Outcome::model_rejected);
  CHECK(refused(400, R"({"error":{"message":"'messages' is required"}})") == Outcome::bad_request);
  CHECK(refused(500, R"({"error":{"message":"parse error","type":"server_error"}})") == Outcome::server_error);
  CHECK(refused(500, "<html>oops</html>") == Outcome::server_error);
  CHECK(refused(418, "") == Outcome::bad_request);
}

TEST_CASE("openai: the wait of a limit is kept; the header takes precedence over the text") {
  HttpResult limited = response(429, R"({"error":"rate limit, retry after 5 s"})");
  CHECK(judge_stream(openai_task(), limited).retry_after == std::chrono::seconds(5));
  limited.retry_after = "20";
  const Failure end = judge_stream(openai_task(), limited);
  CHECK(end.outcome == Outcome::rate_limited);
  CHECK(end.retry_after == std::chrono::seconds(20));
}

TEST_CASE("openai: a prompt that was read in part has a warning") {
  Task task = openai_task();
  task.prompt = std::string(35'000, 'x');
  ParsedOutput parsed;
  const auto read = [&](const std::string& usage) {
    const std::string end = "data: {\"choices\":[],\"usage\":{" + usage + "}}\n\n";
    judge_stream(task, response(200, kStart + piece("x") + finish() + end + kDone), parsed);
    return parsed.warnings;
  };
  REQUIRE(read(R"("prompt_tokens":4096)").size() == 1);
  CHECK_THAT(parsed.warnings[0], Catch::Contains("only 4096 of about 10000 tokens"));
  // What a server had in its cache, it need not read, and need not count.
  CHECK(read(R"("prompt_tokens":4096,"prompt_tokens_details":{"cached_tokens":5900})").empty());
  CHECK(read(R"("prompt_tokens":11)").empty());
  CHECK(read(R"("prompt_tokens":0)").empty());
}

TEST_CASE("openai: an error without the usual field is shown as a whole, and its type is not shown") {
  CHECK_THAT(judge_stream(openai_task(), response(500, R"({"detail":"no GPU"})")).message, Catch::Contains("no GPU"));
  CHECK(judge_stream(openai_task(), response(500, R"({"error":{"message":"oops","type":"server_error"}})")).message ==
        "oops");
}
