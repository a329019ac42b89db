#include "tests/unit/backends/captured.hpp"

// Claude Code 2.1.329, recorded. `_subscription`: signed in with an OAuth token instead of an API key; `_retrying`: its
// own retries were left on and it was stopped.
using namespace delegate;
using namespace delegate::test;

namespace {

constexpr const char* kOpus = "claude-opus-5-5";
constexpr const char* kSonnet = "claude-sonnet-5-5";
constexpr const char* kHello = "pong: hello from delegate";

ExpectedEnd failure(const char* name, Outcome outcome, const char* message, const char* model = kOpus) {
  return {.name = name, .outcome = outcome, .message = message, .model = model};
}

ExpectedEnd answer(const char* name, const char* text, std::int64_t input, std::int64_t output, double cost,
                   const char* model = kOpus) {
  return {.name = name,
          .outcome = Outcome::answered,
          .text = text,
          .model = model,
          .input_tokens = input,
          .output_tokens = output,
          .cost_usd = cost};
}

std::vector<ExpectedEnd> table() {
  std::vector<ExpectedEnd> rows{
      failure("400ctx", Outcome::context_too_long, "Prompt is too long"),
      failure("401", Outcome::unauthenticated, "Invalid API key"),
      failure("401_retrying", Outcome::unauthenticated, "sign-in refused"),
      failure("401_subscription", Outcome::unauthenticated, "Not logged in", kSonnet),
      failure("403", Outcome::unauthenticated, "does not have permission"),
      failure("502", Outcome::server_error, "502 Bad Gateway"),
      failure("errorevent", Outcome::overloaded, "529 Overloaded"),
      failure("closed", Outcome::dropped, "Connection dropped"),
      failure("garbage", Outcome::bad_output, "empty or malformed response"),
      failure("maxtokens", Outcome::cut_short, "exceeded the 128000 output token maximum"),
      failure("refusal", Outcome::refused_by_policy, "safeguards flagged this message"),
      failure("flag", Outcome::spawn_failed, "unknown option '--no-such-flag'", ""),
      failure("404", Outcome::model_rejected, "issue with the selected model"),
      failure("429", Outcome::rate_limited, "Request rejected (429)"),
      failure("429_subscription", Outcome::rate_limited, "temporarily limiting requests", kSonnet),
      failure("429quota", Outcome::quota_exhausted, "Credit balance is too low"),
      failure("429retry", Outcome::rate_limited, "Request rejected (429)"),
      failure("429retry_retrying", Outcome::rate_limited, "rate_limit"),
      failure("429usage", Outcome::quota_exhausted, "exceed your account's rate limit"),
      failure("429usage_subscription", Outcome::quota_exhausted, "hit your 5-hour limit", kSonnet),
      failure("500", Outcome::server_error, "500 Internal server error"),
      failure("529", Outcome::overloaded, "529 Overloaded"),
      failure("drop", Outcome::dropped, "Connection dropped (ECONNRESET)"),
      failure("hang", Outcome::idle_timed_out, "fell silent"),
      failure("hangmid", Outcome::idle_timed_out, "fell silent"),
      failure("no_login", Outcome::unauthenticated, "Not logged in"),
      failure("resume_unknown", Outcome::bad_request, "No conversation found", ""),
      answer("denied",
             "tool said: Claude requested permissions to read from /etc/hostname, but you haven't granted it yet.", 22,
             14, 0.000368),
      answer("ok", kHello, 11, 7, 0.000184),
      answer("ok_partial", kHello, 11, 7, 0.000184),
      answer("ok_subscription", kHello, 11, 7, 0.000092, kSonnet),
      answer("resume", "recalled: hello from delegate", 11, 7, 0.000368),
      answer("empty", "", 22, 14, 0.000368),
  };
  rows.back().outcome = Outcome::answered_empty;
  for (ExpectedEnd& row : rows)
    if (row.name == "429retry_retrying") row.retry_after = milliseconds(20'535);
  for (ExpectedEnd& row : rows)
    if (row.name == "429usage_subscription") row.retry_at = std::chrono::seconds(1795237212);
  return rows;
}

Failure judge_lines(std::initializer_list<const char*> lines, ParsedOutput& parsed, int exit_code = 1) {
  const Capture capture{.out = join(std::vector<std::string>(lines.begin(), lines.end()), "\n"),
                        .exit = std::to_string(exit_code)};
  parsed = read_capture(backend_of("claude"), task_of("claude"), capture, Arrival::out_first);
  return judge_process(backend_of("claude"), task_of("claude"), parsed, end_of(capture, parsed));
}

}  // namespace

TEST_CASE("claude: every recorded end gets the right outcome, however its bytes are split") {
  check_verdicts("claude", table());
}

TEST_CASE("claude: no recording is without a verdict") { CHECK(names_in(table()) == captures_of("claude")); }

TEST_CASE("claude: a refused sign-in is given up at its second try, not after the tenth") {
  CHECK(hopeless_after("claude", "401_retrying") == 3);  // init, first try, second try
  for (const char* name : {"ok", "429", "500", "drop"}) CHECK(hopeless_after("claude", name) == 0);
}

TEST_CASE("claude: a wait of twenty seconds is not sat out, and is remembered") {
  CHECK(hopeless_after("claude", "429retry_retrying") == 2);  // init, the retry
}

TEST_CASE("claude: what a tool printed is no failure of its sign-in") {
  ParsedOutput parsed;
  CHECK(judge_lines({R"({"type":"user","error":"authentication_failed","message":{"content":[{"type":"tool_result",)"
                     R"("content":"HTTP/1.1 401 Unauthorized: invalid api key"}]}})"},
                    parsed, 1)
            .outcome == Outcome::exited_nonzero);
}

TEST_CASE("claude: fields of the record take precedence over the text of a body") {
  ParsedOutput parsed;
  CHECK(judge_lines({R"j({"type":"result","is_error":true,"api_error_status":503,)j"
                     R"j("result":"API Error: 503 401 Unauthorized, incorrect API key"})j"},
                    parsed)
            .outcome == Outcome::overloaded);
  CHECK(judge_lines(
            {R"j({"type":"result","is_error":true,"stop_reason":"refusal","result":"API Error: not logged in"})j"},
            parsed)
            .outcome == Outcome::refused_by_policy);
}

TEST_CASE("claude: a first refused sign-in is left alone: it may be renewing its token just now") {
  CHECK(hopeless_after("claude", "401_subscription") == 0);
  CHECK(hopeless_after("claude", "401") == 0);
}

TEST_CASE("claude: an answer that talks about errors is an answer") {
  ParsedOutput parsed;
  const Failure end = judge_lines(
      {R"({"type":"assistant","message":{"content":[{"type":"text","text":"401 Unauthorized"}]}})",
       R"({"type":"result","subtype":"success","is_error":false,"result":"401 Unauthorized, rate limit, quota exceeded"})"},
      parsed, 0);
  CHECK(end.outcome == Outcome::answered);
  CHECK(parsed.text == "401 Unauthorized, rate limit, quota exceeded");
}

TEST_CASE("claude: an answer of blanks alone is an empty one") {
  ParsedOutput parsed;
  CHECK(judge_lines({R"({"type":"result","is_error":false,"result":" \n","usage":{"output_tokens":3}})"}, parsed, 0)
            .outcome == Outcome::answered_empty);
}

TEST_CASE("claude: what was retried with success is forgotten") {
  constexpr const char* kRetry =
      R"({"type":"system","subtype":"api_retry","attempt":1,"error":"rate_limit","error_status":429})";
  constexpr const char* kWorks = R"({"type":"assistant","message":{"content":[{"type":"text","text":"so"}]}})";
  ParsedOutput parsed;
  SECTION("by the answer") {
    CHECK(judge_lines({kRetry, R"({"type":"result","is_error":false,"result":"fine"})"}, parsed, 0).outcome ==
          Outcome::answered);
  }
  SECTION("by going on, so that a silence afterwards is a silence") {
    judge_lines({kRetry, kWorks}, parsed);
    CHECK_FALSE(parsed.failure.has_value());
  }
}

TEST_CASE("claude: a rejected window without its end is a rate limit, with its end an exhausted quota") {
  ParsedOutput parsed;
  CHECK(judge_lines({R"({"type":"rate_limit_event","rate_limit_info":{"status":"rejected"}})"}, parsed).outcome ==
        Outcome::rate_limited);
  const Failure end = judge_lines(
      {R"({"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795237212}})",
       R"({"type":"assistant","error":"rate_limit","message":{"content":[{"type":"text","text":"limited"}]}})"},
      parsed);
  CHECK(end.outcome == Outcome::quota_exhausted);
  CHECK(end.retry_at == std::chrono::seconds(1795237212));
}

TEST_CASE("claude: the error text takes precedence over the vague class server_error") {
  constexpr const char* kClass = R"({"type":"assistant","error":"server_error","message":{"content":[]}})";
  ParsedOutput parsed;
  CHECK(judge_lines(
            {kClass, R"j({"type":"result","is_error":true,"result":"API Error: Connection refused (ECONNREFUSED)"})j"},
            parsed)
            .outcome == Outcome::unreachable);
  CHECK(judge_lines({kClass, R"({"type":"result","is_error":true,"result":"API Error: hm","api_error_status":529})"},
                    parsed)
            .outcome == Outcome::overloaded);
  CHECK(judge_lines({kClass, R"({"type":"result","is_error":true,"result":"API Error: hm"})"}, parsed).outcome ==
        Outcome::server_error);
}

TEST_CASE("claude: a denied tool is reported once") {
  const Task task = task_of("claude");
  CHECK(read_capture(backend_of("claude"), task, captured("claude", "denied"), Arrival::out_first).denied ==
        std::vector<std::string>{"Read"});
  CHECK(read_capture(backend_of("claude"), task, captured("claude", "ok"), Arrival::out_first).denied.empty());
}
