#include <catch2/catch.hpp>

#include "core/run/news.hpp"

// What an attempt tells while it runs.
using namespace delegate;

TEST_CASE("text that only grows is told in pieces, each once") {
  Reporter reporter;
  Reading reading;
  reading.text_grows = true;
  CHECK(reporter.since_last(reading).empty());
  reading.text = "Hel";
  const News first = reporter.since_last(reading);
  CHECK(first.text == "Hel");
  CHECK(first.certain);
  CHECK_FALSE(first.anew);
  reading.text = "Hello";
  CHECK(reporter.since_last(reading).text == "lo");
  CHECK(reporter.since_last(reading).empty());
}

TEST_CASE("a text that is known only at the end is not told before") {
  Reporter reporter;
  Reading reading;
  reading.text = "{\"answer\": 4";
  CHECK(reporter.since_last(reading).empty());
}

TEST_CASE("a draft is told as it is written, and never as certain") {
  Reporter reporter;
  Reading reading;
  reading.begin_draft();
  reading.draft = "I will look";
  const News news = reporter.since_last(reading);
  CHECK(news.text == "I will look");
  CHECK_FALSE(news.certain);
  CHECK_FALSE(news.anew);
}

TEST_CASE("a new draft voids the one before, but only if something of that was told") {
  Reporter reporter;
  Reading reading;
  reading.begin_draft();
  CHECK_FALSE(reporter.since_last(reading).anew);
  reading.begin_draft();
  reading.draft = "one";
  CHECK_FALSE(reporter.since_last(reading).anew);
  reading.begin_draft();
  reading.draft = "two";
  const News news = reporter.since_last(reading);
  CHECK(news.anew);
  CHECK(news.text == "two");
}

TEST_CASE("a draft that was replaced between two looks is told from its beginning, however long both are") {
  Reporter reporter;
  Reading reading;
  reading.draft = "a long remark";
  CHECK(reporter.since_last(reading).text == "a long remark");
  reading.begin_draft();
  reading.draft = "a long answer, longer than the remark";
  CHECK(reporter.since_last(reading).text == "a long answer, longer than the remark");
}

TEST_CASE("what it is busy with is told when it changes, also when it ends") {
  Reporter reporter;
  Reading reading;
  reading.doing = "loading qwen3:8b";
  CHECK(reporter.since_last(reading).doing == "loading qwen3:8b");
  CHECK_FALSE(reporter.since_last(reading).doing);
  reading.doing.clear();
  CHECK(reporter.since_last(reading).doing == "");
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
