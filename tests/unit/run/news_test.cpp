#include <catch2/catch.hpp>

#include "core/run/news.hpp"

// What an attempt tells while it runs.
using namespace delegate;

TEST_CASE("text that only grows is told in pieces, each once") {
  Reporter reporter;
  ParsedOutput parsed;
  parsed.text_grows = true;
  CHECK(reporter.since_last(parsed).empty());
  parsed.text = "Hel";
  const News first = reporter.since_last(parsed);
  CHECK(first.text == "Hel");
  CHECK(first.certain);
  CHECK_FALSE(first.anew);
  parsed.text = "Hello";
  CHECK(reporter.since_last(parsed).text == "lo");
  CHECK(reporter.since_last(parsed).empty());
}

TEST_CASE("a text that is known only at the end is not told before") {
  Reporter reporter;
  ParsedOutput parsed;
  parsed.text = "{\"answer\": 4";
  CHECK(reporter.since_last(parsed).empty());
}

TEST_CASE("a draft is told as it is written, and never as certain") {
  Reporter reporter;
  ParsedOutput parsed;
  parsed.begin_draft();
  parsed.draft = "I will look";
  const News news = reporter.since_last(parsed);
  CHECK(news.text == "I will look");
  CHECK_FALSE(news.certain);
  CHECK_FALSE(news.anew);
}

TEST_CASE("a new draft voids the one before, but only if something of that was told") {
  Reporter reporter;
  ParsedOutput parsed;
  parsed.begin_draft();
  CHECK_FALSE(reporter.since_last(parsed).anew);
  parsed.begin_draft();
  parsed.draft = "one";
  CHECK_FALSE(reporter.since_last(parsed).anew);
  parsed.begin_draft();
  parsed.draft = "two";
  const News news = reporter.since_last(parsed);
  CHECK(news.anew);
  CHECK(news.text == "two");
}

TEST_CASE("a draft that was replaced between two looks is told from its beginning, however long both are") {
  Reporter reporter;
  ParsedOutput parsed;
  parsed.draft = "a long remark";
  CHECK(reporter.since_last(parsed).text == "a long remark");
  parsed.begin_draft();
  parsed.draft = "a long answer, longer than the remark";
  CHECK(reporter.since_last(parsed).text == "a long answer, longer than the remark");
}

TEST_CASE("what it is busy with is told when it changes, also when it ends") {
  Reporter reporter;
  ParsedOutput parsed;
  parsed.doing = "loading qwen3:8b";
  CHECK(reporter.since_last(parsed).doing == "loading qwen3:8b");
  CHECK_FALSE(reporter.since_last(parsed).doing);
  parsed.doing.clear();
  CHECK(reporter.since_last(parsed).doing == "");
}

TEST_CASE("news that nobody has fetched yet are joined") {
  News news{.text = "one "};
  SECTION("text follows text") {
    news.add({.text = "two"});
    CHECK(news.text == "one two");
    CHECK_FALSE(news.anew);
  }
  SECTION("a new beginning voids what was not even heard") {
    news.add({.anew = true, .text = "two"});
    CHECK(news.text == "two");
    CHECK(news.anew);
  }
  SECTION("the latest word on what it does is the one that counts") {
    news.add({.doing = "using Read"});
    news.add({.text = "x"});
    CHECK(news.doing == "using Read");
    CHECK(news.text == "one x");
  }
}
