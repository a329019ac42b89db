#include "tests/unit/backends/captured.hpp"

// Gemini CLI 0.61.0, recorded. Its exit codes are HTTP statuses modulo 256: 144 and 145 are no signals.
using namespace delegate;
using namespace delegate::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kFlash = "gemini-2.5-flash";
constexpr const char* kQuota = "exceeded your current quota";

ExpectedEnd failure(const char* name, Outcome outcome, const char* message, const char* model = kFlash,
                    std::optional<milliseconds> retry_after = std::nullopt) {
  return {.name = name, .outcome = outcome, .message = message, .model = model, .retry_after = retry_after};
}

ExpectedEnd answer(const char* name, const char* text, std::int64_t input, std::int64_t output,
                   const char* model = kFlash) {
  return {.name = name,
          .outcome = Outcome::answered,
          .text = text,
          .model = model,
          .input_tokens = input,
          .output_tokens = output};
}

std::vector<ExpectedEnd> table() {
  return {
      failure("400ctx", Outcome::context_too_long, "input token count (1234567) exceeds"),
      failure("401", Outcome::unauthenticated, "API key not valid"),
      failure("403", Outcome::unauthenticated, "does not have permission"),
      failure("502", Outcome::server_error, "502 Bad Gateway"),
      failure("errorevent", Outcome::lost_result, "ended without a finish reason"),
      failure("stumble", Outcome::dropped, "broke off and started again"),
      failure("closed", Outcome::unreachable, "fetch failed"),
      failure("garbage", Outcome::bad_output, "Incomplete JSON segment"),
      failure("flag", Outcome::spawn_failed, "Unknown arguments", ""),
      failure("401_auto", Outcome::unauthenticated, "API key not valid", "auto"),
      failure("404", Outcome::model_rejected, "is not found for API version"),
      failure("429", Outcome::rate_limited, kQuota, kFlash, 60s),
      failure("429_retrying", Outcome::rate_limited, kQuota, kFlash, 60s),
      failure("429retry", Outcome::rate_limited, kQuota, kFlash, 20s),
      failure("429retry_retrying", Outcome::rate_limited, kQuota, kFlash, 20s),
      failure("429quota", Outcome::quota_exhausted, "exhausted your daily quota"),
      failure("429usage", Outcome::quota_exhausted, "exhausted your daily quota"),
      failure("500", Outcome::server_error, "internal error has occurred"),
      failure("500_retrying", Outcome::server_error, "internal error has occurred"),
      failure("500_auto_retrying", Outcome::server_error, "internal error has occurred", "auto"),
      failure("529", Outcome::overloaded, "model is overloaded"),
      failure("529_retrying", Outcome::overloaded, "model is overloaded"),
      failure("drop", Outcome::dropped, "terminated"),
      failure("empty", Outcome::lost_result, "empty response"),
      failure("hang", Outcome::idle_timed_out, "fell silent"),
      failure("hangmid", Outcome::idle_timed_out, "fell silent"),
      failure("login_expired", Outcome::unauthenticated, "Manual authorization is required", ""),
      failure("no_key", Outcome::unauthenticated, "GEMINI_API_KEY", ""),
      failure("no_login", Outcome::unauthenticated, "Please set an Auth method", ""),
      failure("resume_unknown", Outcome::bad_request, "Error resuming session", ""),
      answer("ok", "pong: hello from delegate", 11, 7),
      answer("maxtokens", "pong: hello from delegate", 11, 7),  // gemini does not tell
      answer("refusal", "pong: hello from delegate", 11, 7),
      answer("ok_auto", "pong: hello from delegate", 22, 14, "auto"),
      answer("resume", "recalled: hello from delegate", 11, 7),
      answer("tool", "tool said: {'output': 'Directory /home/user/project is empty.'}", 22, 14),
  };
}

struct Text {
  std::string out;
  std::string err;
};

Failure judge(const Text& text, int exit_code, ParsedOutput& parsed, Arrival arrival = Arrival::out_first) {
  const Capture capture{.out = text.out, .err = text.err, .exit = std::to_string(exit_code)};
  parsed = read_capture(backend_of("gemini"), task_of("gemini"), capture, arrival);
  return judge_process(backend_of("gemini"), task_of("gemini"), parsed, end_of(capture, parsed));
}
Failure judge(const Text& text, int exit_code) {
  ParsedOutput parsed;
  return judge(text, exit_code, parsed);
}

constexpr const char* kWord = R"({"type":"message","role":"assistant","content":"401 Unauthorized, rate limit"})";
constexpr const char* kSuccess = R"({"type":"result","status":"success","stats":{"output_tokens":3}})";

}  // namespace

TEST_CASE("gemini: every recorded end gets the right outcome, however its bytes are split") {
  check_verdicts("gemini", table());
}

TEST_CASE("gemini: no recording is without a verdict") { CHECK(names_in(table()) == captures_of("gemini")); }

TEST_CASE("gemini: its own retries, reported on stderr, are cut short") {
  for (const char* name : {"429_retrying", "429retry_retrying", "500_retrying", "529_retrying", "500_auto_retrying"}) {
    INFO(name);
    CHECK(hopeless_after("gemini", name, Stream::err) > 0);
  }
  CHECK(hopeless_after("gemini", "ok", Stream::err) == 0);
  CHECK(hopeless_after("gemini", "401", Stream::err) == 0);
}

TEST_CASE("gemini: an answer that talks about errors is an answer") {
  ParsedOutput parsed;
  CHECK(judge({.out = std::string(kWord) + "\n" + kSuccess}, 0, parsed).outcome == Outcome::answered);
  CHECK(parsed.text == "401 Unauthorized, rate limit");
}

TEST_CASE("gemini: an answer that its limit of turns has cut is none, though its end says success") {
  const std::string limit = R"({"type":"error","severity":"error","message":"Maximum session turns exceeded"})";
  ParsedOutput parsed;
  CHECK(judge({.out = std::string(kWord) + "\n" + limit + "\n" + kSuccess}, 0, parsed).outcome == Outcome::cut_short);
}

TEST_CASE("gemini: a retry reported on stderr does not undo the answer on stdout") {
  const Text text{
      .out = std::string(kWord) + "\n" + kSuccess,
      .err = "Attempt 1 failed with status 500. Retrying with backoff...\nAttempt 2 failed with status 503.\n"};
  for (const Arrival arrival : {Arrival::out_first, Arrival::err_first, Arrival::byte_by_byte}) {
    ParsedOutput parsed;
    CHECK(judge(text, 0, parsed, arrival).outcome == Outcome::answered);
  }
}

TEST_CASE("gemini: an answer that started again behind the parts of a broken one is rejected") {
  const auto said = [](const char* second, const char* words) {
    return std::string(R"({"type":"message","role":"assistant","delta":true,"timestamp":"2026-11-21T09:17:)") + second +
           R"(Z","content":")" + words + "\"}\n";
  };
  ParsedOutput parsed;
  SECTION("mixed pieces") {
    CHECK(judge({.out = said("16.702", "pong: he") + said("17.764", "pong:") + said("17.765", " hello") + kSuccess}, 0,
                parsed)
              .outcome == Outcome::dropped);
  }
  SECTION("a pause alone proves nothing, nor does a repetition") {
    CHECK(judge({.out = said("16.702", "pong: he") + said("18.764", "llo") + kSuccess}, 0, parsed).outcome ==
          Outcome::answered);
    CHECK(parsed.text == "pong: hello");
    ParsedOutput again;
    CHECK(judge({.out = said("16.702", "tra la ") + said("17.001", "tra la") + kSuccess}, 0, again).outcome ==
          Outcome::answered);
    CHECK(again.text == "tra la tra la");
  }
  SECTION("a tool's time is no pause") {
    const std::string tool = "{\"type\":\"tool_use\",\"tool_name\":\"ls\"}\n";
    CHECK(judge({.out = said("16.702", "so ") + tool + said("18.764", "so it is") + kSuccess}, 0, parsed).outcome ==
          Outcome::answered);
    CHECK(parsed.text == "so it is");
  }
}

TEST_CASE("gemini: what a tool printed is no failure of its sign-in") {
  const std::string tool =
      R"({"type":"tool_result","status":"error","output":"401 Unauthorized: API key not valid","error":{"message":"not logged in"}})";
  CHECK(judge({.out = tool + "\n"}, 1).outcome == Outcome::exited_nonzero);
}

TEST_CASE("gemini: the status of the API's record takes precedence over its text") {
  const Failure end = judge({.err = "\n{\n \"error\": {\"message\": \"{\\\"error\\\":{\\\"code\\\":503,"
                                    "\\\"message\\\":\\\"not logged in, rate limit\\\"}}\"}\n}\n"},
                            247);
  CHECK(end.outcome == Outcome::overloaded);
}

TEST_CASE("gemini: exit codes above 128 are not deaths by signal") {
  CHECK(judge({.err = "something went wrong"}, 144).outcome == Outcome::exited_nonzero);
  CHECK(judge({.err = "something went wrong"}, 145).outcome == Outcome::unauthenticated);
  CHECK(judge({.err = "something went wrong"}, 173).outcome == Outcome::rate_limited);
  CHECK_THAT(judge({.err = "something went wrong"}, 144).message, Catch::Contains("exit code 144"));
}

TEST_CASE("gemini: a directory that it does not trust is our refusal, not its sickness") {
  CHECK(judge({.err = "not trusted"}, 55).outcome == Outcome::blocked);
}

TEST_CASE("gemini: without events on stdout the JSON at the end of stderr decides") {
  const Failure end = judge({.err = "at x (y.js:1:2)\n{\n \"error\": {\"message\": \"{\\\"error\\\":{\\\"code\\\":503,"
                                    "\\\"message\\\":\\\"gone for lunch\\\"}}\"}\n}\n"},
                            247);
  CHECK(end.outcome == Outcome::overloaded);
  CHECK(end.message == "gone for lunch");
}

TEST_CASE("gemini: a line number of a stack trace is no status") {
  const Failure end = judge({.err = "TypeError: x is not a function\n    at f (file:///a/b.js:429:503)\n    at g "
                                    "(b.js:529:1)\n"},
                            1);
  CHECK(end.outcome == Outcome::exited_nonzero);
}
