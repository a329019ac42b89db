#include <catch2/catch.hpp>

#include "cli/mcp/results.hpp"
#include "core/base/json.hpp"

// What a model reads about a run: the same in the text and in the structured form.
using namespace delegate;
using namespace delegate::cli::server;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

namespace {

RunRecord answer(const std::string& text, OrderedJson more = OrderedJson::object()) {
  OrderedJson run{
      {"answer", text}, {"backend", "codex"}, {"model", "gpt"}, {"session_id", "s-1"}, {"duration_ms", 1260}};
  run.update(more);
  return parse_run_record(delegate::dump(run));
}

RunRecord failed(const std::string& outcome, OrderedJson error, OrderedJson more = OrderedJson::object()) {
  error["outcome"] = outcome;
  OrderedJson run{{"error", std::move(error)}};
  run.update(more);
  return parse_run_record(delegate::dump(run));
}

ShownRun shown(std::size_t offset = 0, std::size_t most = 10'000) {
  return {.id = "r1", .offset = offset, .most = most, .times = {}};
}

std::string text_of(const mcp::ToolResult& result) { return result.content.at(0).text; }
OrderedJson json_of(const mcp::ToolResult& result) { return *result.structured; }

}  // namespace

TEST_CASE("both forms of an answer name its backend, session and run") {
  const EndedRun run = ended(answer("hello"), shown());
  CHECK_FALSE(run.is_cut);
  CHECK_FALSE(run.result.is_error);
  CHECK(text_of(run.result) == "hello\n\n[codex gpt, 1.3 s, session s-1, run r1]");
  const OrderedJson json = json_of(run.result);
  CHECK(json["answer"] == "hello");
  CHECK(json["status"] == "done");
  CHECK(json["session"] == "s-1");
  CHECK(json["run"] == "r1");
  CHECK(json["seconds"] == 1.3);
  for (const char* absent : {"next_offset", "note", "error"}) CHECK_FALSE(json.contains(absent));
}

TEST_CASE("no form of a part is longer than its client shows, and the parts make up the whole") {
  std::string lines;
  for (int i = 0; lines.size() < 30'000; ++i) lines += "line " + std::to_string(i) + " \"ä\" €\\\n\t";
  std::string escapes;
  for (int i = 0; i < 4'000; ++i) escapes += "\x1b\"";
  for (const std::string& whole : {lines, escapes, std::string(20'000, 'x'), std::string(9'000, '\n')}) {
    for (const std::size_t most : {1'500u, 4'000u, 10'000u}) {
      std::string put_together;
      std::size_t offset = 0;
      for (int parts = 0; parts < 200; ++parts) {
        const EndedRun run = ended(answer(whole), shown(offset, most));
        const OrderedJson json = json_of(run.result);
        CHECK(delegate::dump(json).size() <= most);
        CHECK(text_of(run.result).size() <= most);
        CHECK(run.is_cut);
        const std::string part = json["answer"];
        CHECK((static_cast<unsigned char>(part.empty() ? 'x' : part[0]) & 0xC0) != 0x80);
        put_together += part;
        if (!json.contains("next_offset")) break;
        CHECK_THAT(text_of(run.result), Contains("run=r1 and offset=" + json["next_offset"].dump()));
        REQUIRE(json["next_offset"].get<std::size_t>() > offset);
        offset = json["next_offset"].get<std::size_t>();
      }
      CHECK(put_together == whole);
    }
  }
}

TEST_CASE("a part ends with a line if one ends in its second half") {
  const std::string whole = "first line\nsecond line\nthird line";
  CHECK(end_of_part(whole, 0, 30) == 23);
  CHECK(end_of_part(whole, 0, 100) == whole.size());
  CHECK(end_of_part("ab\ncdefghijklmnop", 0, 10) == 9);  // the only line's end is in its first half
  CHECK(end_of_part("€€", 0, 4) == 3);
  CHECK(end_of_part("€€", 0, 1) == 3);  // at least one character
}

TEST_CASE("an offset within a character begins with it, and one past the end is an error that says so") {
  CHECK(json_of(ended(answer("€x"), shown(1)).result)["answer"] == "€x");
  for (const std::size_t offset : {std::size_t{3}, std::size_t{1'000'000}}) {
    const EndedRun run = ended(answer("abc"), shown(offset));
    CHECK(run.result.is_error);
    CHECK_THAT(json_of(run.result)["error"].get<std::string>(),
               Contains("offset " + std::to_string(offset) + " is past the end") && Contains("3 bytes"));
  }
  CHECK(json_of(ended(answer(""), shown(0)).result)["answer"] == "");
}

TEST_CASE("notes say who was skipped or failed before, and what the configuration ignores") {
  ShownRun with_notes = shown();
  with_notes.notes = {"delegate.toml is not trusted"};
  const EndedRun run = ended(
      answer("hi",
             {{"skipped",
               {{{"backend", "claude"}, {"reason", "breaker_open"}, {"retry_in_ms", 43'500}, {"cause", "rate_limited"}},
                {{"backend", "gemini"}, {"reason", "not_installed"}}}},
              {"attempts",
               {{{"backend", "qwen"},
                 {"outcome", "timed_out"},
                 {"duration_ms", 3000},
                 {"message", "no output"},
                 {"tripped", true}},
                {{"backend", "codex"}, {"outcome", "answered"}}}},
              {"warnings", {"a warning; `delegate runs r0 --diff` shows more"}}}),
      with_notes);
  CHECK(json_of(run.result)["note"] ==
        "claude is skipped for 44 s: rate limited\nqwen failed after 3.0 s: timed out (no output)\n"
        "qwen is skipped for a while from now on\na warning\ndelegate.toml is not trusted");
  CHECK_THAT(text_of(run.result), EndsWith("\n[" + json_of(run.result)["note"].get<std::string>() + "]"));
}

TEST_CASE("an open breaker is an error with the cause in words, how long it lasts, and who answers meanwhile") {
  const RunRecord open =
      failed("breaker_open",
             {{"message", "no backend is available right now"},
              {"hint", "`delegate ask` without -b uses the other backends; `delegate breaker reset codex` …"},
              {"retry_at", "1970-01-01T00:00:44.000Z"},
              {"who_answers", "gemini"}},
             {{"skipped",
               {{{"backend", "codex"},
                 {"reason", "breaker_open"},
                 {"retry_in_ms", 44'000},
                 {"message", "401"},
                 {"cause", "unauthenticated"}}}}});
  const EndedRun run = ended(open, shown());
  CHECK(run.result.is_error);
  const OrderedJson json = json_of(run.result);
  CHECK(json["status"] == "failed");
  CHECK(json["error"] == "codex is skipped for 44 s: signed out (401)");
  CHECK(json["outcome"] == "signed out");
  CHECK(json["retry_in_s"] == 44);
  CHECK(json["who_answers"] == "gemini");
  CHECK_THAT(json["hint"].get<std::string>(),
             Contains("gemini can answer now: set backend to gemini, without model and session."));
  CHECK_THAT(text_of(run.result),
             StartsWith("codex is skipped for 44 s: signed out (401)\n") && Contains("gemini can answer now"));
}

TEST_CASE("an agent is not asked to undo what the user has switched off") {
  const RunRecord off =
      failed("breaker_open", {{"message", "no backend is available right now"}, {"who_answers", "gemini"}},
             {{"skipped",
               {{{"backend", "codex"},
                 {"reason", "tripped_by_hand"},
                 {"message", "tripped manually"},
                 {"cause", "timed_out"}}}}});
  const OrderedJson json = json_of(ended(off, shown()).result);
  CHECK(json["error"] == "codex was switched off by the user");
  CHECK(json["outcome"] == "switched off by the user");
  CHECK(json["hint"] ==
        "The user did this on purpose: leave it switched off. gemini can answer now: set backend to gemini, without "
        "model and session.");
}

TEST_CASE("nothing that a model reads about a failure is an option or a command of the shell") {
  const OrderedJson more{
      {"skipped", {{{"backend", "a"}, {"reason", "no_slot"}, {"message", "busy; `delegate status` shows it"}}}},
      {"attempts",
       {{{"backend", "b"}, {"outcome", "timed_out"}, {"message", "late; raise it with --timeout"}},
        {{"backend", "c"}, {"outcome", "exited_nonzero"}, {"message", "broken"}}}},
      {"warnings",
       {"b: Read was refused: only this directory may be read; pass other files with -f",
        "b: Edit was refused: only reading is allowed; --write allows changes",
        "run r0 was killed and has left changes; `delegate runs r0 --diff` shows what has changed since it began"}},
      {"changes", {{"state", "none"}, {"isolated", true}, {"notes", {"it is dropped; with --keep it stays"}}}}};
  for (int i = 0; i <= static_cast<int>(Outcome::internal); ++i) {
    const std::string outcome(to_string(static_cast<Outcome>(i)));
    OrderedJson error{{"message", "codex: it failed; `delegate ping codex` shows why"}};
    // Only how to sign in is passed on, in words that the backends' tables have for it.
    error["hint"] = outcome == "unauthenticated" ? "run codex and sign in" : "use --model, -b, or `delegate status`";
    const mcp::ToolResult result = ended(failed(outcome, error, more), shown()).result;
    for (const std::string& text : {text_of(result), delegate::dump(json_of(result))}) {
      INFO(text);
      for (const char* shell : {"--", " -b", " -f", "delegate status", "`"})
        CHECK(text.find(shell) == std::string::npos);
      CHECK_THAT(text, Contains("Read was refused: only this directory may be read") &&
                           Contains("run r0 was killed and has left changes") && Contains("it is dropped"));
    }
  }
}

TEST_CASE("how to sign in is passed on for the user, and nothing about keys and settings") {
  const auto hint = [](const char* person) {
    return json_of(
        ended(failed("unauthenticated", {{"message", "claude: 401"}, {"hint", person}}), shown()).result)["hint"];
  };
  CHECK(hint("run `claude` and sign in with /login") ==
        "Only the user can fix this: ask them to run `claude` and sign in with /login.");
  CHECK(hint("sign in with `codex login`, or add the variable with its key to backends.codex.env.keep") ==
        "Only the user can fix this: ask them to sign in with `codex login`.");
  CHECK(hint("OPENAI_API_KEY is set but kept from it: to use it, set backends.codex.env.keep = [\"OPENAI_API_KEY\"]") ==
        "Only the user can fix this: ask them to sign in to it again.");
}

TEST_CASE("a lost session is an error that says how to begin a new one") {
  const OrderedJson json = json_of(
      ended(failed("bad_request",
                   {{"message", "claude: No conversation found"}, {"who_answers", "codex"}, {"continues", true}}),
            shown())
          .result);
  CHECK_THAT(json["hint"].get<std::string>(),
             StartsWith("Leave session out to begin a new conversation, and repeat its context"));
}

TEST_CASE("what a failed run may have left in the files is said, with how another backend goes on") {
  const OrderedJson attempts{{"attempts",
                              {{{"backend", "codex"}, {"outcome", "timed_out"}, {"may_have_written", true}},
                               {{"backend", "claude"}, {"outcome", "answered"}}}}};
  const OrderedJson json =
      json_of(ended(failed("timed_out", {{"message", "codex: late"}, {"half_done", true}}), shown()).result);
  CHECK_THAT(json["hint"].get<std::string>(), Contains("with continue_writing another backend goes on"));
  const auto note = [](const RunRecord& run) { return json_of(ended(run, shown()).result)["note"].get<std::string>(); };
  CHECK_THAT(note(answer("hi", attempts)), Contains("it may have changed files"));
  OrderedJson in_copy = attempts;
  in_copy["changes"] = {{"state", "none"}, {"isolated", true}, {"notes", {"dropped"}}};
  CHECK_THAT(note(answer("hi", in_copy)), !Contains("may have changed") && Contains("dropped"));
}

TEST_CASE("a backend that has just failed is named, with the cause in words and how long it is skipped") {
  const RunRecord failure = failed(
      "quota_exhausted", {{"message", "codex: 429"}, {"retry_at", "1970-01-01T01:06:00.000Z"}},
      {{"attempts", {{{"backend", "codex"}, {"outcome", "quota_exhausted"}, {"message", "429"}, {"tripped", true}}}}});
  const OrderedJson json = json_of(ended(failure, shown()).result);
  CHECK(json["error"] == "codex failed: usage limit reached (429); it is skipped for 1 h 6 min");
  CHECK_FALSE(json.contains("note"));
  CHECK_FALSE(json.contains("hint"));
}

TEST_CASE("a run that is looked at later says how long a backend is skipped from then on") {
  const RunRecord open = failed(
      "breaker_open",
      {{"message", "no backend is available right now"},
       {"retry_at", "1970-01-01T00:01:40.500Z"},
       {"who_answers", "b"}},
      {{"skipped", {{{"backend", "a"}, {"reason", "breaker_open"}, {"retry_in_ms", 60'000}, {"cause", "timed_out"}}}}});
  const auto at = [&](int seconds) {
    ShownRun later = shown();
    later.times = {std::chrono::seconds(seconds), std::chrono::seconds(40)};
    return json_of(ended(open, later).result);
  };
  CHECK(at(40)["error"] == "a is skipped for 1 min: timed out");
  CHECK(at(40)["retry_in_s"] == 61);  // never too early
  CHECK(at(70)["error"] == "a is skipped for 30 s: timed out");
  CHECK(at(70)["who_answers"] == "b");
  CHECK(at(200)["error"] == "a was skipped: timed out");
  for (const char* outdated : {"retry_in_s", "who_answers"}) CHECK_FALSE(at(200).contains(outdated));
}

TEST_CASE("a run that a call has stopped is what that call wanted, and for others an error") {
  const RunRecord cancelled = failed("cancelled", {{"message", "cancelled"}});
  ShownRun by_this_call = shown();
  by_this_call.is_cancelled_by_this_call = true;
  const mcp::ToolResult wanted = ended(cancelled, by_this_call).result;
  CHECK_FALSE(wanted.is_error);
  CHECK(json_of(wanted)["status"] == "cancelled");
  CHECK(text_of(wanted) == "Run r1 was stopped.");
  const mcp::ToolResult other = ended(cancelled, shown()).result;
  CHECK(other.is_error);
  CHECK(json_of(other)["status"] == "cancelled");
}

TEST_CASE("a long list of changed files leaves room for the answer, and says how many are left out") {
  OrderedJson files = OrderedJson::array();
  for (int i = 0; i < 2'000; ++i)
    files.push_back({{"path", "src/file" + std::to_string(i) + ".cpp"}, {"change", "modified"}});
  const EndedRun run = ended(
      answer("done",
             {{"changes",
               {{"state", "in_files"}, {"isolated", false}, {"files", files}, {"diffstat", std::string(9'000, 'd')}}}}),
      shown());
  const OrderedJson json = json_of(run.result);
  CHECK(json["answer"] == "done");
  CHECK(delegate::dump(json).size() <= 10'000);
  CHECK(json["changes"]["files"].size() + json["changes"]["files_left_out"].get<std::size_t>() == 2'000);
  CHECK_THAT(json["note"].get<std::string>(), StartsWith("changed src/file0.cpp, ") && Contains("and 1995 more"));
}

TEST_CASE("a run with an unreadable result is an error, not a crash") {
  for (const char* nonsense :
       {"", "null", "[]", "{", "7", R"({"answer": 7})", R"({"error": 7})", R"({"error": {"outcome": []}})",
        R"({"attempts": {"a": 1}, "skipped": [7, null, {"retry_in_ms": "x"}], "warnings": 3, "changes": []})"}) {
    INFO(nonsense);
    const mcp::ToolResult result = ended(parse_run_record(nonsense), shown()).result;
    CHECK(result.is_error);
    CHECK(json_of(result)["status"] == "failed");
    CHECK(answer_of(parse_run_record(nonsense), {}) == "it ended without an answer");
  }
}

TEST_CASE("a run that continues names its id and how to fetch the result") {
  const mcp::ToolResult result = working("r1", "codex");
  CHECK_FALSE(result.is_error);
  CHECK((*result.structured)["run"] == "r1");
  CHECK((*result.structured)["status"] == "working");
  CHECK_THAT(text_of(result), Contains("call result with run=r1"));
}

TEST_CASE("a backend's state is shown to models in plain words") {
  using inspect::BackendStatus;
  const auto words = [](BackendStatus backend, std::optional<ServerTrace> server = {}) {
    return status_words(backend, server).words;
  };
  const LastFailure signed_out{.outcome = "unauthenticated", .message = "401"};
  BackendStatus ready{.name = "codex", .installed = true, .slots_max = 3};
  CHECK(words(ready) == "ready");
  CHECK(status_words(ready, {}).is_ready);
  BackendStatus open = ready;
  open.breaker = {.state = BreakerState::open, .retry_after = milliseconds(43'100)};
  open.last_failure = signed_out;
  CHECK(words(open) == "skipped for 44 s: signed out");
  CHECK(status_words(open, {}).retry_in_s == 44);
  open.breaker.retry_after = milliseconds(0);
  CHECK(words(open) == "tried again with the next call: signed out");
  BackendStatus by_hand = ready;
  by_hand.breaker = {.state = BreakerState::forced_open};
  by_hand.is_manual = true;
  CHECK(words(by_hand) == "switched off by the user");
  by_hand.breaker = {.state = BreakerState::open, .retry_after = milliseconds(5'000)};
  CHECK(words(by_hand) == "switched off by the user for 5 s");
  by_hand.breaker = {.state = BreakerState::half_open};
  CHECK(words(by_hand) == "tried again with the next call");
  BackendStatus unset = ready;
  unset.is_login_unset = true;
  CHECK(words(unset) == "login not set up");
  BackendStatus uncounted = ready;
  uncounted.breaker = {.state = BreakerState::disabled};
  CHECK(words(uncounted) == "ready");
  BackendStatus probing = ready;
  probing.breaker = {.state = BreakerState::half_open, .retry_after = milliseconds(5'000)};
  CHECK(words(probing) == "being tried again by another call");
  BackendStatus missing = ready;
  missing.installed = false;
  CHECK(words(missing) == "not installed");
  BackendStatus busy = ready;
  busy.slots_used = 3;
  CHECK(words(busy) == "busy: all its slots are in use");
  BackendStatus disabled = ready;
  disabled.enabled = false;
  CHECK(words(disabled) == "switched off in the configuration");
  CHECK(words(BackendStatus{.name = "ollama", .slots_max = 1}, ServerTrace::not_running) == "not running");
  CHECK(words(BackendStatus{.name = "ollama", .slots_max = 1}, ServerTrace::absent) == "not installed");
}

TEST_CASE("a model hears that the user keeps what is left of a quota, and no way to use it all the same") {
  const OrderedJson claude{{"backend", "claude"},
                           {"reason", "reserved"},
                           {"retry_in_ms", 3'600'000},
                           {"message", "kept for you: 12 % of the week left, until Tue 09:00"}};
  const OrderedJson codex{{"backend", "codex"},
                          {"reason", "extra_billing"},
                          {"message", "its week is used up, and more would be billed extra, until Wed 10:00"}};
  const OrderedJson error{{"message", "no backend is available right now: claude: kept for you: 12 % of the week left"},
                          {"hint", "`delegate ask -b claude` asks it all the same"}};
  SECTION("when it is the only one") {
    const std::string text =
        text_of(ended(failed("reserved", error, {{"skipped", OrderedJson::array({claude})}}), shown()).result);
    CHECK_THAT(text, Contains("claude: kept for the user: 12 % of the week left, until Tue 09:00"));
    CHECK_THAT(text, Contains("leave it to them"));
    CHECK_THAT(text, !Contains("kept for you"));
    CHECK_THAT(text, !Contains("-b claude"));
  }
  SECTION("when another is kept back for another reason") {
    const std::string text = text_of(
        ended(failed("extra_billing", error, {{"skipped", OrderedJson::array({claude, codex})}}), shown()).result);
    CHECK_THAT(text, Contains("no backend is available right now"));
    CHECK_THAT(text, Contains("claude: kept for the user: 12 %"));
    CHECK_THAT(text, Contains("codex: its week is used up, and more would be billed extra"));
    CHECK_THAT(text, !Contains("kept for you"));
    CHECK_THAT(text, !Contains("-b claude"));
  }
  SECTION("when another one has answered") {
    const std::string text =
        text_of(ended(answer("hello", {{"skipped", OrderedJson::array({claude})}}), shown()).result);
    CHECK_THAT(text, Contains("claude: kept for the user: 12 % of the week left"));
  }
}
