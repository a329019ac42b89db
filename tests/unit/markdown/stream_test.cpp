#include "cli/markdown/stream.hpp"

#include <catch2/catch.hpp>

#include "core/base/utf8.hpp"

// Markdown laid out for a terminal, whole and in pieces.
using delegate::display_width;
using delegate::cli::markdown::Layout;
using delegate::cli::markdown::Stream;

namespace {

std::string laid_out(std::string_view text, const Layout& layout = {}) {
  Stream stream(layout);
  std::string out = stream.add(text);
  return out + stream.finish();
}

int widest_line(std::string_view text) {
  int widest = 0;
  while (!text.empty()) {
    widest = std::max(widest, display_width(text.substr(0, text.find('\n'))));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return widest;
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("each kind of block has its layout") {
  CHECK(laid_out("# Title\nA *b* **c** ~~d~~ `e`\nnext line") == "# Title\n\nA b c d `e`\nnext line\n");
  CHECK(laid_out("- one\n  - two\n- [x] done") == "• one\n  • two\n• ☑ done\n");
  CHECK(laid_out("9. nine\n10. ten\n    more") == "9. nine\n10. ten\n    more\n");
  CHECK(laid_out("> said\n>\n> again") == "│ said\n│\n│ again\n");
  CHECK(laid_out("```c\nint  a;\n\n\tb;\n```") == "  int  a;\n\n      b;\n");
  CHECK(laid_out("***", {.columns = 20}) == repeated("─", 20) + "\n");
  CHECK(laid_out("[the site](https://a.example/) <https://b.example>") ==
        "the site (https://a.example/) https://b.example\n");
  CHECK(laid_out("a &lt; b &#38;&amp; <b>c</b>") == "a < b && <b>c</b>\n");
}

TEST_CASE("styles are colours and attributes, and are left out without colour") {
  CHECK(laid_out("a **b** `c`", {.in_colour = true}) == "a \033[0;1mb\033[0m \033[0;36mc\033[0m\n");
}

TEST_CASE("a style goes on behind another one that was in it") {
  CHECK(laid_out("# A **b** c", {.in_colour = true}) == "\033[0;1mA b c\033[0m\n");
  CHECK(laid_out("*a _b_ c*", {.in_colour = true}) == "\033[0;3ma b c\033[0m\n");
}

TEST_CASE("where a link leads is shown, also if it is defined only behind what was printed") {
  CHECK(laid_out("See [docs][1].\n\n[1]: https://a.example/x \"title\"") ==
        "See [docs][1].\n\n[1]: https://a.example/x \"title\"\n");
  CHECK(laid_out("[1]: https://a.example/x\nand text") == "[1]: https://a.example/x\nand text\n");
  CHECK(laid_out("> [^n]: https://a.example/n") == "│ [^n]: https://a.example/n\n");
  CHECK(laid_out("```\n[1]: x\n```\n\n    [2]: y") == "  [1]: x\n\n  [2]: y\n");
}

TEST_CASE("lines are broken at the width, and wide characters take two columns") {
  CHECK(laid_out("one two three four five", {.columns = 16}) == "one two three\nfour five\n");
  CHECK(laid_out("- one two three four five", {.columns = 18}) == "• one two three\n  four five\n");
  CHECK(laid_out(repeated("漢", 10), {.columns = 16}) == repeated("漢", 8) + "\n漢漢\n");
}

TEST_CASE("a table is fitted to the width") {
  const std::string table = "| name | n |\n|:--|--:|\n| a | 1 |\n| 漢字 | 200 |\n";
  CHECK(laid_out(table) == "name │   n\n─────┼────\na    │   1\n漢字 │ 200\n");
  const std::string long_cells =
      "| head | other |\n|---|---|\n| " + repeated("word ", 30) + "| " + repeated("x", 90) + " |";
  CHECK(widest_line(laid_out(long_cells, {.columns = 40})) <= 40);
  CHECK(laid_out("| a | b | c | d |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |", {.columns = 20}) ==
        "a: 1\nb: 2\nc: 3\nd: 4\n");
}

TEST_CASE("a block is printed when it is complete, and the rest at the end") {
  Stream stream(Layout{});
  CHECK(stream.add("one **tw").empty());
  CHECK(stream.add("o**\n\n") == "");
  CHECK(stream.add("```\na\n\nb\n") == "one two\n");
  CHECK(stream.add("```\n\nend") == "\n  a\n\n  b\n");
  CHECK(stream.finish() == "\nend\n");
}

TEST_CASE("a text in pieces of one byte looks like the whole") {
  const std::string text =
      "# T\n\n1. a\n\n   b\n\n2. c\n\n- ```\n  x\n\n  y\n  ```\n\n| a |\n|---|\n| b |\n\nend *of* it";
  Stream stream(Layout{});
  std::string out;
  for (const char byte : text) out += stream.add(std::string_view(&byte, 1));
  CHECK(out + stream.finish() == laid_out(text));
}

TEST_CASE("control characters are shown, also those that an entity or an address stands for") {
  const std::string out = laid_out(
      "a\033[2J\n\n`\x07`\n\n&#27;&#x9b;\n\n[x](<\033]52>)\n\n```\n\u202E\n```\n\nb\0c"
      "\r\n");
  CHECK(out.find_first_of("\033\x07\r") == std::string::npos);
  CHECK(out.find("\u202E") == std::string::npos);
  CHECK(out.find("^[[2J") != std::string::npos);
  CHECK(laid_out(std::string_view("b\0c", 3)) == "b\uFFFDc\n");
}

TEST_CASE("text that is nested too deeply, too long or has too many cells is shown as it is") {
  CHECK(laid_out(repeated("> ", 5'000) + "x") == repeated("> ", 5'000) + "x\n");
  const std::string wide =
      "|" + repeated("a|", 2'000) + "\n|" + repeated("---|", 2'000) + "\n" + repeated("|b\n", 2'000);
  CHECK(laid_out(wide) == wide);
  const std::string line = repeated("*x", 5'000'000);
  CHECK(laid_out(line) == line);
  CHECK(laid_out(repeated("[", 60'000)).size() >= 60'000);
}
