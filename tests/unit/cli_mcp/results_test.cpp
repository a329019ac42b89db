#include <catch2/catch.hpp>

#include "cli/mcp/results.hpp"
#include "core/base/json.hpp"

// What an agent is told of a run: the same in the text and in the structured form.
using namespace delegate;
using namespace delegate::cli;
using namespace delegate::cli::server;

namespace {

jobs::JobResult answer(const std::string& text, const Remarks& remarks = {}) {
  const OrderedJson run{
      {"answer", text}, {"backend", "codex"}, {"model", "gpt"}, {"session_id", "s-1"}, {"duration_ms", 1260}};
  return {parse_run_record(delegate::dump(run)), remarks, 0};
}

jobs::JobResult failed(std::string record, const Remarks& remarks = {}) {
  return {parse_run_record(std::move(record)), remarks, 1};
}

Remark note(std::string text) { return {Remark::Kind::note, std::move(text)}; }

std::string text_of(const mcp::ToolResult& result) { return result.content.at(0).text; }

}  // namespace

TEST_CASE("an answer is complete in both forms, and its text names the backend") {
  const EndedRun shown = ended("r1", answer("hello"), 0, 100);
  CHECK_FALSE(shown.is_cut);
  CHECK_FALSE(shown.result.is_error);
  CHECK(text_of(shown.result) == "hello\n\n[codex gpt, 1.3 s]");
  const auto& json = *shown.result.structured;
  CHECK(json["answer"] == "hello");
  CHECK(json["status"] == "done");
  CHECK(json["session"] == "s-1");
  CHECK(json["seconds"] == 1.3);
  for (const char* absent : {"next_offset", "run", "note"}) CHECK_FALSE(json.contains(absent));
}

TEST_CASE("the parts of a long answer make up the whole, and no character is split") {
  const std::string whole = "a€b€€c\U0001F600d";
  for (std::size_t longest = 4; longest <= whole.size() + 1; ++longest) {
    std::string put_together;
    std::size_t offset = 0;
    for (int parts = 0; parts < 30; ++parts) {
      const EndedRun shown = ended("r1", answer(whole), offset, longest);
      const auto& json = *shown.result.structured;
      const std::string part = json["answer"];
      CHECK(part.size() <= longest);
      CHECK((static_cast<unsigned char>(part.empty() ? 'x' : part[0]) & 0xC0) != 0x80);
      CHECK(shown.is_cut == (part != whole));
      put_together += part;
      if (!json.contains("next_offset")) break;
      CHECK(json["run"] == "r1");
      CHECK(text_of(shown.result).find("offset=" + json["next_offset"].dump()) != std::string::npos);
      CHECK(json["next_offset"].get<std::size_t>() > offset);
      offset = json["next_offset"].get<std::size_t>();
    }
    CHECK(put_together == whole);
  }
}

TEST_CASE("an offset within a character, at the end or beyond it is accepted") {
  CHECK((*ended("r1", answer("€x"), 1, 10).result.structured)["answer"] == "€x");
  CHECK((*ended("r1", answer("abc"), 3, 10).result.structured)["answer"] == "");
  CHECK((*ended("r1", answer("abc"), 1'000'000, 10).result.structured)["answer"] == "");
}

TEST_CASE("messages for stderr become notes, without the program's name") {
  const EndedRun shown = ended("r1", answer("hi", {note("claude skipped"), note("a warning")}), 0, 100);
  CHECK((*shown.result.structured)["note"] == "claude skipped\na warning");
  CHECK(text_of(shown.result).ends_with("\n[claude skipped\na warning]"));
}

TEST_CASE("a run without an answer is an error with its outcome and what to do") {
  const OrderedJson run{{"error", {{"outcome", "no_slot"}, {"message", "nothing can be asked"}, {"hint", "wait"}}}};
  const EndedRun shown = ended("r1", failed(delegate::dump(run), {note("nothing can be asked")}), 0, 100);
  CHECK(shown.result.is_error);
  CHECK((*shown.result.structured)["status"] == "failed");
  CHECK((*shown.result.structured)["outcome"] == "no_slot");
  CHECK((*shown.result.structured)["hint"] == "wait");
  const OrderedJson cancelled{{"error", {{"outcome", "cancelled"}, {"message", "cancelled"}}}};
  CHECK((*ended("r1", failed(delegate::dump(cancelled)), 0, 100).result.structured)["status"] == "cancelled");
}

TEST_CASE("a run with an unreadable result is an error, not a crash") {
  for (const char* nonsense :
       {"", "null", "[]", "{", "7", R"({"answer": 7})", R"({"error": 7})", R"({"error": {"outcome": []}})"}) {
    INFO(nonsense);
    const EndedRun shown = ended("r1", failed(nonsense), 0, 100);
    CHECK((*shown.result.structured)["status"].is_string());
    CHECK(answer_of(failed(nonsense, {note("said")})) == "said");
  }
}

TEST_CASE("a run that continues names its id and how to fetch the result") {
  const mcp::ToolResult result = working("r1", "codex");
  CHECK_FALSE(result.is_error);
  CHECK((*result.structured)["run"] == "r1");
  CHECK((*result.structured)["status"] == "working");
  CHECK(text_of(result).find("result, run=r1") != std::string::npos);
}
