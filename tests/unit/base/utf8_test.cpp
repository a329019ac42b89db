#include "core/base/utf8.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace delegate;

namespace {

const std::string kByteOrderMark = "\xEF\xBF\xBD";

std::string marks(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += kByteOrderMark;
  return out;
}

}  // namespace

TEST_CASE("valid UTF-8 is left as it is") {
  for (const char* text : {"", "plain", "h\xC3\xA9", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    CHECK(valid_utf8(text) == text);
}

TEST_CASE("every byte that RFC 3629 does not allow is replaced") {
  struct Row {
    const char* text;
    int marks;
  };
  const Row rows[] = {{"\x80", 1},  // a continuation alone
                      {"\xBF\xBF", 2},
                      {"\xC0\xAF", 2},  // overlong
                      {"\xC1\xBF", 2},
                      {"\xE0\x9F\xBF", 3},
                      {"\xF0\x8F\xBF\xBF", 4},
                      {"\xED\xA0\x80", 3},  // surrogates
                      {"\xED\xBF\xBF", 3},
                      {"\xF4\x90\x80\x80", 4},  // beyond U+10FFFF
                      {"\xF5\x80\x80\x80", 4},
                      {"\xF8\x88\x80\x80\x80", 5},
                      {"\xFE", 1},
                      {"\xFF", 1},
                      {"\xC3", 1},  // cut off
                      {"\xE2\x82", 2},
                      {"\xF0\x9F\x98", 3}};
  for (const Row& row : rows) {
    INFO(row.marks << " bytes");
    CHECK(valid_utf8(row.text) == marks(row.marks));
    CHECK(valid_utf8("a" + std::string(row.text) + "b") == "a" + marks(row.marks) + "b");
  }
  CHECK(valid_utf8("\xC3\x28") == kByteOrderMark + "(");
}

TEST_CASE("a text is taken apart into code points, broken bytes one by one") {
  const std::string text = "a\xC3\xA9\xE2\x82\xF0\x9F\x98\x80";
  std::vector<char32_t> values;
  std::string bytes;
  int broken = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint point = take_code_point(rest);
    values.push_back(point.value);
    bytes += point.bytes;
    broken += point.is_valid ? 0 : 1;
  }
  CHECK(values == std::vector<char32_t>{U'a', U'\u00E9', U'\uFFFD', U'\uFFFD', U'\U0001F600'});
  CHECK(bytes == text);
  CHECK(broken == 2);
}

TEST_CASE("a text is cut between code points") {
  const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80";  // one, two and four bytes
  CHECK(cut_to_bytes(text, 0).empty());
  CHECK(cut_to_bytes(text, 1) == "a");
  CHECK(cut_to_bytes(text, 2) == "a");
  CHECK(cut_to_bytes(text, 3) == "a\xC3\xA9");
  CHECK(cut_to_bytes(text, 6) == "a\xC3\xA9");
  CHECK(cut_to_bytes(text, 7) == text);
  CHECK(cut_to_bytes(text, 100) == text);
  CHECK(cut_to_bytes("\x80\x80\x80", 2).empty());
  CHECK(shortened_to_bytes(text, 3) == "a\xC3\xA9…");
  CHECK(shortened_to_bytes(text, 7) == text);
}

TEST_CASE("the width of a text is what a terminal draws") {
  CHECK(display_width("") == 0);
  CHECK(display_width("plain") == 5);
  CHECK(display_width("h\xC3\xA9") == 2);
  CHECK(display_width("e\xCC\x81") == 1);     // a combining accent
  CHECK(display_width("\u4E2D\u6587") == 4);  // two wide characters
  CHECK(display_width("\U0001F600") == 2);
  CHECK(display_width("…") == 1);
  CHECK(display_width("\xFF") == 1);  // shown as U+FFFD
  CHECK(display_width("\u200B\uFE0F") == 0);
}

TEST_CASE("a line is cut to the columns of a terminal") {
  CHECK(cut_to_columns("abcdef", 6) == "abcdef");
  CHECK(cut_to_columns("abcdefg", 6) == "abcde…");
  CHECK(cut_to_columns("\u4E2D\u6587\u4E2D", 5) == "\u4E2D\u6587…");
  CHECK(cut_to_columns("\u4E2D\u6587\u4E2D", 4) == "\u4E2D…");
  CHECK(cut_to_columns("abc", 1) == "…");
  CHECK(cut_to_columns("abc", 0).empty());
}
