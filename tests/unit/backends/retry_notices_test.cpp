#include "backends/retry_notice.hpp"

#include "tests/unit/backends/captured.hpp"

// What CLIs say about their own retries, in the words of several versions. The numbers are what counts.
using namespace delegate;
using namespace delegate::test;
using namespace std::chrono_literals;

namespace {

struct Notice {
  std::string text;
  std::optional<int> failures;
  std::optional<milliseconds> pause;
};

constexpr auto kQuotaAt = 8h + 44min + 7s;

std::string codex_error(const std::string& message) { return R"({"type":"error","message":")" + message + "\"}"; }
std::string claude_retry(const std::string& fields) {
  return R"({"type":"system","subtype":"api_retry",)" + fields + "}";
}

/// Lines of one CLI's output. From the last of them, and not before, it is clear that its retries are pointless.
struct Pointless {
  std::string kind;
  Stream stream;
  std::vector<std::string> lines;
  Outcome outcome;
  std::optional<milliseconds> retry_after = std::nullopt;
};

std::vector<Pointless> pointless_retries() {
  const auto out = Stream::out;
  const auto err = Stream::err;
  return {
      {"gemini",
       err,
       {"Attempt 1 failed: You have exhausted your capacity on this model. Your quota will reset after 8h44m7s.. "
        "Retrying after 32120927ms..."},
       Outcome::quota_exhausted,
       kQuotaAt},
      {"gemini", err, {"Attempt 1 failed: no more today. Retrying in 527 minutes"}, Outcome::quota_exhausted, 527min},
      {"gemini", err, {"Rate limited (429). Backing off for 45 s."}, Outcome::rate_limited, 45s},
      {"gemini",
       err,
       {"Attempt 1 failed with status 520. Retrying with backoff...", "Attempt 2 failed with status 520. Retrying"},
       Outcome::server_error},
      {"gemini",
       err,
       {"Attempt 1 failed. Retrying with backoff... Error: exception TypeError: fetch failed sending "},
       Outcome::unreachable},
      {"codex",
       out,
       {codex_error("Reconnecting... 1/5 (unexpected status 520 <unknown status code>: html, url: x)")},
       Outcome::server_error},
      {"codex",
       out,
       {codex_error("Reconnecting... 1/5 (stream disconnected before completion: Rate limit reached for gpt-5.1 on "
                    "tokens per min (TPM): Limit 30000, Used 22999. Please try again in 11.054s. Visit x)")},
       Outcome::rate_limited,
       11'054ms},
      {"codex",
       out,
       {codex_error("Reconnecting... 1/5 (stream disconnected before completion: Rate limit reached. Please try again "
                    "in 2s.)"),
        codex_error("Reconnecting... 2/5 (stream disconnected before completion: Rate limit reached. Please try again "
                    "in 2s.)")},
       Outcome::rate_limited,
       2s},
      {"codex",
       out,
       {codex_error("Reconnecting... 1/5 (stream disconnected before completion: error sending request)")},
       Outcome::dropped},
      {"codex", out, {codex_error("Reconnecting... waiting for network (name lookup failed)")}, Outcome::unreachable},
      {"codex",
       err,
       {"WARN startup_prewarm: startup websocket prewarm setup failed: stream disconnected before completion: HTTP "
        "error: 426",
        "WARN startup_prewarm: startup websocket prewarm setup failed: stream disconnected before completion: "
        "failed to lookup address information: Try again"},
       Outcome::unreachable},
      {"codex",
       out,
       {codex_error("stream error: unexpected status 401 Unauthorized; retrying 1/5 in 207ms…"),
        codex_error("stream error: unexpected status 401 Unauthorized; retrying 2/5 in 390ms…")},
       Outcome::unauthenticated},
      {"codex", out, {codex_error("Reconnecting... 1/5"), codex_error("Reconnecting... 2/5")}, Outcome::exited_nonzero},
      {"claude",
       out,
       {claude_retry(R"("attempt":1,"retry_delay_ms":565,"error_status":null,"error":"unknown")"),
        claude_retry(R"("attempt":2,"retry_delay_ms":1200,"error_status":null,"error":"unknown")")},
       Outcome::unreachable},
      {"claude",
       out,
       {claude_retry(R"("retry_delay_ms":500,"error_status":520,"error":"new_word")"),
        claude_retry(R"("retry_delay_ms":500,"error_status":520,"error":"new_word")")},
       Outcome::server_error},
      {"claude",
       out,
       {claude_retry(R"("attempt":1,"retry_after":900,"error_status":429,"error":"rate_limit")")},
       Outcome::rate_limited,
       15min},
      {"command",
       err,
       {"Error: 503 overloaded, retrying in 1s", "Error: 503 overloaded, retrying in 2s"},
       Outcome::overloaded},
      {"claude",
       out,
       {claude_retry(R"("attempt":1,"retry_after":"3600","error_status":429,"error":"rate_limit")")},
       Outcome::rate_limited,
       1h},
      {"claude",
       out,
       {claude_retry(R"("attempt":1,"retry_delay_ms":3212092.7,"error_status":429,"error":"rate_limit")")},
       Outcome::rate_limited,
       3'212'093ms},
      {"claude",
       out,
       {claude_retry(R"("attempt":1,"retry_delay_ms":"900000","error_status":503,"error":"overloaded")")},
       Outcome::overloaded,
       15min},
      {"claude",
       out,
       {claude_retry(R"("attempt":1,"retry_delay":"1h 30m","error_status":429,"error":"rate_limit")")},
       Outcome::rate_limited,
       90min},
      {"claude", err, {"API request failed; sleeping 3600s before next try"}, Outcome::rate_limited, 1h},
      {"gemini", err, {"Quota hit: next attempt in 31440s"}, Outcome::quota_exhausted, 31'440s},
      {"gemini", err, {"Too many requests - pausing until 23:59"}, Outcome::rate_limited},
      {"codex",
       err,
       {"2026-11-21T09:10:11.000000Z ERROR codex_core::client: stream error: unexpected status 401; retrying 1/5",
        "2026-11-21T09:10:12.000000Z ERROR codex_core::client: stream error: unexpected status 401; retrying 2/5"},
       Outcome::unauthenticated},
      {"gemini", err, {"connect ENETUNREACH api.openai.com, will retry in 30 seconds"}, Outcome::unreachable, 30s},
      {"command", err, {"litellm: connection refused. Will retry in 5 seconds"}, Outcome::unreachable},
  };
}

/// What tools, hooks and helpers of a CLI write to its stderr about retries of their own.
const char* const kOfOthers[] = {
    "git fetch failed, will retry in 30 seconds",
    "Waiting for lock, retrying in 60 seconds",
    "Lock file is being held by another process, retrying 3/10",
    "Warning: Problem: timeout. Will retry in 20 seconds. 3 retries left.",
    "PreToolUse hook failed, retrying (attempt 2 of 3)",
    "npm warn network retrying 2/3",
    "Failed to save session: EACCES, retrying (2/5)",
    "WebFetch https://example.com failed: ECONNREFUSED, retrying (attempt 1 of 3)",
    "WebFetch https://example.com failed with status 429, retrying in 60 seconds",
    "Failed to fetch model list: connect ECONNREFUSED 127.0.0.1:8080, will retry",
    "curl: (7) Failed to connect to localhost port 8080: Connection refused. Will retry in 30 seconds. 2 retries left.",
    "curl: (7) Failed to connect to example.com port 443: Connection refused. Will retry in 30 seconds.",
    "2026-01-01T00:00:00Z ERROR codex_core::models_manager: cannot refresh the models: timeout; retrying (2/5)",
    "Waiting until 23:59 to run the job",
};

}  // namespace

TEST_CASE("a notice of a retry gives its count and its pause, whatever its words and units") {
  const std::vector<Notice> notices{
      {"Reconnecting... 2/5", 2, {}},
      {"reconnecting… (3/5 in 380ms)", 3, 380ms},
      {"stream disconnected - retrying sampling request (2/5 in 380ms)...", 2, 380ms},
      {"Attempt 4 failed with status 503. Retrying with backoff...", 4, {}},
      {"attempt 2 of 10 failed, trying again in 1.5 minutes", 2, 90s},
      {"Retrying after 32120927ms...", {}, 32'120'927ms},
      {"rate limited; retrying in 8h44m7s", {}, kQuotaAt},
      {"Request timed out after 60s. Retrying in 2 s", {}, 2s},
      {"Waiting 30 seconds before retrying", {}, 30s},
      {"HTTP 503: will retry in 2 min", {}, 2min},
      {"Retry #2: service unavailable", {}, {}},
      {"Retrying request 5b1c9e0a-134d-4c2e-9d5f-1e5d7d0c9a3d in 2m5s", {}, 125s},
      {"Retrying request_4d2603c9b1 (1/5)", {}, {}},
  };
  for (const Notice& expected : notices) {
    INFO(expected.text);
    const auto notice = retry_notice(expected.text);
    REQUIRE(notice.has_value());
    CHECK(notice->failures == expected.failures);
    CHECK(notice->pause == expected.pause);
  }
}

TEST_CASE("advice, other programs' lines and plain words are no notice of a retry") {
  for (const char* text :
       {"", "Too many requests. Please retry after 60 seconds", "exceeded retry limit, last status: 429",
        "You've hit your usage limit. Try again at 9 PM.", "MCP server files: connection refused, retrying in 60s",
        "[github-tools] reconnecting in 30s", "failed to send telemetry, retrying in 60s",
        "Reading prompt from stdin...", "the network is retrograde", "checking for updates failed, retrying in 1h"}) {
    INFO(text);
    CHECK_FALSE(retry_notice(text).has_value());
  }
}

TEST_CASE("retries that cannot help in time are given up by the second notice at the latest") {
  for (const Pointless& row : pointless_retries()) {
    INFO(row.kind << ": " << row.lines.front());
    ParsedOutput parsed;
    for (std::size_t i = 0; i < row.lines.size(); ++i) {
      CHECK_FALSE(is_given_up(parsed));
      backend_of(row.kind).read(parsed, task_of(row.kind), row.stream, row.lines[i] + "\n");
    }
    REQUIRE(is_given_up(parsed));
    const Failure end = *end_of_retries(*parsed.failure, std::nullopt);
    CHECK(end.outcome == row.outcome);
    CHECK(end.retry_after == row.retry_after);
  }
}

TEST_CASE("a line of stderr about something else than the service is no notice of its retries") {
  for (const std::string kind : {"claude", "codex", "gemini", "command"})
    for (const char* line : kOfOthers) {
      INFO(kind << ": " << line);
      ParsedOutput parsed;
      for (int i = 0; i < 3; ++i) backend_of(kind).read(parsed, task_of(kind), Stream::err, std::string(line) + "\n");
      CHECK_FALSE(parsed.failure.has_value());
    }
}

TEST_CASE("such a line adds nothing to a retry that was announced before it") {
  for (const char* line : kOfOthers) {
    INFO(line);
    ParsedOutput parsed;
    const Task task = task_of("gemini");
    backend_of("gemini").read(parsed, task, Stream::err,
                              "Attempt 1 failed with status 500. Retrying with backoff...\n");
    backend_of("gemini").read(parsed, task, Stream::err, std::string(line) + "\n");
    CHECK_FALSE(is_given_up(parsed));
  }
}

TEST_CASE("a long wait for an unknown reason is given up, but says nothing about a limit") {
  ParsedOutput parsed;
  backend_of("codex").read(parsed, task_of("codex"), Stream::out,
                           codex_error("state file is locked, retrying in 60 seconds"));
  REQUIRE(is_given_up(parsed));
  CHECK(parsed.failure->outcome == Outcome::exited_nonzero);
}

TEST_CASE("a retry that helped does not count towards the next one") {
  ParsedOutput parsed;
  const Task task = task_of("codex");
  for (int i = 0; i < 3; ++i) {
    for (const std::string& line :
         {codex_error("Reconnecting... 1/5 (unexpected status 401 Unauthorized: expired)"),
          std::string(R"({"type":"item.completed","item":{"type":"command_execution","id":"1"}})")})
      backend_of("codex").read(parsed, task, Stream::out, line);
    CHECK_FALSE(parsed.failure.has_value());
  }
}

TEST_CASE("a proxy that refuses the WebSocket is left to codex, whatever status it answers with") {
  for (const char* words : {"IO error: closed", "HTTP error: 403 Forbidden", "HTTP error: 502 Bad Gateway"}) {
    ParsedOutput parsed;
    for (int i = 1; i <= 5; ++i)
      backend_of("codex").read(parsed, task_of("codex"), Stream::out,
                               codex_error("Reconnecting... " + std::to_string(i) +
                                           "/5 (stream disconnected before completion: " + words + ")"));
    CHECK_FALSE(is_given_up(parsed));
  }
}

TEST_CASE("retries without a known reason are explained by what else was printed") {
  ParsedOutput parsed;
  const Capture capture{.out = codex_error("Reconnecting... 1/5") + "\n" + codex_error("Reconnecting... 2/5") + "\n",
                        .err = "ERROR: getaddrinfo ENOTFOUND api.openai.com\n",
                        .exit = "killed"};
  parsed = read_capture(backend_of("codex"), task_of("codex"), capture, Arrival::out_first);
  const ChildResult result = end_of(capture, parsed);
  parsed.failure = end_of_retries(*parsed.failure, std::nullopt);
  CHECK(judge_process(backend_of("codex"), task_of("codex"), parsed, result).outcome == Outcome::unreachable);
}

TEST_CASE("each CLI's session file is looked for where it keeps it, by the name of this very session") {
  ParsedOutput parsed;
  parsed.session_id = "0199a213-81c0-7800-8aa1-bbab2a035a11";
  const auto place = [&](const std::string& kind, Environment environment) {
    Task task = task_of(kind);
    task.environment = std::move(environment);
    const auto files = backend_of(kind).session_files(parsed, task);
    return files ? files->directory + " " + files->part : "";
  };
  CHECK(place("claude", {{"HOME", "/h"}}) == "/h/.claude/projects " + parsed.session_id);
  CHECK(place("claude", {{"HOME", "/h"}, {"CLAUDE_CONFIG_DIR", "/c"}}) == "/c/projects " + parsed.session_id);
  CHECK(place("codex", {{"HOME", "/h"}, {"CODEX_HOME", "/x"}}) == "/x/sessions " + parsed.session_id);
  CHECK(place("gemini", {{"HOME", "/h"}}) == "/h/.gemini/tmp 0199a213");
  CHECK(place("codex", {}).empty());
  for (const char* name : {"", "../../etc", "t1"}) {
    parsed.session_id = name;
    CHECK(place("codex", {{"HOME", "/h"}}).empty());
  }
}
