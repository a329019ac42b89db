#include "backends/wordings.hpp"

#include <cmath>
#include <set>

#include "core/base/host_time.hpp"
#include "core/run/reset_time.hpp"
#include "tests/unit/backends/http_backend.hpp"

// The words of the vendors: the tables themselves, and a corpus of messages that the kinds read as they would read them
// from a CLI or a server. tests/corpus/wordings.jsonl has one message a line: a `text` stands in the CLI's final error
// record (with `status`, if the CLI states it), `err` on its stderr, `status` and `body` are a server's response.
using namespace delegate;
using namespace delegate::test;

namespace {

constexpr milliseconds kNow{1'795'000'000'000};  // the moment in which the corpus is read

constexpr Vendor kVendors[] = {Vendor::claude, Vendor::codex, Vendor::gemini, Vendor::server, Vendor::other};

/// The families that a vendor shares with all are checked with Vendor::other.
bool is_shared(const Family& family) {
  const auto shared = wordings_of(Vendor::other);
  return std::any_of(shared.begin(), shared.end(),
                     [&](const Family& one) { return one.rows.data() == family.rows.data(); });
}

void check_rows(std::span<const Family> families, bool with_shared) {
  for (const Family& family : families)
    for (const Signature& row : family.rows) {
      if (!with_shared && is_shared(family)) continue;
      INFO(row.example);
      CHECK(matches(row, row.example));
      const auto found = find(families, row.example);
      REQUIRE(found.has_value());
      INFO("taken by: " << found->signature->example);
      CHECK(found->signature->outcome == row.outcome);
      CHECK_FALSE(std::string_view(row.source).empty());
    }
}

std::string lines_of(const Json& row) {
  std::string text;
  for (const Json& line : at(row, "/err")) text += line.get<std::string>() + "\n";
  return text;
}

/// The final records of the three CLIs, with the text of an error in them.
std::string records_of(const std::string& kind, const std::string& text, std::optional<std::int64_t> status) {
  if (kind == "claude") {
    Json end{{"type", "result"}, {"subtype", "success"}, {"is_error", true}, {"result", text}};
    if (status) end["api_error_status"] = *status;
    return R"({"type":"system","subtype":"init","session_id":"s","model":"m"})"
           "\n" +
           dump(end) + "\n";
  }
  if (kind == "codex")
    return R"({"type":"thread.started","thread_id":"s"})"
           "\n" +
           dump(Json{{"type", "error"}, {"message", text}}) + "\n" +
           dump(Json{{"type", "turn.failed"}, {"error", {{"message", text}}}}) + "\n";
  return R"({"type":"init","session_id":"s","model":"m"})"
         "\n" +
         dump(Json{{"type", "result"}, {"status", "error"}, {"error", {{"type", "x"}, {"message", text}}}}) + "\n";
}

Task corpus_task(const std::string& kind) {
  Task task = task_of(kind);
  task.settings.url = "http://127.0.0.1:1";
  task.settings.answer = "text";
  task.model = "m";
  return task;
}

Failure served(const Json& row, const Task& task) {
  HttpResult result = response(static_cast<int>(integer_at(row, "/status").value_or(0)), text_at(row, "/body"));
  for (const auto& [name, value] : at(row, "/headers").items())
    result.limits.push_back({name, value.get<std::string>()});
  return judge_stream(task, std::move(result));
}

Failure printed(const Json& row, const Task& task) {
  const std::string kind = text_at(row, "/vendor");
  const bool is_record = row.contains("text");
  const Capture capture{
      .out = is_record ? records_of(kind, text_at(row, "/text"), integer_at(row, "/status")) : std::string(),
      .err = lines_of(row),
      .exit = std::to_string(integer_at(row, "/exit").value_or(1))};
  ParsedOutput parsed = read_capture(backend_of(kind), task, capture, Arrival::out_first);
  const ChildResult end = end_of(capture, parsed);
  return judge_process(backend_of(kind), task, parsed, end);
}

/// In seconds from kNow; negative: none is stated.
double stated_end(const Failure& failure) {
  if (failure.retry_after) return static_cast<double>(failure.retry_after->count()) / 1000;
  const auto at = failure.retry_at ? failure.retry_at : stated_reset(failure.message, kNow, "UTC");
  return at ? static_cast<double>((*at - kNow).count()) / 1000 : -1;
}

/// Negative: the row has no time.
double expected_end(const Json& row) {
  if (const auto wait = number_at(row, "/wait")) return *wait;
  if (!row.contains("until")) return -1;
  const auto at = stated_header(text_at(row, "/until"));
  REQUIRE(at.has_value());
  REQUIRE(at->at.has_value());
  return static_cast<double>((*at->at - kNow).count()) / 1000;
}

}  // namespace

TEST_CASE("every wording is recognised by its example, and no earlier row takes it for something else") {
  for (const Vendor vendor : kVendors) check_rows(wordings_of(vendor), vendor == Vendor::other);
  check_rows(words_of_no_start(), true);
}

TEST_CASE("every value of a field stands in the table once, with its source") {
  std::set<std::string_view> names;
  for (const ErrorCode& code : error_codes()) {
    INFO(code.name);
    CHECK(names.insert(code.name).second);
    CHECK_FALSE(std::string_view(code.source).empty());
  }
}

TEST_CASE("the messages of the corpus are understood by the kinds that print them") {
  const std::string corpus = contents(std::string(SOURCE_DIRECTORY) + "/tests/corpus/wordings.jsonl");
  std::size_t count = 0;
  for (const std::string_view line : split(corpus, '\n')) {
    if (line.empty()) continue;
    ++count;
    INFO(line);
    const auto row = parse_object(line);
    REQUIRE(row.has_value());
    const Task task = corpus_task(text_at(*row, "/vendor"));
    const Failure end = row->contains("body") ? served(*row, task) : printed(*row, task);
    INFO(end.message);
    CHECK(std::string(to_string(end.outcome)) == text_at(*row, "/outcome"));
    CHECK(end.is_recognised == !row->contains("recognised"));
    CHECK_THAT(end.hint, Catch::Contains(text_at(*row, "/hint")));
    CHECK_THAT(end.message, Catch::Contains(text_at(*row, "/words")));
    CHECK_FALSE(end.message.empty());
    CHECK(std::abs(stated_end(end) - expected_end(*row)) < 1.5);
  }
  CHECK(count > 200);
}

TEST_CASE("what a program says of itself, of this machine or of its own work is no word of the service") {
  for (const char* line :
       {"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "Error: recursion limit reached", "Error: file size limit exceeded", "fatal: line length limit exceeded",
        "Error: EACCES: permission denied, open '/home/u/.x/session.json'", "Error: database is locked",
        "TypeError: Cannot read properties of undefined (reading 'credits')", "Segmentation fault (core dumped)",
        "thread 'main' panicked at src/auth.rs:401:12: called `Option::unwrap()` on a `None` value",
        "Error: the author field is empty", "Error: took 429 ms", "    at login (/usr/lib/auth.js:503:12)",
        "Error: invalid argument (os error 22)", "usage: x [--limit N], at most 10 exceeded by none",
        "Warning: 80% of your weekly limit is used up", "info: not logged in to the telemetry service",
        "[ERROR] docs-server: 401 Unauthorized", "MCP client for `docs` failed to start: 401 Unauthorized"}) {
    INFO(line);
    for (const char* kind : {"claude", "codex", "gemini", "command"}) {
      INFO(kind);
      const Failure end = printed({{"vendor", kind}, {"err", {line}}}, corpus_task(kind));
      CHECK(end.outcome == Outcome::exited_nonzero);
      CHECK_FALSE(end.is_recognised);
    }
  }
}
