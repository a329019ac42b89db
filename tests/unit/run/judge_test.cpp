#include "core/run/judge.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <ostream>

// The order of the evidence, with a backend that understands what the tests want it to.
namespace delegate {

static std::ostream& operator<<(std::ostream& stream, Outcome outcome) { return stream << to_string(outcome); }

}  // namespace delegate

using namespace delegate;
using namespace std::chrono_literals;

namespace {

/// Knows two words on stderr or in a body, and a code that comes without words; takes text that ends with "!" for a
/// whole answer.
class Scripted final : public Backend {
 public:
  std::string_view kind() const override { return "scripted"; }
  bool is_process() const override { return true; }
  Capabilities capabilities(const BackendSettings&) const override { return {}; }
  tl::expected<Call, Failure> prepare(const Task&, const std::vector<HttpResult>&) const override {
    return ProcessCall{};
  }
  Call version_call(const Task&) const override { return ProcessCall{}; }
  void read(ParsedOutput&, const Task&, Stream, std::string_view) const override {}
  void conclude(ParsedOutput& parsed, const Task&) const override { parsed.complete = parsed.text.ends_with('!'); }
  std::optional<Failure> explain(const ParsedOutput&, const Task&, const RawOutput& raw) const override {
    if (raw.err.find("quota") != std::string_view::npos || raw.body.find("quota") != std::string_view::npos)
      return Failure{Outcome::quota_exhausted, "no quota", {}};
    if (raw.err.find("cannot fork") != std::string_view::npos) return Failure{Outcome::resources, "cannot fork", {}};
    if (raw.exit_code == 42 || raw.http_status == 402) return Failure{Outcome::unauthenticated, "", {}};
    return std::nullopt;
  }
};

const Failure kOverloaded{Outcome::overloaded, "told by its own record", 7s};

ParsedOutput whole_answer() { return {.text = "the answer", .complete = true}; }
ParsedOutput told_failure() { return {.text = "half a", .failure = kOverloaded}; }

struct Words {
  std::string out;
  std::string err;
};

ChildResult child(ChildEnd end, const Words& words = {}, int exit_code = 0) {
  ChildResult result{.end = end, .exit_code = exit_code, .input_written = true};
  result.out = HeadAndTail(1024, 1024);
  result.err = HeadAndTail(1024, 1024);
  result.out.add(words.out);
  result.err.add(words.err);
  result.took = 100s;
  result.since_last_output = 60s;
  if (end == ChildEnd::signalled) result.signal = SIGSEGV;
  return result;
}

Failure judge(const ChildResult& result, ParsedOutput parsed = {}) {
  return judge_process(Scripted(), Task(), parsed, result);
}

HttpResult answer(HttpEnd end, int status = 200, const std::string& body = {}) {
  return {.end = end, .status = status, .body = body, .message = "curl's words", .since_last_byte = 60s, .took = 100s};
}

Failure judge(const HttpResult& result, ParsedOutput parsed = {}) {
  return judge_http(Scripted(), Task(), parsed, result);
}

constexpr ChildEnd kBadEnds[] = {ChildEnd::signalled, ChildEnd::no_first_output, ChildEnd::idle,
                                 ChildEnd::timed_out, ChildEnd::cancelled,       ChildEnd::stopped};

}  // namespace

TEST_CASE("a complete answer beats a cancel, a signal, a clock and an exit code") {
  for (const ChildEnd end : kBadEnds) CHECK(judge(child(end), whole_answer()).outcome == Outcome::answered);
  CHECK(judge(child(ChildEnd::exited, {.err = "quota"}, 1), whole_answer()).outcome == Outcome::answered);
  ChildResult broken = child(ChildEnd::exited, {}, 1);
  broken.input_written = false;
  CHECK(judge(broken, whole_answer()).outcome == Outcome::answered);
}

TEST_CASE("a complete answer with an error record after it is no answer") {
  ParsedOutput parsed = whole_answer();
  parsed.failure = kOverloaded;
  CHECK(judge(child(ChildEnd::exited), parsed).outcome == Outcome::overloaded);
}

TEST_CASE("a cancel beats everything but a complete answer") {
  CHECK(judge(child(ChildEnd::cancelled, {.err = "quota"}), told_failure()).outcome == Outcome::cancelled);
}

TEST_CASE("a foreign signal beats every text") {
  const Failure end = judge(child(ChildEnd::signalled, {.err = "quota"}, -1), told_failure());
  CHECK(end.outcome == Outcome::killed_by_signal);
  CHECK(end.message == "killed by a signal (Segmentation fault)");
}

TEST_CASE("a signal that a limit of the machine has sent is not the backend's failure") {
  ChildResult result = child(ChildEnd::signalled, {}, -1);
  result.signal = GENERATE(SIGXFSZ, SIGXCPU);
  CHECK(judge(result, told_failure()).outcome == Outcome::resources);
}

TEST_CASE("an abort for want of processes or memory is not the backend's failure") {
  const Failure end = judge(child(ChildEnd::signalled, {.err = "sh: 1: cannot fork"}, -1));
  CHECK(end.outcome == Outcome::resources);
  CHECK(end.message == "cannot fork");
}

TEST_CASE("the backend's own error record beats clocks, stderr and exit code") {
  for (const ChildEnd end : {ChildEnd::exited, ChildEnd::stopped, ChildEnd::idle, ChildEnd::timed_out}) {
    const Failure failure = judge(child(end, {.err = "quota"}, 1), told_failure());
    CHECK(failure.outcome == Outcome::overloaded);
    CHECK(failure.message == "told by its own record");
    CHECK(failure.retry_after == 7s);
  }
}

TEST_CASE("our clocks beat the text of stderr") {
  CHECK(judge(child(ChildEnd::no_first_output, {.err = "quota"})).outcome == Outcome::idle_timed_out);
  CHECK(judge(child(ChildEnd::idle, {.err = "quota"})).outcome == Outcome::idle_timed_out);
}

TEST_CASE("stderr beats the exit code, whatever it is") {
  for (const int code : {0, 1, 41, 144})
    CHECK(judge(child(ChildEnd::exited, {.err = "quota"}, code)).outcome == Outcome::quota_exhausted);
}

TEST_CASE("without words the exit code is what is left, and no code is a signal") {
  for (const int code : {1, 137, 143, 144, 145, 255}) {
    const Failure end = judge(child(ChildEnd::exited, {}, code));
    CHECK(end.outcome == Outcome::exited_nonzero);
    CHECK(end.message == "exit code " + std::to_string(code) + ": no output");
  }
  CHECK(judge(child(ChildEnd::exited, {.out = "on stdout\n", .err = "first\n\tlast \n\n"}, 2)).message ==
        "exit code 2: last");
  CHECK(judge(child(ChildEnd::exited, {.out = "on stdout\n"}, 2)).message == "exit code 2: on stdout");
}

TEST_CASE("a failure without a message gets one") {
  CHECK(judge(child(ChildEnd::exited, {}, 42)).message == "exit code 42: no output");
  CHECK(judge(answer(HttpEnd::complete, 402)).message == "HTTP status 402 without a message");
  const ParsedOutput mute{.failure = Failure{Outcome::overloaded, "", {}}};
  CHECK_FALSE(judge(child(ChildEnd::exited, {}, 1), mute).message.empty());
  CHECK_FALSE(judge(answer(HttpEnd::complete, 500), mute).message.empty());
}

TEST_CASE("a closed pipe is the verdict only when nothing better stands in the output") {
  ChildResult result = child(ChildEnd::exited);
  result.input_written = false;
  CHECK(judge(result).outcome == Outcome::pipe_closed);
  CHECK(judge(result, told_failure()).outcome == Outcome::overloaded);
  result.err.add("quota");
  CHECK(judge(result).outcome == Outcome::quota_exhausted);
  SECTION("its last line of output is the message") {
    ChildResult talking = child(ChildEnd::exited, {.err = "unknown option --new"}, 2);
    talking.input_written = false;
    CHECK_THAT(judge(talking).message, Catch::Contains("unknown option --new"));
  }
  SECTION("nor when it died of a signal or was stopped by a clock") {
    for (const ChildEnd end : {ChildEnd::signalled, ChildEnd::idle, ChildEnd::timed_out, ChildEnd::cancelled}) {
      ChildResult other = child(end);
      other.input_written = false;
      CHECK(judge(other).outcome != Outcome::pipe_closed);
    }
  }
}

TEST_CASE("a call that was still working at its time limit is distinguished from a silent one") {
  ChildResult result = child(ChildEnd::timed_out, {.out = "working"});
  result.since_last_output = 30s;
  CHECK(judge(result).outcome == Outcome::timed_out);
  result.since_last_output = 29'999ms;
  CHECK(judge(result).outcome == Outcome::timed_out_active);
  CHECK_THAT(judge(result).message, Catch::Contains("still working"));
  result.since_last_output = 100s;
  CHECK(judge(result).outcome == Outcome::timed_out);
  result.since_last_work = 29s;  // without a word
  CHECK(judge(result).outcome == Outcome::timed_out_active);
  ChildResult silent = child(ChildEnd::timed_out);
  silent.since_last_output = 100s;
  CHECK(judge(silent).outcome == Outcome::timed_out);
  silent.since_last_work = 29s;  // from its start
  CHECK(judge(silent).outcome == Outcome::timed_out_active);
}

TEST_CASE("a clean exit without an answer is judged by what it printed") {
  CHECK(judge(child(ChildEnd::exited)).outcome == Outcome::lost_result);
  const Failure unread = judge(child(ChildEnd::exited, {.out = "<html>\n"}));
  CHECK(unread.outcome == Outcome::bad_output);
  CHECK(unread.message == "sent unreadable output: <html>");
  CHECK(judge(child(ChildEnd::exited, {.out = "x"}), {.text = "half a"}).outcome == Outcome::lost_result);
}

TEST_CASE("an answer without text is an empty one when it was paid for, else a lost one") {
  ParsedOutput parsed{.complete = true};
  parsed.usage.output_tokens = 3;
  for (const char* text : {"", " \n\t"}) {
    parsed.text = text;
    CHECK(judge(child(ChildEnd::exited), parsed).outcome == Outcome::answered_empty);
  }
  CHECK(judge(child(ChildEnd::exited), {.complete = true}).outcome == Outcome::lost_result);
  judge_process(Scripted(), Task(), parsed, child(ChildEnd::exited));
  CHECK(parsed.text.empty());  // what there is to say about it is no answer
  CHECK(parsed.warnings == std::vector<std::string>{"the answer had no text"});
  parsed.if_empty = Failure{Outcome::cut_short, "thinking used up all tokens", {}};
  CHECK(judge(child(ChildEnd::exited), parsed).outcome == Outcome::cut_short);
}

TEST_CASE("an answer with a hole is none, unless its end states the whole text") {
  ParsedOutput parsed{.text = "half of it", .complete = true, .unreadable = 1};
  CHECK(judge(child(ChildEnd::exited), parsed).outcome == Outcome::bad_output);
  CHECK_THAT(judge(answer(HttpEnd::complete), parsed).message, Catch::Contains("may have a hole"));
  parsed.text_is_stated = true;
  CHECK(judge(child(ChildEnd::exited), parsed).outcome == Outcome::answered);
}

TEST_CASE("output without a record of its end is concluded by a clean exit alone") {
  const ParsedOutput text{.text = "all of it!"};
  CHECK(judge(child(ChildEnd::exited), text).outcome == Outcome::answered);
  CHECK(judge(child(ChildEnd::exited, {}, 1), text).outcome == Outcome::exited_nonzero);
  CHECK(judge(child(ChildEnd::idle), text).outcome == Outcome::idle_timed_out);
  CHECK(judge(child(ChildEnd::cancelled), text).outcome == Outcome::cancelled);
  CHECK(judge(child(ChildEnd::signalled), text).outcome == Outcome::killed_by_signal);
}

TEST_CASE("over HTTP: a complete answer beats the way in which the connection ended") {
  for (const HttpEnd end :
       {HttpEnd::complete, HttpEnd::stopped, HttpEnd::dropped, HttpEnd::timed_out, HttpEnd::idle, HttpEnd::cancelled})
    CHECK(judge(answer(end), whole_answer()).outcome == Outcome::answered);
}

TEST_CASE("over HTTP: a cancel beats an error record, which beats everything else") {
  CHECK(judge(answer(HttpEnd::cancelled), told_failure()).outcome == Outcome::cancelled);
  for (const HttpEnd end : {HttpEnd::complete, HttpEnd::dropped, HttpEnd::idle})
    CHECK(judge(answer(end, 500, "quota"), told_failure()).outcome == Outcome::overloaded);
}

TEST_CASE("a call that never said a word was not at work, however short its time") {
  ChildResult mute = child(ChildEnd::timed_out);
  mute.took = 1s;
  mute.since_last_output = 999ms;
  CHECK(judge(mute).outcome == Outcome::timed_out);
}

TEST_CASE("what a CLI echoes of the prompt stands in no message") {
  Scripted backend;
  ParsedOutput parsed;
  const Task task{.prompt = "my secret plan\nin two lines"};
  const Failure end = judge_process(backend, task, parsed, child(ChildEnd::exited, {.out = "in two lines"}, 1));
  CHECK(end.outcome == Outcome::exited_nonzero);
  CHECK(end.message == "exit code 1: no output");
}

TEST_CASE("over HTTP: a request that the server refuses is the request's fault, whatever its words") {
  const ParsedOutput vague{.failure = Failure{Outcome::server_error, "told", {}}};
  CHECK(judge(answer(HttpEnd::complete, 400, "strange words"), vague).outcome == Outcome::bad_request);
  CHECK(judge(answer(HttpEnd::complete, 500, "strange words"), vague).outcome == Outcome::server_error);
}

TEST_CASE("over HTTP: every other end has its outcome") {
  CHECK(judge(answer(HttpEnd::unreachable, 0)).outcome == Outcome::unreachable);
  CHECK(judge(answer(HttpEnd::unreachable, 0)).message == "curl's words");
  CHECK(judge(answer(HttpEnd::connect_timeout, 0)).outcome == Outcome::connect_timeout);
  CHECK(judge(answer(HttpEnd::no_first_byte, 0)).outcome == Outcome::timed_out_active);
  CHECK(judge(answer(HttpEnd::idle)).outcome == Outcome::timed_out_active);
  CHECK(judge(answer(HttpEnd::timed_out)).outcome == Outcome::timed_out);
  CHECK(judge(answer(HttpEnd::dropped)).outcome == Outcome::dropped);
  CHECK(judge(answer(HttpEnd::malformed, 0)).outcome == Outcome::bad_output);
  HttpResult busy = answer(HttpEnd::timed_out);
  busy.since_last_byte = 1s;
  CHECK(judge(busy).outcome == Outcome::timed_out_active);
}

TEST_CASE("over HTTP: words beat the status, and a status without words counts by its class") {
  CHECK(judge(answer(HttpEnd::complete, 500, "quota")).outcome == Outcome::quota_exhausted);
  CHECK(judge(answer(HttpEnd::complete, 500, "oops")).outcome == Outcome::server_error);
  CHECK(judge(answer(HttpEnd::complete, 418, "teapot")).outcome == Outcome::bad_request);
  CHECK(judge(answer(HttpEnd::complete, 418, "tea\npot")).message == "HTTP status 418: tea pot");
}

TEST_CASE("over HTTP: a stream that ends cleanly without the end of the answer is a lost result") {
  CHECK(judge(answer(HttpEnd::complete), {.text = "half a"}).outcome == Outcome::lost_result);
  CHECK(judge(answer(HttpEnd::complete)).outcome == Outcome::lost_result);
}

TEST_CASE("a process that could not be started is judged by the reason") {
  CHECK(judge_spawn({Code::not_found, "claude: no such file", {}}).outcome == Outcome::not_installed);
  CHECK(judge_spawn({Code::resource_exhausted, "no room", {}}).outcome == Outcome::resources);
  for (const Code code : {Code::permission_denied, Code::unavailable, Code::invalid_argument, Code::internal})
    CHECK(judge_spawn({code, "odd", {}}).outcome == Outcome::spawn_failed);
  CHECK(judge_spawn({Code::not_found, "claude: no such file", {}}).message == "claude: no such file");
}
