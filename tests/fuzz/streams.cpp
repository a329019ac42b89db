#include <array>
#include <tuple>

#include "backends/registry.hpp"
#include "core/run/judge.hpp"
#include "core/run/output_delta.hpp"
#include "core/run/reader.hpp"
#include "tests/fuzz/property.hpp"

// Whatever a CLI prints or a server sends, read by every kind of backend: whole, and cut anywhere.
using namespace delegate;

namespace {

constexpr std::array<const char*, 8> kKinds{
    "claude", "codex", "gemini", "ollama", "openai", "command", "command json:/a/b", "command jsonl:/text"};

Task task_of(std::string_view kind) {
  Task task{.prompt = "hello", .executable = "/usr/bin/tool"};
  task.settings.name = "mine";
  task.settings.kind = std::string(kind.substr(0, kind.find(' ')));
  task.settings.command = {"tool"};
  if (kind.find(' ') != std::string_view::npos) task.settings.answer = std::string(kind.substr(kind.find(' ') + 1));
  return task;
}

auto facts_of(const Failure& failure) {
  return std::tie(failure.outcome, failure.message, failure.retry_after, failure.retry_at, failure.limit, failure.hint);
}

auto facts_of(const ParsedOutput& parsed) {
  return std::tie(parsed.text, parsed.complete, parsed.end_announced, parsed.session_id, parsed.model,
                  parsed.usage.input_tokens, parsed.usage.output_tokens, parsed.usage.cost_usd, parsed.warnings,
                  parsed.denied, parsed.text_grows, parsed.draft, parsed.drafts, parsed.doing);
}

bool same(const std::optional<Retrying>& a, const std::optional<Retrying>& b) {
  const auto facts = [](const Retrying& one) { return std::tie(one.failures, one.pause, one.forever); };
  return a.has_value() == b.has_value() && (!a || facts(*a) == facts(*b));
}

bool same(const std::optional<Failure>& a, const std::optional<Failure>& b) {
  return a.has_value() == b.has_value() && (!a || (facts_of(*a) == facts_of(*b) && same(a->retrying, b->retrying)));
}

/// Reads `bytes` in pieces; a piece that is handed on must not be taken back while the text only grows.
ParsedOutput read(const Backend& backend, const Task& task, Stream stream, std::string_view bytes,
                  fuzz::Numbers* cuts) {
  ParsedOutput parsed;
  DeltaTracker tracker;
  std::string told;
  Lines lines;
  const auto on_line = [&](std::string_view line) {
    backend.read(parsed, task, stream, line);
    const OutputDelta delta = tracker.since_last(parsed);
    if (delta.reset) told.clear();
    told += delta.text;
    if (parsed.text_grows) fuzz::hold(told == parsed.text, "what was told is the text so far");
  };
  while (!bytes.empty()) {
    const std::size_t length = cuts == nullptr ? bytes.size() : std::min(bytes.size(), 1 + cuts->below(9));
    lines.feed(bytes.substr(0, length), on_line);
    bytes.remove_prefix(length);
  }
  lines.finish(on_line);
  return parsed;
}

Failure judge(const Backend& backend, const Task& task, ParsedOutput& parsed, std::string_view bytes, std::size_t way) {
  if (!backend.is_process()) {
    constexpr std::array<int, 5> kStatus{200, 400, 404, 429, 500};
    HttpResult result{.status = kStatus[way % kStatus.size()], .body = std::string(bytes)};
    result.end = static_cast<HttpEnd>(way % (static_cast<std::size_t>(HttpEnd::complete) + 1));
    return judge_http(backend, task, parsed, result);
  }
  constexpr std::array<int, 6> kCodes{0, 1, 41, 42, 55, 145};
  ChildResult result;
  result.out = HeadAndTail(64u << 10, 64u << 10);
  result.err = result.out;
  result.out.add(bytes);
  result.err.add(bytes);
  result.input_written = way % 2 == 0;
  result.exit_code = kCodes[way % kCodes.size()];
  return judge_process(backend, task, parsed, result);
}

void check_end(const Failure& end, const ParsedOutput& parsed) {
  fuzz::hold(end.outcome <= Outcome::internal && outcome_named(to_string(end.outcome)) == end.outcome,
             "an outcome has a row");
  fuzz::hold(fuzz::is_one_line(end.message), "a message is one line");
  fuzz::hold(end.outcome != Outcome::answered || !trim(parsed.text).empty(), "an answer has a text");
  fuzz::hold(is_answer(end.outcome) || !end.message.empty(), "a failure has a message");
}

void check_kind(const char* kind, std::string_view bytes) {
  const Task task = task_of(kind);
  const Backend& backend = *find_backend(task.settings.kind);
  fuzz::Numbers cuts(bytes);
  for (const Stream stream : {Stream::out, Stream::err, Stream::log}) {
    if (stream != Stream::out && !backend.is_process()) continue;  // a server has one stream
    ParsedOutput whole = read(backend, task, stream, bytes, nullptr);
    const ParsedOutput cut = read(backend, task, stream, bytes, &cuts);
    fuzz::hold(facts_of(whole) == facts_of(cut) && same(whole.failure, cut.failure),
               "where it is cut makes no difference");
    check_end(judge(backend, task, whole, bytes, cuts.below(30)), whole);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  for (const char* kind : kKinds) check_kind(kind, fuzz::text_of(bytes, size));
  return 0;
}
