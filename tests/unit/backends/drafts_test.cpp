#include "core/run/output_delta.hpp"
#include "tests/unit/backends/captured.hpp"
#include "tests/unit/backends/http_backend.hpp"

// The drafts and the activity that each kind reports while it works.
using namespace delegate;
using namespace delegate::test;

namespace {

struct Told {
  std::string text;  // all parts; [anew] where the text before was taken back
  std::vector<std::string> doing;
  bool certain = true;
};

Told told_by(const std::string& kind, const std::string& out) {
  Told told;
  ParsedOutput parsed;
  DeltaTracker tracker;
  Lines lines;
  const auto on_line = [&](std::string_view line) {
    backend_of(kind).read(parsed, task_of(kind), Stream::out, line);
    const OutputDelta delta = tracker.since_last(parsed);
    if (delta.reset) told.text += "[anew]";
    told.text += delta.text;
    if (!delta.text.empty()) told.certain = delta.certain;
    if (delta.doing) told.doing.push_back(*delta.doing);
  };
  lines.feed(out, on_line);
  lines.finish(on_line);
  return told;
}

std::string claude_delta(const std::string& text, const std::string& parent = "null") {
  return R"({"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":")" +
         text + R"("}},"parent_tool_use_id":)" + parent + "}\n";
}
constexpr const char* kClaudeStart = R"({"type":"stream_event","event":{"type":"message_start"}})"
                                     "\n";

bool has_word(const Task& task, const std::string& word) {
  const auto call = backend_of(task.settings.kind).prepare(task, {});
  REQUIRE(call.has_value());
  const auto& argv = std::get<ProcessCall>(*call).argv;
  return std::find(argv.begin(), argv.end(), word) != argv.end();
}

constexpr const char* kTags = R"({"models":[
  {"name":"mid:8b","size":5000,"modified_at":"2026-01-01T00:00:00Z"},
  {"name":"small:1b","size":1000,"modified_at":"2026-03-01T00:00:00Z"},
  {"name":"huge:480b-cloud","size":9,"modified_at":"2026-04-01T00:00:00Z"},
  {"name":"large:70b","size":40000,"modified_at":"2026-02-01T00:00:00Z"}]})";

}  // namespace

TEST_CASE("claude: its pieces are a draft, and make up the answer") {
  const Told told = told_by("claude", captured("claude", "ok_partial").out);
  CHECK(told.text == "pong: hello from delegate");
  CHECK_FALSE(told.certain);
}

TEST_CASE("claude: partial messages are always requested, because they show that it is alive") {
  CHECK(has_word(task_of("claude"), "--include-partial-messages"));
}

TEST_CASE("claude: a draft of any length costs no answer") {
  const std::string piece = claude_delta(std::string(1u << 20, 'x'));
  const std::string end = R"({"type":"result","is_error":false,"result":"short","usage":{"output_tokens":1}})"
                          "\n";
  ParsedOutput parsed;
  const Task task = task_of("claude");
  const OnParsed nobody;
  Reader reader(backend_of("claude"), task, Deadline::never(), parsed, nobody);
  for (int i = 0; i < 5; ++i) REQUIRE(reader.take(Stream::out, piece) == Flow::go_on);
  CHECK(reader.take(Stream::out, end) == Flow::finish);
  CHECK(parsed.text == "short");
  CHECK(parsed.draft.size() == 4u << 20);
}

TEST_CASE("of a server's stream only what belongs to the answer puts its end off") {
  ParsedOutput parsed;
  const Task task = task_of("openai");
  const OnParsed nobody;
  Reader reader(backend_of("openai"), task, Deadline::never(), parsed, nobody);
  const auto take = [&](const std::string& choice) {
    return reader.take(Stream::out, "data: {\"choices\":[" + choice + "]}\n\n");
  };
  CHECK(reader.take(Stream::out, ": beat\n\n") == Flow::idle);
  CHECK(take(R"({"delta":{"role":"assistant","content":""}})") == Flow::idle);
  CHECK(take(R"({"delta":{"reasoning_content":"hm"}})") == Flow::go_on);
  CHECK(take(R"({"delta":{"content":"a"}})") == Flow::go_on);
  CHECK(take(R"({"delta":{"content":"b"},"finish_reason":"stop"})") == Flow::wind_up);
  CHECK(reader.take(Stream::out, ": beat\n\n") == Flow::idle);
  CHECK(take("") == Flow::idle);
  CHECK(take(R"({"delta":{"content":"c"}})") == Flow::wind_up);
  CHECK(reader.take(Stream::out, "data: [DONE]\n\n") == Flow::finish);
  CHECK(parsed.text == "abc");
}

TEST_CASE("claude: a remark before a tool is taken back when the next message begins") {
  const std::string tool = R"({"type":"stream_event","event":{"type":"content_block_start",)"
                           R"("content_block":{"type":"tool_use","name":"Read"}}})"
                           "\n";
  const Told told =
      told_by("claude", kClaudeStart + claude_delta("Let me look.") + tool + kClaudeStart + claude_delta("It is 42."));
  CHECK(told.text == "Let me look.[anew]It is 42.");
  CHECK(told.doing == std::vector<std::string>{"using Read", ""});
}

TEST_CASE("claude: an answer that its CLI starts again is not shown twice") {
  const Told told = told_by("claude", kClaudeStart + claude_delta("pong") + kClaudeStart + claude_delta("pong: hello"));
  CHECK(told.text == "pong[anew]pong: hello");
}

TEST_CASE("claude: what its own helpers write is not the answer") {
  const Told told = told_by("claude", kClaudeStart + claude_delta("inner", "\"toolu_1\"") + claude_delta("outer"));
  CHECK(told.text == "outer");
}

TEST_CASE("gemini: its parts are a draft that starts again after a tool call") {
  const Told told = told_by("gemini", captured("gemini", "tool").out);
  CHECK(told.text == "tool said: {'output': 'Directory /home/user/project is empty.'}");
  CHECK_FALSE(told.certain);
  CHECK(told.doing == std::vector<std::string>{"using list_directory", ""});
}

TEST_CASE("gemini: a remark before a tool call is not part of the answer, unless nothing follows") {
  const auto message = [](const std::string& text) {
    return R"({"type":"message","role":"assistant","content":")" + text + "\",\"delta\":true}\n";
  };
  const std::string tool = "{\"type\":\"tool_use\",\"tool_name\":\"read_file\"}\n";
  const std::string end = "{\"type\":\"result\",\"status\":\"success\",\"stats\":{}}\n";
  const auto text_of = [&](const std::string& out) {
    return read_capture(backend_of("gemini"), task_of("gemini"), {out, "", "0"}, Arrival::out_first).text;
  };
  CHECK(text_of(message("I will look.") + tool + message("It is 42.") + end) == "It is 42.");
  CHECK(text_of(message("It is 42.") + tool + end) == "It is 42.");
  CHECK(text_of(message("It is ") + message("42.") + end) == "It is 42.");
}

TEST_CASE("codex: before its message is complete it reports only its activity") {
  const Told told = told_by("codex", R"({"type":"item.started","item":{"type":"command_execution","command":"ls"}})"
                                     "\n"
                                     R"({"type":"item.completed","item":{"type":"command_execution","command":"ls"}})"
                                     "\n"
                                     R"({"type":"item.completed","item":{"type":"agent_message","text":"done"}})"
                                     "\n");
  CHECK(told.text.empty());
  CHECK(told.doing == std::vector<std::string>{"running a command", ""});
}

TEST_CASE("a local model's pieces are certain: they are the answer") {
  const Told ollama = told_by("ollama", "{\"message\":{\"content\":\"po\"}}\n{\"message\":{\"content\":\"ng\"}}\n");
  CHECK(ollama.text == "pong");
  CHECK(ollama.certain);
  const Told openai = told_by("openai", "data: {\"choices\":[{\"delta\":{\"content\":\"pong\"}}]}\n");
  CHECK(openai.text == "pong");
  CHECK(openai.certain);
}

TEST_CASE("command: plain text comes as it is written, an answer inside a JSON document at the end") {
  Task task = task_of("command");
  ParsedOutput parsed;
  SECTION("text") {
    backend_of("command").read(parsed, task, Stream::out, "one\n");
    CHECK(DeltaTracker().since_last(parsed).text == "one\n");
  }
  SECTION("a JSON document") {
    task.settings.answer = "json:/result";
    backend_of("command").read(parsed, task, Stream::out, "{\"result\":\"one\"}\n");
    CHECK(DeltaTracker().since_last(parsed).empty());
  }
}

TEST_CASE("ollama: a tier without a name takes a local model of that size, loaded or not") {
  const Backend& backend = backend_of("ollama");
  const auto model_for = [&](Tier tier) {
    Task task = task_of("ollama");
    task.settings.command.clear();
    REQUIRE(backend.choose(task, tier));
    return sent(http_call(task, {response(200, kTags), response(200, R"({"models":[{"name":"mid:8b"}]})")}))["model"];
  };
  CHECK(model_for(Tier::small) == "small:1b");
  CHECK(model_for(Tier::medium) == "mid:8b");
  CHECK(model_for(Tier::large) == "large:70b");
}

TEST_CASE("codex: a tier is an effort; the model stays the account's own") {
  Task task = task_of("codex");
  task.settings.tier_large = "high";
  REQUIRE(backend_of("codex").choose(task, Tier::large));
  CHECK(task.model.empty());
  CHECK(has_word(task, "model_reasoning_effort=\"high\""));
  CHECK_FALSE(backend_of("codex").choose(task, Tier::small));
}
