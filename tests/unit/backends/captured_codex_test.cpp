#include "tests/unit/backends/captured.hpp"

// Codex CLI 0.169.0, recorded. It reports no status and no model: the class of an error is in its text.
using namespace delegate;
using namespace delegate::test;

namespace {

ExpectedEnd failure(const char* name, Outcome outcome, const char* message) {
  return {.name = name, .outcome = outcome, .message = message};
}

ExpectedEnd answer(const char* name, const char* text, std::int64_t input, std::int64_t output) {
  return {.name = name, .outcome = Outcome::answered, .text = text, .input_tokens = input, .output_tokens = output};
}

std::vector<ExpectedEnd> table() {
  std::vector<ExpectedEnd> rows{
      failure("400ctx", Outcome::context_too_long, "ran out of room in the model's context window"),
      failure("401", Outcome::unauthenticated, "Incorrect API key provided"),
      failure("403", Outcome::unauthenticated, "403 Forbidden"),
      failure("502", Outcome::server_error, "502 Bad Gateway"),
      failure("errorevent", Outcome::server_error, "An error occurred while processing your request"),
      failure("closed", Outcome::dropped, "error sending request"),
      failure("refuse", Outcome::unreachable, "Connection failed"),
      failure("garbage", Outcome::bad_output, "stream closed before response.completed"),
      failure("maxtokens", Outcome::cut_short, "max_output_tokens"),
      failure("flag", Outcome::spawn_failed, "unexpected argument '--no-such-flag' found"),
      failure("no_login", Outcome::unauthenticated, "401 Unauthorized: Missing bearer"),
      failure("404", Outcome::model_rejected, "does not exist or you do not have access"),
      failure("429", Outcome::rate_limited, "429 Too Many Requests"),
      failure("429retry", Outcome::rate_limited, "429 Too Many Requests"),
      failure("429quota", Outcome::quota_exhausted, "Quota exceeded"),
      failure("429usage", Outcome::quota_exhausted, "hit your usage limit"),
      failure("500", Outcome::overloaded, "experiencing high demand"),
      failure("529", Outcome::overloaded, "at capacity"),
      failure("drop", Outcome::dropped, "stream disconnected before completion"),
      failure("hang", Outcome::idle_timed_out, "fell silent"),
      failure("hangmid", Outcome::idle_timed_out, "fell silent"),
      failure("resume_unknown", Outcome::bad_request, "no rollout found"),
      answer("ok", "pong: hello from delegate", 11, 7),
      answer("resume", "recalled: hello from delegate", 22, 14),
      answer("unknown_model", "pong: hello from delegate", 11, 7),
      answer("tool",
             "tool said: Chunk ID: 729792 Wall time: 0.0000 seconds Process exited with code 1 Original token count: "
             "13 Output: touch: cannot touch 'made': Read-only file system",
             22, 14),
      answer("empty", "", 11, 7),
      answer("refusal", "", 11, 7),  // codex does not tell
  };
  for (auto row = rows.end() - 2; row != rows.end(); ++row) row->outcome = Outcome::answered_empty;
  return rows;
}

ParsedOutput reading_of(std::initializer_list<std::string> lines) {
  const Capture capture{.out = join(std::vector<std::string>(lines), "\n")};
  return read_capture(backend_of("codex"), task_of("codex"), capture, Arrival::out_first);
}

}  // namespace

TEST_CASE("codex: every recorded end gets the right outcome, however its bytes are split") {
  check_verdicts("codex", table());
}

TEST_CASE("codex: no recording is without a verdict") { CHECK(names_in(table()) == captures_of("codex")); }

TEST_CASE("codex: a refused sign-in is given up at its second try") {
  for (const char* name : {"401", "no_login"}) CHECK(hopeless_after("codex", name) == 4);  // thread, turn, 1/5, 2/5
}

TEST_CASE("codex: a broken stream is given up at its second failure") {
  CHECK(hopeless_after("codex", "drop") == 4);
  for (const char* name : {"ok", "tool", "empty"}) CHECK(hopeless_after("codex", name) == 0);
}

TEST_CASE("codex: an error reported only after five tries is given up immediately") {
  for (const char* name : {"500", "429retry"}) CHECK(hopeless_after("codex", name) == 3);
}

TEST_CASE("codex: a WebSocket that is not let through is left to it, for it goes on with HTTPS") {
  const ParsedOutput parsed = reading_of(
      {R"j({"type":"error","message":"Reconnecting... 3/5 (stream disconnected before completion: IO error: closed)"})j"});
  CHECK_FALSE(is_given_up(parsed));
}

TEST_CASE("codex: the body of an answer and a tool's output are no failures of its sign-in") {
  const ParsedOutput gateway = reading_of(
      {R"j({"type":"turn.failed","error":{"message":"unexpected status 502 Bad Gateway: 401 Unauthorized, rate limit"}})j"});
  CHECK(gateway.failure->outcome == Outcome::server_error);
  const ParsedOutput tool = reading_of(
      {R"({"type":"item.completed","item":{"type":"command_execution","aggregated_output":"401 Unauthorized"}})",
       R"({"type":"item.completed","item":{"type":"agent_message","text":"unexpected status 401 Unauthorized"}})"});
  CHECK_FALSE(tool.failure.has_value());
}

TEST_CASE("codex: the message of a retry is shown without its count") {
  const ParsedOutput parsed = reading_of(
      {R"j({"type":"error","message":"Reconnecting... 1/5 (unexpected status 401 Unauthorized: no (really), url: x)"})j"});
  CHECK(parsed.failure->message == "unexpected status 401 Unauthorized: no (really), url: x");
}

TEST_CASE("codex: a wait for the network without end is cut short") {
  const ParsedOutput parsed = reading_of(
      {R"j({"type":"error","message":"Reconnecting... waiting for network (Connection failed: error sending request)"})j"});
  REQUIRE(parsed.failure.has_value());
  CHECK(parsed.failure->outcome == Outcome::unreachable);
  CHECK(is_given_up(parsed));
}

TEST_CASE("codex: an answer that talks about errors is an answer, and so is one after retries") {
  const ParsedOutput parsed =
      reading_of({R"j({"type":"error","message":"Reconnecting... 1/5 (stream disconnected before completion)"})j",
                  R"({"type":"item.completed","item":{"type":"agent_message","text":"first thoughts"}})",
                  R"({"type":"item.completed","item":{"type":"error","message":"rate limit, quota exceeded"}})",
                  R"({"type":"item.completed","item":{"type":"agent_message","text":"401 Unauthorized, rate limit"}})",
                  R"({"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":2}})"});
  CHECK(parsed.complete);
  CHECK_FALSE(parsed.failure.has_value());
  CHECK(parsed.text == "401 Unauthorized, rate limit");
}

TEST_CASE("codex: a failed turn is no answer, whatever text came before it") {
  ParsedOutput parsed = reading_of({R"({"type":"item.completed","item":{"type":"agent_message","text":"half a"}})",
                                    R"({"type":"turn.failed","error":{"message":"something new"}})"});
  const Failure end = judge_process(backend_of("codex"), task_of("codex"), parsed, end_of({.exit = "1"}, parsed));
  CHECK(end.outcome == Outcome::exited_nonzero);
  CHECK(end.message == "something new");
}

TEST_CASE("codex: a rate limit's own waiting time is kept") {
  const ParsedOutput parsed = reading_of(
      {R"({"type":"turn.failed","error":{"message":"Rate limit reached for gpt. Please try again in 1m6.5s."}})"});
  REQUIRE(parsed.failure.has_value());
  CHECK(parsed.failure->outcome == Outcome::rate_limited);
  CHECK(parsed.failure->retry_after == milliseconds(66'500));
}

TEST_CASE("codex: a request's identifier is no waiting time, whatever its digits") {
  const std::string before =
      R"({"type":"error","message":"Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests, )";
  for (const std::string id : {"4d2603c9b14afa411ea0dc28", "2603c9b14d2fa411ea0dc282", "0dc28214d26030c9b14afa41"}) {
    INFO(id);
    const ParsedOutput parsed = reading_of({before + "request id: req_" + id + ")\"}"});
    REQUIRE(parsed.failure.has_value());
    CHECK(parsed.failure->outcome == Outcome::rate_limited);
    CHECK_FALSE(parsed.failure->retry_after.has_value());
    REQUIRE(parsed.failure->retrying.has_value());
    CHECK(parsed.failure->retrying->pause == milliseconds(0));
  }
}
