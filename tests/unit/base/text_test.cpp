#include "core/base/text.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using Strings = std::vector<std::string>;

namespace {

const std::string kMark = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("text is trimmed on both sides only") {
  CHECK(trim(" \t\r\n\v\fa b \n") == "a b");
  CHECK(trim("") == "");
  CHECK(trim(" \n ") == "");
  CHECK(trim("x") == "x");
}

TEST_CASE("text is split and joined") {
  CHECK(split("a,b,,c", ',') == std::vector<std::string_view>{"a", "b", "", "c"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(split(",", ',') == std::vector<std::string_view>{"", ""});
  CHECK(join(Strings{"a", "b"}, ", ") == "a, b");
  CHECK(join(Strings{"a"}, ", ") == "a");
  CHECK(join(Strings{}, ", ").empty());
}

TEST_CASE("case is ignored for ASCII only") {
  CHECK(lower("ABCxyzÄ09[") == "abcxyzÄ09[");
  CHECK(contains_ignoring_case("Nomic-EMBED-text", "embed"));
  CHECK(contains_ignoring_case("x", ""));
  CHECK_FALSE(contains_ignoring_case("", "x"));
}

TEST_CASE("a word matches only without a letter or digit on either side") {
  CHECK(contains_word("A Test.", "test"));
  CHECK(contains_word("latest test", "test"));
  CHECK(contains_word("a stack trace", "stack trace"));
  CHECK(contains_word("tl;dr", "tl;dr"));
  for (const char* text : {"latest", "testing", "test1", "1test", "contested", ""})
    CHECK_FALSE(contains_word(text, "test"));
}

TEST_CASE("the nearest candidate is the one that was probably meant") {
  const Strings candidates{"claude", "codex", "gemini", "ollama"};
  CHECK(nearest("cladue", candidates) == "claude");
  CHECK(nearest("CODX", candidates) == "codex");
  CHECK(nearest("gemin", candidates) == "gemini");
  CHECK(nearest("olama", candidates) == "ollama");
  CHECK(nearest("codex", candidates) == "codex");
  CHECK(nearest("postgres", candidates).empty());
  CHECK(nearest("", candidates).empty());
  CHECK(nearest(std::string(65, 'c'), candidates).empty());
  CHECK(nearest("x", Strings{}).empty());
}

TEST_CASE("a hint names what is near, and says something else when nothing is") {
  CHECK(did_you_mean("codex") == "did you mean `codex`?");
  CHECK(did_you_mean("codex", "see elsewhere") == "did you mean `codex`?");
  CHECK(did_you_mean("", "see elsewhere") == "see elsewhere");
  CHECK(did_you_mean("").empty());
}

TEST_CASE("what steers the direction of text or separates lines is shown as its number") {
  struct Row {
    std::string character;
    std::string shown;
  };
  for (const Row& row : std::vector<Row>{{"\u202A", "<U+202A>"},
                                         {"\u202B", "<U+202B>"},
                                         {"\u202C", "<U+202C>"},
                                         {"\u202D", "<U+202D>"},
                                         {"\u202E", "<U+202E>"},
                                         {"\u2066", "<U+2066>"},
                                         {"\u2067", "<U+2067>"},
                                         {"\u2068", "<U+2068>"},
                                         {"\u2069", "<U+2069>"},
                                         {"\u2028", "<U+2028>"},
                                         {"\u2029", "<U+2029>"}}) {
    CHECK(one_line("a" + row.character + "b") == "a" + row.shown + "b");
    CHECK(escape_controls("a" + row.character + "b") == "a" + row.shown + "b");
    CHECK(escape_steering("\x1b[1ma" + row.character) == "\x1b[1ma" + row.shown);
  }
  CHECK(one_line("a\u202Eb") == "a<U+202E>b");
  SECTION("the marks that text from right to left needs stay in an answer, not in a message") {
    for (const char* mark : {"\u061C", "\u200E", "\u200F"}) {
      CHECK(escape_controls(std::string("a") + mark) == std::string("a") + mark);
      CHECK(one_line(std::string("a") + mark + "b").find("<U+") == 1);
    }
  }
  CHECK(escape_controls("\u05E9\u05DC\u05D5\u05DD \u200D\u2026") == "\u05E9\u05DC\u05D5\u05DD \u200D\u2026");
}

TEST_CASE("one line has no control characters") {
  CHECK(one_line(" two\nlines\r\n ") == "two lines");
  CHECK(one_line("a\x1B[31mred\x07\x7F") == "a [31mred  ");
  CHECK(one_line(std::string("a\0b", 3)) == "a b");
  CHECK(one_line("\xFF") == kMark);
  CHECK(one_line("h\xC3\xA9 \xE2\x82\xAC") == "h\xC3\xA9 \xE2\x82\xAC");
  SECTION("nor those above ASCII, which some terminals act on") {
    CHECK(one_line("a\xC2\x9B"
                   "31mb") == "a 31mb");
    CHECK(one_line("a\xC2\x85"
                   "b") == "a b");
    CHECK(one_line("a\xC2\xA0"
                   "b") ==
          "a\xC2\xA0"
          "b");
  }
}

TEST_CASE("one line is cut between characters") {
  CHECK(one_line("abcdef", 6) == "abcdef");
  CHECK(one_line("abcdefg", 6) == "abcdef…");
  CHECK(one_line("abcde\xC3\xA9", 6) == "abcde…");
  CHECK(one_line("\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 7) == "\xF0\x9F\x98\x80…");
  CHECK(one_line("\xC3\xA9", 1) == "…");
  CHECK(one_line(std::string(1000, 'x')) == std::string(400, 'x') + "…");
}

TEST_CASE("a bounded memory keeps everything that fits") {
  HeadAndTail memory(4, 3);
  CHECK(memory.text().empty());
  CHECK(memory.tail().empty());
  memory.add("abcd");
  CHECK(memory.text() == "abcd");
  CHECK(memory.head() == "abcd");
  CHECK(memory.tail() == "bcd");
  memory.add("efg");
  CHECK(memory.text() == "abcdefg");
  CHECK(memory.tail() == "efg");
  CHECK(memory.total() == 7);
}

TEST_CASE("a bounded memory counts what it dropped") {
  HeadAndTail memory(4, 3);
  memory.add("abcdefgh");
  CHECK(memory.text() == "abcd\n[… 1 bytes left out …]\nfgh");
  CHECK(memory.tail() == "fgh");
  CHECK(memory.total() == 8);
}

TEST_CASE("a bounded memory does not depend on how the bytes arrive") {
  std::string all;
  for (int i = 0; i < 1000; ++i) all += std::to_string(i);
  HeadAndTail at_once(10, 10);
  HeadAndTail in_bytes(10, 10);
  at_once.add(all);
  for (const char c : all) in_bytes.add({&c, 1});
  CHECK(at_once.text() == in_bytes.text());
  CHECK(at_once.tail() == in_bytes.tail());
  CHECK(at_once.total() == in_bytes.total());
  CHECK(at_once.text() == "0123456789\n[… 2870 bytes left out …]\n6997998999");
}

TEST_CASE("a memory without room keeps nothing but the count") {
  HeadAndTail none(0, 0);
  none.add("abc");
  CHECK(none.text() == "\n[… 3 bytes left out …]\n");
  CHECK(none.tail().empty());
  CHECK(none.total() == 3);
}

TEST_CASE("a text without directories has only the names of its files") {
  CHECK(without_directories("/home/jo/state.db: query: no such table") == "state.db: query: no such table");
  CHECK(without_directories("/home/jo smith/state.db: cannot be opened") == "state.db: cannot be opened");
  CHECK(without_directories("'/home/jo smith/hook' is not there") == "'hook' is not there");
  CHECK(without_directories("stat(/a/b/c) of unix:path=/run/user/7/bus failed at /a/b/") ==
        "stat(c) of unix:path=bus failed at b/");
  CHECK(without_directories("/only/this") == "this");
  for (const char* kept : {"", "/", "//", "'/", "a / b", "and/or", "http://127.0.0.1:1/api/tags", "exit status 7"})
    CHECK(without_directories(kept) == kept);
}

TEST_CASE("a text for a shell is in quotes, a word only if it needs them") {
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("plain") == "'plain'");
  CHECK(shell_quoted("it's $HOME") == "'it'\\''s $HOME'");
  for (const char* plain : {"", "codex", "/opt/My-Tools_2/a.b", "NAME=1,2:3+4@5%6"}) CHECK(shell_word(plain) == plain);
  for (const char* special : {"two words", "it's", "~", "$HOME", "a;b", "*", "\xC3\xA9"})
    CHECK(shell_word(special) == shell_quoted(special));
}
