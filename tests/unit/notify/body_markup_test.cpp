#include "core/notify/body_markup.hpp"

#include <catch2/catch.hpp>

using namespace delegate::notify::desktop;

namespace {

const std::string kMark = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("a body is escaped, because servers read it as markup, and a summary is not") {
  CHECK(body_markup("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y");
  CHECK(summary_text("<b>x</b> & y") == "<b>x</b> & y");
}

TEST_CASE("a summary is one line, a body keeps its lines") {
  CHECK(summary_text("a\nb\tc") == "a b c");
  CHECK(body_markup("a\nb\tc\r\n\nd\n") == "a\nb c\n\nd");
}

TEST_CASE("control characters are replaced") {
  using namespace std::string_literals;
  CHECK(summary_text("a\x1B[31mb\0c\x7F"s) == "a [31mb c ");
  CHECK(body_markup("a\xC2\x9B"
                    "b\0c"s) == "a b c");
}

TEST_CASE("what steers the direction of text is shown") {
  CHECK(body_markup("a\u202Eb") == "a&lt;U+202E&gt;b");
  CHECK(summary_text("a\u2066b") == "a<U+2066>b");
}

TEST_CASE("bytes that are not UTF-8 are replaced") {
  CHECK(summary_text("a\xFF\xC3") == "a" + kMark + kMark);
  CHECK(body_markup("\xED\xA0\x80") == kMark + kMark + kMark);
}

TEST_CASE("noncharacters are replaced, because libsystemd rejects a text that contains one") {
  for (const char* noncharacter :
       {"\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xEF\xB7\x90", "\xEF\xB7\xAF", "\xF0\x9F\xBF\xBE", "\xF4\x8F\xBF\xBF"}) {
    CHECK(summary_text("a" + std::string(noncharacter) + "b") == "a" + kMark + "b");
    CHECK(body_markup("a" + std::string(noncharacter) + "b") == "a" + kMark + "b");
  }
  for (const char* character :
       {"\xEF\xBF\xBD", "\xEF\xB7\x8F", "\xEF\xB7\xB0", "\xF0\x9F\x98\x80", "\xC3\xA4", "\xE2\x82\xAC"})
    CHECK(summary_text(character) == character);
}

TEST_CASE("long text is cut between two characters") {
  CHECK(summary_text(std::string(120, 'x')) == std::string(120, 'x'));
  CHECK(summary_text(std::string(121, 'x')) == std::string(120, 'x') + "…");
  CHECK(summary_text(std::string(119, 'x') + "€€") == std::string(119, 'x') + "…");
  CHECK(body_markup(std::string(399, 'x') + "€€") == std::string(399, 'x') + "…");
}

TEST_CASE("a markup entity is never split") {
  CHECK(body_markup(std::string(399, 'x') + "&&").ends_with("x&amp;…"));
  CHECK(body_markup(std::string(1000, '<')).size() == 400 * 4 + 3);
}
