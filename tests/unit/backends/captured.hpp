#pragma once
#include <catch2/catch.hpp>

#include <filesystem>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "backends/registry.hpp"
#include "core/os/file.hpp"
#include "core/run/judge.hpp"
#include "core/run/reader.hpp"

// What the real CLIs printed, in many failure modes (tests/fixtures), read again as the runner would have read it.
namespace delegate {

inline std::ostream& operator<<(std::ostream& stream, Outcome outcome) { return stream << to_string(outcome); }

namespace test {

struct Capture {
  std::string out;
  std::string err;
  std::string exit;  // a number, or "killed": it had to be stopped
};

inline std::string contents(const Path& path) {
  auto text = read_file(path);
  INFO(path);
  REQUIRE(text.has_value());
  return *std::move(text);
}

inline Capture captured(const std::string& cli, const std::string& name) {
  const std::string stem = std::string(SOURCE_DIRECTORY) + "/tests/fixtures/" + cli + "/" + name;
  return {contents(stem + ".stdout"), contents(stem + ".stderr"), std::string(trim(contents(stem + ".exit")))};
}

inline std::set<std::string> captures_of(const std::string& cli) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Path(SOURCE_DIRECTORY) / "tests/fixtures" / cli))
    if (entry.path().extension() == ".exit") names.insert(entry.path().stem().string());
  return names;
}

inline const Backend& backend_of(std::string_view kind) {
  const Backend* backend = find_backend(kind);
  REQUIRE(backend != nullptr);
  return *backend;
}

inline Task task_of(const std::string& kind) {
  Task task{.prompt = "hello", .executable = "/usr/bin/" + kind};
  task.settings.name = kind;
  task.settings.kind = kind;
  task.settings.command = {kind};
  return task;
}

/// In which order the bytes of the two pipes reach the reader; the judgement must not depend on it.
enum class Arrival { out_first, err_first, byte_by_byte };

inline ParsedOutput read_capture(const Backend& backend, const Task& task, const Capture& capture, Arrival arrival) {
  ParsedOutput parsed;
  const auto feed = [&](Stream stream, const std::string& bytes) {
    Lines lines;
    const auto on_line = [&](std::string_view line) { backend.read(parsed, task, stream, line); };
    const std::size_t step = arrival == Arrival::byte_by_byte ? 1 : std::max<std::size_t>(1, bytes.size());
    for (std::size_t at = 0; at < bytes.size(); at += step)
      lines.feed(std::string_view(bytes).substr(at, step), on_line);
    lines.finish(on_line);
  };
  if (arrival == Arrival::err_first) feed(Stream::err, capture.err);
  feed(Stream::out, capture.out);
  if (arrival != Arrival::err_first) feed(Stream::err, capture.err);
  return parsed;
}

inline bool is_given_up(const ParsedOutput& parsed) {
  return !parsed.complete && parsed.failure && end_of_retries(*parsed.failure, std::nullopt);
}

/// How the process ended. One that had to be stopped was stopped by us, for being hopeless or for falling silent.
inline ChildResult end_of(const Capture& capture, const ParsedOutput& parsed) {
  ChildResult result;
  result.input_written = true;
  result.out = HeadAndTail(64u << 10, 64u << 10);
  result.err = HeadAndTail(64u << 10, 64u << 10);
  result.out.add(capture.out);
  result.err.add(capture.err);
  result.took = std::chrono::seconds(200);
  result.since_last_output = std::chrono::seconds(180);
  if (capture.exit != "killed") result.exit_code = std::stoi(capture.exit);
  else result.end = is_given_up(parsed) ? ChildEnd::stopped : ChildEnd::idle;
  return result;
}

/// One line of a table of verdicts. Empty texts are not looked at, except where an answer is expected.
struct ExpectedEnd {
  std::string name;
  Outcome outcome = Outcome::internal;
  std::string message;  // a part of it
  std::string text;     // of an answer, whole
  std::string model;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<double> cost_usd;
  std::optional<milliseconds> retry_after;
  std::optional<milliseconds> retry_at;
};

inline void check_verdict(const std::string& cli, const ExpectedEnd& expected, Arrival arrival) {
  INFO(cli << "/" << expected.name << ", arrival " << static_cast<int>(arrival));
  const Backend& backend = backend_of(cli);
  const Task task = task_of(cli);
  const Capture capture = captured(cli, expected.name);
  ParsedOutput parsed = read_capture(backend, task, capture, arrival);
  const ChildResult result = end_of(capture, parsed);
  if (is_given_up(parsed)) parsed.failure = end_of_retries(*parsed.failure, std::nullopt);
  const Failure end = judge_process(backend, task, parsed, result);
  CHECK(end.outcome == expected.outcome);
  CHECK_THAT(end.message, Catch::Contains(expected.message));
  CHECK(end.message.find('\n') == std::string::npos);
  CHECK(end.retry_after == expected.retry_after);
  CHECK(end.retry_at == expected.retry_at);
  CHECK(parsed.model == expected.model);
  // Every capture whose output names a session yields it.
  CHECK(parsed.session_id.empty() == (capture.out.find("_id\":\"") == std::string::npos));
  CHECK(capture.out.find("_id\":\"" + parsed.session_id) != (parsed.session_id.empty() ? 0 : std::string::npos));
  if (!is_answer(expected.outcome)) return;
  CHECK(parsed.text == expected.text);
  CHECK(parsed.usage.input_tokens == expected.input_tokens);
  CHECK(parsed.usage.output_tokens == expected.output_tokens);
  CHECK(parsed.usage.cost_usd.has_value() == expected.cost_usd.has_value());
  if (expected.cost_usd) CHECK(*parsed.usage.cost_usd == Approx(*expected.cost_usd));
}

inline void check_verdicts(const std::string& cli, const std::vector<ExpectedEnd>& table) {
  for (const ExpectedEnd& expected : table)
    for (const Arrival arrival : {Arrival::out_first, Arrival::err_first, Arrival::byte_by_byte})
      check_verdict(cli, expected, arrival);
}

inline std::set<std::string> names_in(const std::vector<ExpectedEnd>& table) {
  std::set<std::string> names;
  for (const ExpectedEnd& row : table) names.insert(row.name);
  return names;
}

/// The number of the line of stdout (from 1) after which there is no point in going on; 0: it never says so.
inline std::size_t hopeless_after(const std::string& cli, const std::string& name, Stream stream = Stream::out) {
  const Capture capture = captured(cli, name);
  ParsedOutput parsed;
  Lines lines;
  std::size_t count = 0;
  std::size_t found = 0;
  const auto on_line = [&](std::string_view line) {
    ++count;
    backend_of(cli).read(parsed, task_of(cli), stream, line);
    if (is_given_up(parsed) && found == 0) found = count;
  };
  lines.feed(stream == Stream::out ? capture.out : capture.err, on_line);
  return found;
}

}  // namespace test
}  // namespace delegate
