#include "tests/unit/backends/captured.hpp"

// A CLI that is described in TOML alone.
using namespace delegate;
using namespace delegate::test;
using Words = std::vector<std::string>;

namespace {

Task command_task() {
  Task task = task_of("command");
  task.settings.name = "agy";
  task.settings.command = {"agy", "--print"};
  task.executable = "/opt/bin/agy";
  return task;
}

struct Output {
  std::string out;
  std::string err;
  int exit_code = 0;
};

Failure judge(const Task& task, const Output& output, ParsedOutput& parsed, Arrival arrival = Arrival::out_first) {
  const Capture capture{.out = output.out, .err = output.err, .exit = std::to_string(output.exit_code)};
  parsed = read_capture(backend_of("command"), task, capture, arrival);
  return judge_process(backend_of("command"), task, parsed, end_of(capture, parsed));
}
Failure judge(const Task& task, const Output& output) {
  ParsedOutput parsed;
  return judge(task, output, parsed);
}

std::string answer(const std::string& how, const std::string& out) {
  Task task = command_task();
  task.settings.answer = how;
  ParsedOutput parsed;
  const Outcome outcome = judge(task, {.out = out}, parsed, Arrival::byte_by_byte).outcome;
  return outcome == Outcome::answered ? parsed.text : "(" + std::string(to_string(outcome)) + ")";
}

ProcessCall process_call(const Task& task) {
  const auto call = backend_of("command").prepare(task, {});
  REQUIRE(call.has_value());
  return std::get<ProcessCall>(*call);
}

}  // namespace

TEST_CASE("command: the prompt goes to stdin, the system prompt in front of it") {
  Task task = command_task();
  CHECK(process_call(task).argv == Words{"/opt/bin/agy", "--print"});
  CHECK(process_call(task).input == "hello");
  task.system = "be brief";
  CHECK(process_call(task).input == "be brief\n\nhello");
  task.environment = {{"OPENAI_API_KEY", "x"}, {"CLAUDECODE", "1"}, {"HOME", "/home/user"}};
  CHECK(process_call(task).env == Words{"HOME=/home/user", "BROWSER=/bin/true"});
}

TEST_CASE("command: or it goes through a private file, where its place is marked or at the end") {
  Task task = command_task();
  task.settings.prompt = "file";
  CHECK(process_call(task).argv == Words{"/opt/bin/agy", "--print", "{prompt_file}"});
  task.settings.command = {"agy", "--file={prompt_file}", "--print"};
  const ProcessCall call = process_call(task);
  CHECK(call.argv == Words{"/opt/bin/agy", "--file={prompt_file}", "--print"});
  CHECK(call.input.empty());
  REQUIRE(call.files.size() == 1);
  CHECK(call.files[0].placeholder == "{prompt_file}");
  CHECK(call.files[0].content == "hello");
}

TEST_CASE("command: what it can do is configured, and otherwise nothing but answer") {
  const auto can = [](const Task& task) { return backend_of("command").capabilities(task.settings); };
  Task task = command_task();
  CHECK(can(task) == Capabilities{Capability::stream});
  task.settings.can = {"read_files", "write_files"};
  task.settings.answer = "json:/result";
  CHECK(can(task) == Capabilities{Capability::read_files, Capability::write_files});
}

TEST_CASE("command: text is an answer as it stands") {
  CHECK(answer("text", "hi\n\n there\r\n\n") == "hi\n\n there");  // but for the end of its last line
  CHECK(answer("text", "no newline") == "no newline");
  CHECK(answer("text", "401 Unauthorized, rate limit") == "401 Unauthorized, rate limit");
  CHECK(answer("text", "") == "(lost_result)");
  CHECK(answer("text", " \n\n") == "(lost_result)");
}

TEST_CASE("command: json has its answer at a pointer") {
  CHECK(answer("json:/result/text", R"({"result":{"text":"hi"}})") == "hi");
  CHECK(answer("json:/result/text", "{\n \"result\": {\n \"text\": \"hi\"}\n}\n") == "hi");
  CHECK(answer("json:/choices/0/text", R"({"choices":[{"text":"first"},{"text":"second"}]})") == "first");
  CHECK(answer("json:/a~1b", R"({"a/b":"slash"})") == "slash");
  CHECK(answer("json:/text", R"({"text":5})") == "(bad_output)");
  CHECK(answer("json:/text", R"({"other":"hi"})") == "(bad_output)");
  CHECK(answer("json:/text", R"({"text":""})") == "(bad_output)");
  CHECK(answer("json:/text", "Warning: old\n{\"text\":\"hi\"}") == "hi");
  CHECK(answer("json:/text", "") == "(lost_result)");
}

TEST_CASE("command: lines of json each bring a piece") {
  CHECK(answer("jsonl:/text", "{\"text\":\"a\"}\nnoise\n{\"other\":1}\n{\"text\":\"b\"}") == "ab");
  CHECK(answer("jsonl:/delta/text", "{\"delta\":{\"text\":\"a\"}}\n{\"delta\":null}\n{\"delta\":{\"text\":7}}\n") ==
        "a");
  CHECK(answer("jsonl:/text", "noise\n") == "(bad_output)");
}

TEST_CASE("command: a pointer that cannot be followed finds nothing") {
  for (const char* pointer :
       {"json:/choices/99999999999999999999999/text", "json:/choices/-/text", "json:/choices/01/text",
        "json:/choices/x/text", "json:/choices/7/text", "json:/choices/-1/text"}) {
    INFO(pointer);
    CHECK(answer(pointer, R"({"choices":[{"text":"hi"}]})") == "(bad_output)");
  }
}

TEST_CASE("command: half an output before a failure is no answer") {
  ParsedOutput parsed;
  const Failure end = judge(command_task(), {.out = "half a sent", .exit_code = 3}, parsed);
  CHECK(end.outcome == Outcome::exited_nonzero);
  CHECK(end.message == "exit code 3: half a sent");
  CHECK(judge(command_task(), {.out = "half", .err = "first\nlast words\n", .exit_code = 3}).message ==
        "exit code 3: last words");
  CHECK(judge(command_task(), {.exit_code = 144}).message == "exit code 144: no output");
}

TEST_CASE("command: its own signatures say what its errors mean") {
  Task task = command_task();
  task.settings.failures = {{"(?i)quota|rate limit", "quota_exhausted"},
                            {"limite dépassée", "rate_limited"},
                            {"^fatal: .* model", "model_rejected"}};
  CHECK(judge(task, {.err = "QUOTA is gone", .exit_code = 1}).outcome == Outcome::quota_exhausted);
  CHECK(judge(task, {.err = "erreur: limite dépassée\xFF", .exit_code = 1}).outcome == Outcome::rate_limited);
  CHECK(judge(task, {.out = "x\nfatal: bad model\n", .exit_code = 1}).outcome == Outcome::model_rejected);
  CHECK(judge(task, {.err = "something else", .exit_code = 1}).outcome == Outcome::exited_nonzero);
  SECTION("before the common ones, and with the wait that is stated") {
    const Failure end = judge(task, {.err = "429 quota: retry after 20 s", .exit_code = 1});
    CHECK(end.outcome == Outcome::quota_exhausted);
    CHECK(end.retry_after == std::chrono::seconds(20));
    CHECK(end.message == "429 quota: retry after 20 s");
  }
  SECTION("even when it exits with 0 and says nothing on stdout") {
    CHECK(judge(task, {.err = "quota", .exit_code = 0}).outcome == Outcome::quota_exhausted);
  }
  SECTION("but never of an answer") {
    CHECK(judge(task, {.out = "the quota of milk", .exit_code = 0}).outcome == Outcome::answered);
  }
}

TEST_CASE("command: without own rules the common signatures are searched on stderr") {
  CHECK(judge(command_task(), {.err = "Error: Invalid API key", .exit_code = 1}).outcome == Outcome::unauthenticated);
  CHECK(judge(command_task(), {.out = "Invalid API key", .exit_code = 1}).outcome == Outcome::exited_nonzero);
  CHECK(judge(command_task(), {.err = "rate limit: waiting", .exit_code = 0}).outcome == Outcome::lost_result);
}

TEST_CASE("command: a pattern with unbounded backtracking does not hang the run") {
  Task task = command_task();
  task.settings.failures = {{"(a+)+[bc]", "quota_exhausted"}};
  CHECK(judge(task, {.err = std::string(60'000, 'a') + "!", .exit_code = 1}).outcome == Outcome::exited_nonzero);
}
