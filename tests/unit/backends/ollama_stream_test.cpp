#include "tests/unit/backends/http_backend.hpp"

// The local model's answer: JSON lines, whose end is a line that says so and nothing else.
using namespace delegate;
using namespace delegate::test;

namespace {

Task ollama_task() {
  Task task = task_of("ollama");
  task.settings.command.clear();
  task.settings.max_tokens = 8192;
  return task;
}

std::string piece(const std::string& text) {
  return R"({"model":"new:latest","message":{"role":"assistant","content":")" + text + "\"},\"done\":false}\n";
}
const std::string kThinking =
    "{\"model\":\"new:latest\",\"message\":{\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n";
std::string done(const std::string& more = R"(,"done_reason":"stop","prompt_eval_count":26,"eval_count":9)") {
  return R"({"model":"new:latest","message":{"content":""},"done":true)" + more + "}\n";
}

Failure judge(const std::string& body, ParsedOutput& parsed, std::size_t step = SIZE_MAX) {
  return judge_stream(ollama_task(), response(200, body), parsed, step);
}
Failure judge(const std::string& body) {
  ParsedOutput parsed;
  return judge(body, parsed);
}
Outcome refused(int status, const std::string& body) {
  return judge_stream(ollama_task(), response(status, body)).outcome;
}

}  // namespace

TEST_CASE("ollama: pieces make the answer, wherever the network cuts them") {
  const std::string body = kThinking + piece("p\\u00f6") + piece("ng: ") + piece("hé") + done();
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, SIZE_MAX}) {
    ParsedOutput parsed;
    CHECK(judge(body, parsed, step).outcome == Outcome::answered);
    CHECK(parsed.text == "pöng: hé");
    CHECK(parsed.model == "new:latest");
    CHECK(parsed.usage.input_tokens == 26);
    CHECK(parsed.usage.output_tokens == 9);
    CHECK(parsed.warnings.empty());
  }
}

TEST_CASE("ollama: the last line may carry text and need not carry counts") {
  ParsedOutput parsed;
  CHECK(judge(R"({"message":{"content":"all of it"},"done":true})", parsed).outcome == Outcome::answered);
  CHECK(parsed.text == "all of it");
  CHECK_FALSE(parsed.usage.input_tokens.has_value());
}

TEST_CASE("ollama: thinking alone is no answer") {
  ParsedOutput parsed;
  CHECK(judge(kThinking + done(), parsed).outcome == Outcome::answered_empty);
  CHECK(judge(kThinking + done(R"(,"done_reason":"length","eval_count":8192)"), parsed).outcome == Outcome::cut_short);
  CHECK(judge(kThinking + done(R"(,"done_reason":"length")")).message ==
        "thinking used up all 8192 tokens before the answer began");
  CHECK(judge(kThinking + done(""), parsed).outcome == Outcome::lost_result);
}

TEST_CASE("ollama: a stream without its end is no answer, however cleanly it stopped") {
  const Failure end = judge(piece("half a"));
  CHECK(end.outcome == Outcome::lost_result);
  CHECK(judge("").outcome == Outcome::lost_result);
  HttpResult cut = response(200, piece("half a"));
  cut.end = HttpEnd::dropped;
  CHECK(judge_stream(ollama_task(), cut).outcome == Outcome::dropped);
  cut.end = HttpEnd::idle;
  CHECK(judge_stream(ollama_task(), cut).outcome == Outcome::timed_out_active);
}

TEST_CASE("ollama: an error in the stream counts, whatever came before and after") {
  const std::string error = "{\"error\":\"an error was encountered while running the model: CUDA\"}\n";
  const Failure end = judge(piece("half a") + error);
  CHECK(end.outcome == Outcome::server_error);
  CHECK_THAT(end.message, Catch::Contains("CUDA"));
  CHECK(judge(error + done()).outcome == Outcome::server_error);
  CHECK(judge(R"({"error":{"code":400,"message":"odd"}})").outcome == Outcome::bad_request);
  CHECK(judge(R"({"error":null,"message":{"content":"x"},"done":true})").outcome == Outcome::answered);
}

TEST_CASE("ollama: an answer that talks about errors is an answer") {
  CHECK(judge(piece("401 Unauthorized, rate limit") + done()).outcome == Outcome::answered);
}

TEST_CASE("ollama: an answer that was cut at its limit has a warning") {
  ParsedOutput parsed;
  CHECK(judge(piece("long") + done(R"(,"done_reason":"length")"), parsed).outcome == Outcome::answered);
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings[0], Catch::Contains("cut at 8192 tokens"));
}

TEST_CASE("ollama: a model that runs elsewhere has one warning") {
  ParsedOutput parsed;
  const std::string remote = R"({"model":"far:8b","remote_host":"https://ollama.com","message":{"content":"x"}})";
  judge(remote + "\n" + remote + "\n" + done(), parsed);
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings[0], Catch::Contains("does not run on this machine"));
  judge(R"({"model":"big:120b-cloud","message":{"content":"x"},"done":true})", parsed);
  CHECK(parsed.warnings.size() == 1);
}

TEST_CASE("ollama: a prompt that was read in part has a warning") {
  Task task = ollama_task();
  task.prompt = std::string(35'000, 'x');
  ParsedOutput parsed;
  judge_stream(task, response(200, piece("x") + done(R"(,"prompt_eval_count":4096)")), parsed);
  REQUIRE(parsed.warnings.size() == 1);
  CHECK_THAT(parsed.warnings[0], Catch::Contains("only 4096 of about 10000 tokens"));
  judge_stream(task, response(200, piece("x") + done(R"(,"prompt_eval_count":9000)")), parsed);
  CHECK(parsed.warnings.empty());
  judge_stream(task, response(200, piece("x") + done(R"(,"prompt_eval_count":9223372036854775807)")), parsed);
  CHECK(parsed.warnings.empty());
}

TEST_CASE("ollama: refusals are understood by their text and status") {
  CHECK(refused(404, R"({"error":"model 'x' not found"})") == Outcome::model_rejected);
  CHECK(refused(404, R"({"error":"model \"x\" not found, try pulling it first"})") == Outcome::model_rejected);
  CHECK(refused(404, "404 page not found") == Outcome::bad_output);
  CHECK(refused(400, R"({"error":"\"m\" does not support chat"})") == Outcome::model_rejected);
  CHECK(refused(400, R"({"error":"registry..m does not support tools"})") == Outcome::model_rejected);
  CHECK(
      refused(
          400,
          R"({"error":"the prompt is longer than the context length currently available to the model; shorten the prompt"})") ==
      Outcome::context_too_long);
  CHECK(
      refused(
          400,
          R"j({"error":"{\"error\":{\"code\":400,\"message\":\"request (9019 tokens) exceeds the available context size (2048 tokens), try increasing it\",\"type\":\"exceed_context_size_error\"}}"})j") ==
      Outcome::context_too_long);
  CHECK(refused(401, R"({"error":"unauthorized","signin_url":"https://x"})") == Outcome::unauthenticated);
  CHECK(refused(403, "") == Outcome::blocked);
  CHECK(refused(429, R"j({"error":"rate limit exceeded (ref: 1)"})j") == Outcome::rate_limited);
  CHECK(refused(500, R"({"error":"llama-server process has terminated: signal: killed"})") == Outcome::server_error);
  CHECK(refused(500, "not json") == Outcome::server_error);
  CHECK(refused(503, R"({"error":"server busy, please try again.  maximum pending requests exceeded"})") ==
        Outcome::overloaded);
  CHECK(refused(400, "odd") == Outcome::bad_request);
}

TEST_CASE("ollama: a prompt that is too long for the server is reported with its size") {
  Task task = ollama_task();
  task.prompt = std::string(35'000, 'x');
  const Failure own = judge_stream(
      task,
      response(400, R"({"error":"the prompt is longer than the context length currently available to the model"})"));
  CHECK(own.outcome == Outcome::context_too_long);
  CHECK_THAT(own.message, Catch::StartsWith("the prompt has about 10000 tokens: the prompt is longer"));
  const Failure passed_on = judge_stream(
      task,
      response(
          400,
          R"j({"error":"{\"error\":{\"code\":400,\"message\":\"request (9019 tokens) exceeds the available context size (2048 tokens), try increasing it\",\"type\":\"exceed_context_size_error\"}}"})j"));
  CHECK(passed_on.outcome == Outcome::context_too_long);
  CHECK(passed_on.message ==
        "request (9019 tokens) exceeds the available context size (2048 tokens), try increasing it");
}
