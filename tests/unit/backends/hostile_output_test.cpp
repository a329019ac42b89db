#include <random>

#include "tests/unit/backends/http_backend.hpp"

// Every backend reads untrusted output: nothing in it may crash or throw. Run with sanitizers.
using namespace delegate;
using namespace delegate::test;

namespace {

const std::vector<std::string> kKinds{"claude", "codex", "gemini", "ollama", "openai", "command"};
const std::vector<std::string> kAnswers{"text", "json:/a/b", "jsonl:/a/b"};

std::vector<Task> all_tasks() {
  std::vector<Task> tasks;
  for (const std::string& kind : kKinds) {
    tasks.push_back(task_of(kind));
    tasks.back().settings.url = "http://127.0.0.1:1";
  }
  for (const std::string& answer : kAnswers) {
    tasks.push_back(task_of("command"));
    tasks.back().settings.answer = answer;
    tasks.back().settings.failures = {{"quota", "quota_exhausted"}};
  }
  return tasks;
}

/// Reads the bytes on both streams and judges, in every way it can end.
void survive(const Task& task, const std::string& bytes) {
  const Backend& backend = backend_of(task.settings.kind);
  for (const int exit_code : {0, 1}) {
    const Capture capture{.out = bytes, .err = bytes, .exit = std::to_string(exit_code)};
    ParsedOutput parsed = read_capture(backend, task, capture, Arrival::out_first);
    const Failure end = judge_process(backend, task, parsed, end_of(capture, parsed));
    CHECK(valid_utf8(end.message) == end.message);
    CHECK(end.message.size() < 1000);
  }
  for (const int status : {200, 500}) {
    ParsedOutput parsed;
    const Failure end = judge_stream(task, response(status, bytes), parsed);
    CHECK(valid_utf8(end.message) == end.message);
  }
}
void all_survive(const std::string& bytes) {
  for (const Task& task : all_tasks()) {
    INFO(task.settings.kind << " " << task.settings.answer);
    CHECK_NOTHROW(survive(task, bytes));
  }
}

/// For large output: read once, concluded once.
void survive_once(const Task& task, const std::string& bytes) {
  INFO(task.settings.kind << " " << task.settings.answer);
  const Backend& backend = backend_of(task.settings.kind);
  const Capture capture{.out = bytes, .exit = "1"};
  ParsedOutput parsed = read_capture(backend, task, capture, Arrival::out_first);
  CHECK_NOTHROW(judge_process(backend, task, parsed, end_of(capture, parsed)));
}
void all_survive_once(const std::string& bytes) {
  for (const Task& task : all_tasks()) survive_once(task, bytes);
}

/// `{"a":{"b":VALUE}}` from "/a/b".
Json nested(const std::string& pointer, const Json& value) {
  Json json;
  json[Json::json_pointer(pointer)] = value;
  return json;
}

/// Every field that some backend reads, in records of every type.
const std::vector<std::string> kFields{"/type",
                                       "/subtype",
                                       "/result",
                                       "/errors",
                                       "/errors/0",
                                       "/is_error",
                                       "/api_error_status",
                                       "/terminal_reason",
                                       "/session_id",
                                       "/total_cost_usd",
                                       "/usage",
                                       "/usage/input_tokens",
                                       "/usage/output_tokens",
                                       "/modelUsage",
                                       "/error",
                                       "/error/message",
                                       "/error/type",
                                       "/error/code",
                                       "/attempt",
                                       "/model",
                                       "/message",
                                       "/message/content",
                                       "/message/content/0/text",
                                       "/rate_limit_info",
                                       "/rate_limit_info/status",
                                       "/rate_limit_info/resetsAt",
                                       "/rate_limit_info/rateLimitType",
                                       "/rate_limit_info/utilization",
                                       "/rate_limit_info/overageStatus",
                                       "/rate_limit_info/unifiedWindows",
                                       "/rate_limit_info/unifiedWindows/five_hour",
                                       "/rate_limit_info/unifiedWindows/five_hour/utilization",
                                       "/rate_limit_info/unifiedWindows/five_hour/resetsAt",
                                       "/thread_id",
                                       "/item",
                                       "/item/type",
                                       "/item/text",
                                       "/status",
                                       "/stats",
                                       "/stats/input_tokens",
                                       "/role",
                                       "/content",
                                       "/severity",
                                       "/done",
                                       "/done_reason",
                                       "/prompt_eval_count",
                                       "/eval_count",
                                       "/remote_host",
                                       "/choices",
                                       "/choices/0",
                                       "/choices/0/delta",
                                       "/choices/0/delta/content",
                                       "/choices/0/finish_reason",
                                       "/usage/prompt_tokens",
                                       "/usage/completion_tokens",
                                       "/a",
                                       "/a/b"};
const std::vector<const char*> kTypes{"result",         "system",         "assistant", "rate_limit_event",
                                      "thread.started", "item.completed", "error",     "turn.failed",
                                      "turn.completed", "init",           "message"};

std::vector<Json> odd_values() {
  return {nullptr,
          true,
          false,
          0,
          -1,
          1.5,
          INT64_MIN,
          INT64_MAX,
          UINT64_MAX,
          1e300,
          "",
          "rejected",
          "error",
          "text",
          Json::array(),
          Json::array({1, "x", nullptr}),
          Json::object(),
          Json{{"text", 1}},
          Json{{"", nullptr}}};
}

std::string random_bytes(std::mt19937& chance, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(chance() & 0xFF);
  return bytes;
}

}  // namespace

TEST_CASE("garbage is read without harm") {
  std::mt19937 chance(4711);
  for (const std::size_t size : {0u, 1u, 100u, 10'000u}) all_survive(random_bytes(chance, size));
  for (const char* text :
       {"\n", "{", "{}", "[]", "null", "\"", "data:", "data: ", "data: {", "data: null", "\xFF\xFE",
        "{\"type\":\"result\"", "{\"type\":\"result\"}", "{\"type\":\"turn.completed\"}", "data: {\"choices\":{}}",
        "Attempt  failed", "Suggested retry after", "Attempt 1 failed {}}{"})
    all_survive(text);
}

TEST_CASE("records of the right shape with values of the wrong type are read without harm") {
  for (const char* type : kTypes) {
    std::string records, events;
    for (const std::string& field : kFields)
      for (const Json& value : odd_values()) {
        Json record = nested(field, value);
        if (field != "/type") record["type"] = type;
        records += dump(record) + "\n";
        events += "data: " + dump(record) + "\n";
      }
    for (const Task& task : all_tasks())
      if (task.settings.kind != "command") survive_once(task, task.settings.kind == "openai" ? events : records);
  }
}

TEST_CASE("notes about quota windows with values of the wrong type are read without harm") {
  const Backend& codex = backend_of("codex");
  for (const std::string limits : {"/payload/rate_limits", "/result/rateLimits", "/result/rateLimitsByLimitId/codex"})
    for (const char* field : {"", "/primary", "/primary/used_percent", "/primary/window_minutes", "/primary/resets_at",
                              "/primary/resets_in_seconds", "/primary/usedPercent", "/primary/windowDurationMins",
                              "/limit_id", "/limit_name", "/limitId", "/credits", "/credits/balance"})
      for (const Json& value : odd_values()) {
        Json record = nested(limits + field, value);
        if (record.contains("payload")) record["payload"]["type"] = "token_count";
        record["timestamp"] = "2026-11-28T18:20:00.000Z";
        record["id"] = 2;
        CHECK_NOTHROW(codex.quota_of_record(dump(record), milliseconds(0)));
        CHECK_NOTHROW(codex.quota_of_answer(dump(record) + "\n", milliseconds(0)));
      }
}

TEST_CASE("nesting twenty thousand deep is read without harm") {
  std::string objects;
  for (int i = 0; i < 20'000; ++i) objects += "{\"error\":";
  all_survive_once(std::string(20'000, '['));
  all_survive_once("{\"type\":\"result\",\"result\":" + std::string(20'000, '[') + std::string(20'000, ']') + "}\n");
  all_survive_once(objects + "1" + std::string(20'000, '}'));
  all_survive_once("data: " + objects);
}

TEST_CASE("a line of megabytes is read without harm") {
  const std::string long_text(1u << 20, 'x');
  all_survive_once(long_text);
  all_survive_once(R"({"type":"result","is_error":true,"result":")" + long_text + "\"}\n");
  all_survive_once("data: {\"error\":\"" + long_text + "\"}\n");
}

TEST_CASE("a response that would take long to parse is given up") {
  for (const char* kind : {"openai", "ollama"}) {
    const Task task = task_of(kind);
    const Backend& backend = backend_of(kind);
    for (const std::string& piece : {std::string(1'000, 'x') + "{\n", std::string(1'000, '{')}) {
      ParsedOutput parsed;
      const OnParsed ignored;
      Reader reader(backend, task, Deadline::never(), parsed, ignored);
      std::string bytes;
      while (bytes.size() < 1u << 20) bytes += piece;
      std::size_t megabytes = 0;
      while (megabytes < 40 && reader.take(Stream::out, bytes) != Flow::stop) ++megabytes;
      CHECK(megabytes < 20);
      REQUIRE(parsed.failure);
      CHECK(parsed.failure->outcome == Outcome::bad_output);
      CHECK(parsed.failure->message == "the response is longer than 16 MB");
      CHECK(parsed.event.body.empty());
    }
  }
}

TEST_CASE("a record that would take long to parse is not read, and the error says so") {
  const std::string text(kLongestRecord, 'x');
  for (const char* kind : {"claude", "codex", "gemini", "command"}) {
    Task task = task_of(kind);
    task.settings.answer = "json:/result";
    ParsedOutput parsed;
    const OnParsed ignored;
    Reader reader(backend_of(kind), task, Deadline::never(), parsed, ignored);
    for (const std::string& piece :
         {R"({"type":"result","status":"success","is_error":false,"result":")" + text, std::string("\"}\n")})
      reader.take(Stream::out, piece);
    reader.finish();
    const Failure failure =
        judge_process(backend_of(kind), task, parsed, {.end = ChildEnd::exited, .input_written = true});
    CAPTURE(kind);
    CHECK(failure.outcome == Outcome::bad_output);
    CHECK(failure.message.find("longer than 16 MB") != std::string::npos);
  }
}

TEST_CASE("numbers beyond all bounds are read without harm") {
  for (const char* number :
       {"1e400", "-1e400", "1e-400", "99999999999999999999999999", "-9223372036854775809", "1E+2"}) {
    const std::string value = number;
    all_survive(R"({"type":"result","is_error":false,"result":"x","total_cost_usd":)" + value + "}\n");
    all_survive(R"({"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":)" + value + "}}\n");
    all_survive(R"({"done":true,"prompt_eval_count":)" + value + ",\"eval_count\":" + value + "}\n");
    all_survive(R"({"type":"turn.completed","usage":{"output_tokens":)" + value + "}}\n");
  }
}

TEST_CASE("text that is not Unicode is read without harm") {
  for (const char* text :
       {"\\ud800", "\\udc00\\ud800", "\\u0000", "\xED\xA0\x80", "\xC0\xAF", "\xF5\x80\x80\x80", "\x80"}) {
    const std::string value = text;
    all_survive(R"({"type":"result","is_error":true,"result":")" + value + "\"}\n");
    all_survive(R"({"type":"turn.failed","error":{"message":")" + value + "\"}}\n");
    all_survive("data: {\"choices\":[{\"delta\":{\"content\":\"" + value + "\"}}]}\n");
    all_survive(value + "\n");
  }
}

TEST_CASE("scripted lookups of any shape are survived") {
  for (const char* kind : {"ollama", "openai"})
    for (const Json& value : odd_values())
      for (const char* field : {"/models", "/models/0", "/models/0/name", "/models/0/capabilities", "/models/0/details",
                                "/data", "/data/0/id", "/model_info", "/model_info/x.context_length"}) {
        INFO(kind << field << value);
        Task task = task_of(kind);
        task.settings.url = "http://127.0.0.1:1";
        task.prompt = std::string(40'000, 'x');
        const HttpResult odd = response(200, dump(nested(field, value)));
        const HttpResult one = response(200, R"({"models":[{"name":"a"}]})");
        CHECK_NOTHROW(backend_of(kind).lookup(task, {odd, odd}));
        CHECK_NOTHROW(backend_of(kind).prepare(task, {odd, odd, odd}));
        CHECK_NOTHROW(backend_of(kind).prepare(task, {one, odd, odd}));
      }
}

namespace {

/// A response that comes in small pieces, as a call reads it.
ParsedOutput read_in_pieces(const Task& task, std::string_view bytes, std::size_t step) {
  ParsedOutput parsed;
  const OnParsed ignored;
  Reader reader(backend_of(task.settings.kind), task, Deadline::never(), parsed, ignored);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
    static_cast<void>(reader.take(Stream::out, bytes.substr(0, step)));
  reader.finish();
  return parsed;
}

std::string repeated(std::size_t bytes, const std::string& piece) {
  std::string out;
  while (out.size() < bytes) out += piece;
  return out;
}

}  // namespace

// Each of these took time in the square of its length as long as every piece looked at all that came before.
TEST_CASE("the time to read a response is linear in it, whatever a server sends") {
  const Task openai = task_of("openai");
  const Task ollama = task_of("ollama");
  read_in_pieces(openai, R"({"choices":[{"a":")" + repeated(50'000, "}"), 4);
  read_in_pieces(openai, repeated(50'000, "{\"choices\":1}\n"), 14);
  read_in_pieces(ollama, "{\"a\":1}" + repeated(50'000, " "), 4);
  read_in_pieces(ollama, repeated(50'000, "{}"), 2);
  read_in_pieces(openai, repeated(100'000, "data: {\"choices\":[{\"delta\":{\"refusal\":\"no\"}}]}\n\n"), 4096);
  for (const std::string& thoughts :
       {repeated(100'000, "<think></think>"), "<think>```" + repeated(100'000, "</think>"), repeated(100'000, " "),
        "<|channel|>final<|message|>" + repeated(100'000, "<|x"), "<|channel|>" + repeated(100'000, "a")}) {
    SpokenText spoken;
    std::string answer;
    CHECK(spoken.add(answer, thoughts));
    for (int i = 0; i < 2'000; ++i) CHECK_NOTHROW(spoken.add(answer, " "));
    spoken.finish(answer);
  }
}

TEST_CASE("the end of a document is found although it comes in pieces, blanks behind it included") {
  const Task openai = task_of("openai");
  const std::string document = R"({"choices":[{"message":{"content":"a } {"}}]})";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, document.size()}) {
    ParsedOutput parsed;
    const OnParsed ignored;
    Reader reader(backend_of("openai"), openai, Deadline::never(), parsed, ignored);
    Flow flow = Flow::go_on;
    for (std::size_t at = 0; at < document.size(); at += step) {
      CHECK(flow != Flow::wind_up);
      flow = reader.take(Stream::out, std::string_view(document).substr(at, step));
    }
    CHECK(flow == Flow::wind_up);
    CHECK(reader.take(Stream::out, "  ") == Flow::wind_up);
  }
}
