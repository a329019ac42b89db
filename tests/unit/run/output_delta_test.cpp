#include <catch2/catch.hpp>

#include "core/run/output_delta.hpp"

// What an attempt tells while it runs.
using namespace delegate;

TEST_CASE("text that only grows is reported in pieces, each once") {
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.text_grows = true;
  CHECK(tracker.since_last(parsed).empty());
  parsed.text = "Hel";
  const OutputDelta first = tracker.since_last(parsed);
  CHECK(first.text == "Hel");
  CHECK(first.certain);
  CHECK_FALSE(first.reset);
  parsed.text = "Hello";
  CHECK(tracker.since_last(parsed).text == "lo");
  CHECK(tracker.since_last(parsed).empty());
}

TEST_CASE("of a long text that is streamed only the end is kept, and nothing is reported twice") {
  constexpr std::size_t kPieces = 50;
  const std::string piece = std::string(100'000, 'x') + "\n";
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.text_grows = true;
  std::string reported;
  for (std::size_t n = 0; n < kPieces; ++n) {
    parsed.text += piece;
    reported += tracker.since_last(parsed).text;
    parsed.forget_streamed();
    CHECK(parsed.text.size() <= (1u << 20));
  }
  CHECK(reported.size() == kPieces * piece.size());
  CHECK(parsed.forgotten + parsed.text.size() == reported.size());
  CHECK(reported.ends_with(parsed.text));
}

TEST_CASE("blanks are no answer, however many they are") {
  ParsedOutput parsed;
  parsed.text_grows = true;
  parsed.text.assign(3u << 20, '\n');
  parsed.forget_streamed();
  CHECK_FALSE(parsed.has_words());
  parsed.text = "words" + parsed.text;
  parsed.forget_streamed();
  CHECK(parsed.has_words());
  CHECK(parsed.text.starts_with("s\n"));  // what follows the last word may be no part of the answer
}

TEST_CASE("a text that is known only at the end is not reported before") {
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.text = "{\"answer\": 4";
  CHECK(tracker.since_last(parsed).empty());
}

TEST_CASE("a draft is reported as it is written, and never as certain") {
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.begin_draft();
  parsed.draft = "I will look";
  const OutputDelta delta = tracker.since_last(parsed);
  CHECK(delta.text == "I will look");
  CHECK_FALSE(delta.certain);
  CHECK_FALSE(delta.reset);
}

TEST_CASE("a new draft resets the one before, but only if a part of that was reported") {
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.begin_draft();
  CHECK_FALSE(tracker.since_last(parsed).reset);
  parsed.begin_draft();
  parsed.draft = "one";
  CHECK_FALSE(tracker.since_last(parsed).reset);
  parsed.begin_draft();
  parsed.draft = "two";
  const OutputDelta delta = tracker.since_last(parsed);
  CHECK(delta.reset);
  CHECK(delta.text == "two");
}

TEST_CASE("a draft that was replaced in between is reported from its beginning, however long both are") {
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.draft = "a long remark";
  CHECK(tracker.since_last(parsed).text == "a long remark");
  parsed.begin_draft();
  parsed.draft = "a long answer, longer than the remark";
  CHECK(tracker.since_last(parsed).text == "a long answer, longer than the remark");
}

TEST_CASE("what a backend is doing is reported when it changes, also when it ends") {
  DeltaTracker tracker;
  ParsedOutput parsed;
  parsed.doing = "loading qwen3:8b";
  CHECK(tracker.since_last(parsed).doing == "loading qwen3:8b");
  CHECK_FALSE(tracker.since_last(parsed).doing);
  parsed.doing.clear();
  CHECK(tracker.since_last(parsed).doing == "");
}

TEST_CASE("deltas that were not fetched yet are combined") {
  OutputDelta delta{.text = "one "};
  SECTION("text follows text") {
    delta.add({.text = "two"});
    CHECK(delta.text == "one two");
    CHECK_FALSE(delta.reset);
  }
  SECTION("a new beginning voids what was not even heard") {
    delta.add({.reset = true, .text = "two"});
    CHECK(delta.text == "two");
    CHECK(delta.reset);
  }
  SECTION("the latest word on what it does is the one that counts") {
    delta.add({.doing = "using Read"});
    delta.add({.text = "x"});
    CHECK(delta.doing == "using Read");
    CHECK(delta.text == "one x");
  }
}
