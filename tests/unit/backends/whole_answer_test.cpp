#include "tests/unit/backends/captured.hpp"

// What the CLIs' records make of an answer: closed by its first end, never cut, never with a hole, never invented.
using namespace delegate;
using namespace delegate::test;

namespace {

struct End {
  Failure failure;
  ParsedOutput parsed;
};

End end_of_lines(const std::string& cli, const std::vector<std::string>& lines,
                 const std::string& how = "jsonl:/text") {
  Task task = task_of(cli);
  task.settings.answer = how;
  const Capture capture{.out = join(lines, "\n") + "\n", .exit = "0"};
  End end{.parsed = read_capture(backend_of(cli), task, capture, Arrival::byte_by_byte)};
  end.failure = judge_process(backend_of(cli), task, end.parsed, end_of(capture, end.parsed));
  return end;
}

/// The answer, or the outcome in parentheses.
std::string answer_of(const std::string& cli, const std::vector<std::string>& lines) {
  const End end = end_of_lines(cli, lines);
  return is_answer(end.failure.outcome) ? end.parsed.text : "(" + std::string(to_string(end.failure.outcome)) + ")";
}

std::string claude_text(const std::string& text, const std::string& more = "", const std::string& id = "m1") {
  return R"({"type":"assistant","message":{"id":")" + id + R"(","content":[{"type":"text","text":")" + text + "\"}" +
         more + "]}}";
}
const std::string kTool = R"(,{"type":"tool_use","id":"t1","name":"Read","input":{}})";
std::string claude_end(const std::string& text, const std::string& more = R"("stop_reason":"end_turn")") {
  return R"({"type":"result","subtype":"success","is_error":false,"result":")" + text +
         R"(","usage":{"output_tokens":9},)" + more + "}";
}

std::string codex_text(const std::string& text) {
  return R"({"type":"item.completed","item":{"id":"i","type":"agent_message","text":")" + text + "\"}}";
}
const std::string kCodexEnd = R"({"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":5}})";

std::string gemini_text(const std::string& text) {
  return R"({"type":"message","role":"assistant","content":")" + text + R"(","delta":true})";
}
const std::string kGeminiTool = R"({"type":"tool_use","tool_id":"t","tool_name":"read_file"})";
const std::string kGeminiEnd = R"({"type":"result","status":"success","stats":{"output_tokens":5}})";

}  // namespace

TEST_CASE("an end without words does not erase what was said before it, a blank message replaces none") {
  CHECK(answer_of("claude", {claude_text("Blue."), claude_end("")}) == "Blue.");
  CHECK(answer_of("claude", {claude_text("Verse.", kTool), claude_end(" \\n")}) == "Verse.");
  CHECK(answer_of("claude", {claude_text("Blue."), claude_text("\\n", "", "m2"), claude_end("")}) == "Blue.");
  CHECK(answer_of("claude", {claude_text("A "), claude_text("B"), claude_end("")}) == "A B");
  CHECK(answer_of("claude", {claude_text("A"), claude_text("B", "", "m2"), claude_end("")}) == "B");
  CHECK(answer_of("claude", {claude_end("")}).empty());
  CHECK(answer_of("claude", {claude_text("Yes"), claude_text(", and more."), claude_end("")}) == "Yes, and more.");
  CHECK(answer_of("claude", {claude_text("Yes"), claude_text("Yes, and more."), claude_end("")}) ==
        "YesYes, and more.");
  CHECK(answer_of("claude", {claude_text("A"), claude_text("A", R"(,{"type":"text","text":"B"})"), claude_end("")}) ==
        "AB");
  CHECK(answer_of("codex", {codex_text("Blue."), codex_text(" "), kCodexEnd}) == "Blue.");
  CHECK(answer_of("gemini", {gemini_text("Blue."), kGeminiTool, gemini_text("\\n"), kGeminiEnd}) == "Blue.");
  CHECK(answer_of("gemini", {gemini_text("I look."), kGeminiTool, gemini_text("Blue."), kGeminiTool, kGeminiEnd}) ==
        "Blue.");
}

TEST_CASE("claude: what was said before a tool call is the answer only if the run came to its end") {
  const std::string result =
      R"({"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"}]}})";
  const std::string remark = claude_text("Let me look.", kTool);
  CHECK(answer_of("claude", {remark, result, claude_text("\\n", "", "m2")}) == "(lost_result)");
  CHECK(answer_of("claude", {claude_text("Blue."), claude_text("\\n", "", "m2")}) == "Blue.");
  CHECK(answer_of("claude", {remark, result, claude_end("", R"("stop_reason":"max_tokens")")}) == "(cut_short)");
  CHECK(answer_of("claude", {claude_text("Half"), claude_end("", R"("stop_reason":"max_tokens")")}) == "Half");
}

TEST_CASE("claude: an error that its records report is no answer, unless other words came") {
  const auto error = [](const std::string& name, const std::string& text) {
    return R"({"type":"assistant","error":")" + name + R"(","message":{"content":[{"type":"text","text":")" + text +
           "\"}]}}";
  };
  const std::string words = "API Error: 529 overloaded";
  CHECK(answer_of("claude", {error("overloaded", words), claude_end(words)}) == "(overloaded)");
  CHECK(answer_of("claude", {error("overloaded", words), claude_end("")}) == "(overloaded)");
  CHECK(answer_of("claude", {error("new_class", words), claude_end(words)}) == "(overloaded)");
  CHECK(answer_of("claude", {error("overloaded", words), claude_end("Blue.")}) == "Blue.");
  CHECK(answer_of("claude", {error("overloaded", words), claude_text("Blue."), claude_end("")}) == "Blue.");
}

TEST_CASE("gemini: a message that is no delta is the whole message") {
  const std::string whole = R"({"type":"message","role":"assistant","content":"One two")";
  CHECK(answer_of("gemini", {gemini_text("One "), gemini_text("two"), whole + "}", kGeminiEnd}) == "One two");
  CHECK(answer_of("gemini", {gemini_text("One "), whole + R"(,"delta":false})", gemini_text("!"), kGeminiEnd}) ==
        "One two!");
}

TEST_CASE("the first end closes the answer: nothing after it counts") {
  CHECK(answer_of("claude", {claude_end("first"), claude_end("second")}) == "first");
  CHECK(answer_of("claude", {claude_end("first"), claude_text("notice"),
                             R"({"type":"result","is_error":true,"result":"API Error: 500"})"}) == "first");
  CHECK(answer_of("claude",
                  {claude_end("first"), R"({"type":"rate_limit_event","rate_limit_info":{"status":"rejected"}})",
                   R"({"type":"assi)"}) == "first");
  CHECK(answer_of("claude", {claude_end("first") + claude_end("second")}) == "first");
  CHECK(answer_of("codex", {codex_text("first"), kCodexEnd, codex_text("second"),
                            R"({"type":"turn.failed","error":{"message":"late"}})"}) == "first");
  CHECK(answer_of("gemini", {gemini_text("first"), kGeminiEnd, gemini_text("second"),
                             R"({"type":"result","status":"error","error":{"message":"late"}})"}) == "first");
}

TEST_CASE("claude: what did not finish is no answer, and the message says why") {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"("stop_reason":"tool_use","num_turns":9)", "stopped after 9 turns (tool use)"},
      {R"("stop_reason":"pause_turn","num_turns":1)", "stopped after 1 turn (pause turn)"},
      {R"("terminal_reason":"max_turns","num_turns":9)", "stopped after 9 turns (max turns)"},
      {R"("terminal_reason":"aborted_streaming")", "stopped (aborted streaming)"},
      {R"("errors":["the request was aborted",{"message":"twice"}])", "the request was aborted; twice"},
      {R"("stop_reason":"cancelled","num_turns":2)", "stopped after 2 turns (cancelled)"},
      {R"("stop_reason":"error")", "stopped (error)"},
      {R"("stop_reason":"aborted")", "stopped (aborted)"},
      {R"("stop_reason":"max_turns")", "stopped (max turns)"},
      {R"("stop_reason":"timeout")", "stopped (timeout)"},
      {R"("stop_reason":"model_context_window_exceeded")", ""},
      {R"("stop_reason":"brand_new_reason","terminal_reason":"completed","errors":[])", ""}};
  for (const auto& [fields, message] : table) {
    INFO(fields);
    const End end = end_of_lines("claude", {claude_text("so far"), claude_end("so far", fields)});
    CHECK(is_answer(end.failure.outcome) == message.empty());
    CHECK(end.failure.message == message);
  }
  for (const std::string subtype : {"interrupted", "cancelled", "max_turns", "incomplete", "brand_new"}) {
    const std::string end = R"({"type":"result","is_error":false,"result":"half","subtype":")" + subtype + "\"}";
    CHECK_THAT(answer_of("claude", {claude_text("half"), end}), Catch::StartsWith("("));
  }
  CHECK(answer_of("claude", {R"({"type":"result","is_error":false,"result":"all","subtype":""})"}) == "all");
  const std::string turns =
      R"({"type":"result","subtype":"error_max_turns","is_error":true,"num_turns":9,"errors":[]})";
  CHECK(end_of_lines("claude", {turns}).failure.message == "stopped after 9 turns (max turns)");
  CHECK(end_of_lines("claude", {turns}).failure.outcome == Outcome::cut_short);
  CHECK(answer_of("claude", {claude_end("no", R"("stop_reason":"refusal")")}) == "(refused_by_policy)");
  CHECK(answer_of("codex", {codex_text("so far"), R"({"type":"turn.completed","status":"interrupted"})"}) ==
        "(exited_nonzero)");
}

TEST_CASE("claude: an answer that was cut at the output limit says so; without words it is none") {
  const End end = end_of_lines("claude", {claude_end("half", R"("stop_reason":"max_tokens")")});
  CHECK(end.failure.outcome == Outcome::answered);
  CHECK(end.parsed.warnings == std::vector<std::string>{"the answer was cut at the model's output limit"});
  CHECK(answer_of("claude", {claude_end("", R"("stop_reason":"max_tokens")")}) == "(cut_short)");
}

TEST_CASE("a record that cannot be read is no answer with a hole, but the end of claude states the whole") {
  const std::string lost = R"({"type":"message","role":"assistant","content":"lost)";
  CHECK(answer_of("gemini", {gemini_text("a"), lost, gemini_text("b"), kGeminiEnd}) == "(bad_output)");
  CHECK(answer_of("gemini", {gemini_text("a"), "noise " + lost, kGeminiEnd}) == "(bad_output)");
  CHECK(answer_of("codex", {codex_text("a"), lost, kCodexEnd}) == "(bad_output)");
  CHECK(answer_of("command", {R"({"text":"a"})", R"({"text":"lo)", R"({"text":"b"})"}) == "(bad_output)");
  CHECK(answer_of("claude", {claude_text("a"), lost, claude_end("all")}) == "all");
  CHECK(answer_of("claude", {claude_text("a"), lost, claude_end("")}) == "(bad_output)");
  CHECK(answer_of("gemini", {"Loaded credentials." + gemini_text("a"), "\x1B[0m" + gemini_text("b"), "noise",
                             kGeminiEnd}) == "ab");
}

TEST_CASE("a record whose beginning got lost is a hole, whatever stands inside it") {
  CHECK(answer_of("codex", {codex_text("I look."), R"(pleted","item":{"id":"i2","type":"agent_message","text":"x"}})",
                            kCodexEnd}) == "(bad_output)");
  CHECK(answer_of("gemini", {gemini_text("What"), R"("content":"ever)", gemini_text("b"), kGeminiEnd}) ==
        "(bad_output)");
}

TEST_CASE("an answer in one document of JSON is the last one, unless a part cannot be read") {
  const auto answer_in = [](const std::vector<std::string>& lines) {
    const End end = end_of_lines("command", lines, "json:/text");
    return is_answer(end.failure.outcome) ? end.parsed.text : "(" + std::string(to_string(end.failure.outcome)) + ")";
  };
  CHECK(answer_in({R"({"text":"first"})", R"({"text":"final answer")"}) == "(bad_output)");
  CHECK(answer_in({"Loading.", R"({"text":"first"})", R"({"text":"final"})", "Done."}) == "final");
  CHECK(answer_in({R"([{"text":"first"},)", R"( {"text":"final"}])"}) == "final");
}

TEST_CASE("an answer in another shape is read, and one in an unknown shape is never an empty success") {
  const std::string parts = R"([{"type":"text","text":"Bl"},{"text":{"value":"ue."}}])";
  const std::string codex = R"({"type":"item.completed","item":{"id":"i","type":"agent_message","content":)";
  CHECK(answer_of("codex", {codex + parts + "}}", kCodexEnd}) == "Blue.");
  CHECK(answer_of("codex", {R"({"type":"item.updated","item":{"id":"i","type":"agent_message","text":"Blue."}})",
                            kCodexEnd}) == "Blue.");
  CHECK(answer_of("codex", {codex + R"([{"odd":"Blue."}]}})", kCodexEnd}) == "(bad_output)");
  const std::string gemini = R"({"type":"message","role":"assistant","content":)";
  CHECK(answer_of("gemini", {gemini + parts + "}", kGeminiEnd}) == "Blue.");
  CHECK(answer_of("gemini", {gemini + R"({"odd":"Blue."}})", kGeminiEnd}) == "(bad_output)");
  const std::string claude = R"({"type":"assistant","message":{"id":"m","content":)";
  CHECK(answer_of("claude", {claude + R"("Blue."}})", claude_end("")}) == "Blue.");
  CHECK(answer_of("claude", {claude + R"([{"odd":"Blue."}]}})", claude_end("")}) == "(bad_output)");
  CHECK(answer_of("claude", {claude + R"([{"type":"thinking","thinking":"hm"}]}})", claude_end("")}).empty());
}

TEST_CASE("codex: the file with its last message fills a hole") {
  ParsedOutput parsed{.text = "I look.", .complete = true, .unreadable = 1};
  backend_of("codex").recover(parsed, "");
  CHECK_FALSE(parsed.text_is_stated);
  backend_of("codex").recover(parsed, "all of it");
  CHECK(parsed.text == "all of it");
  CHECK(parsed.text_is_stated);
  CHECK(parsed.warnings.size() == 1);
}

TEST_CASE("a character that was cut in two between two records is whole in the answer") {
  const std::string face = "\xF0\x9F\x98\x80";
  CHECK(answer_of("gemini", {gemini_text("a\\ud83d"), gemini_text("\\ude00b"), kGeminiEnd}) == "a" + face + "b");
  CHECK(answer_of("command", {R"({"text":"a\ud83d"})", R"({"text":"\ude00b\ud83d"})"}) == "a" + face + "b\uFFFD");
  CHECK(answer_of("claude", {claude_end("a\\ud83d")}) == "a\uFFFD");
  CHECK(answer_of("codex", {codex_text("a\xFF"), kCodexEnd}) == "a\uFFFD");
}
