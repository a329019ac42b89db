#include "core/run/echoes.hpp"

#include <catch2/catch.hpp>

using namespace delegate;

namespace {
const std::string kPrompt =
    "summarise the plan for the northern harbour\nkeep \"it\" short: naïve über 😀 readers\nmy plan\n";
std::string masked(std::string_view line) { return Echoes(kPrompt).masked(line); }
}  // namespace

TEST_CASE("what repeats a part of the prompt is masked, the rest is kept") {
  CHECK(masked("Error: cannot handle: summarise the plan for the northern harbour!") == "Error: cannot handle: […]!");
  CHECK(masked("> the plan for the northern har") == "> […]");
  CHECK(masked("Error: the service is not available") == "Error: the service is not available");
  CHECK(masked("") == "");
}

TEST_CASE("blanks and JSON escapes do not hide a repetition") {
  CHECK(masked("summarise   the plan for\tthe northern harbour") == "[…]");
  CHECK(masked(R"(prompt="northern harbour\nkeep \"it\" short")") == R"(prompt="[…]")");
  CHECK(masked(R"("keep \"it\" short: na\u00efve \u00fcber \ud83d\ude00 readers")") == R"("[…]")");
}

TEST_CASE("a short line of the prompt is masked only as whole words") {
  const std::string prompt = "terminate\nok\n";
  CHECK(Echoes(prompt).masked("input: terminate") == "input: […]");
  CHECK(Echoes(prompt).masked("it terminated, ok") == "it terminated, ok");
}

TEST_CASE("in quotes only, what is quoted is masked") {
  const std::string prompt = "my quota is exhausted";
  CHECK(Echoes(prompt).masked_quotes("unexpected token near \"my quota is exhausted\"") ==
        "unexpected token near \"[…]\"");
  CHECK(Echoes(prompt).masked_quotes("Error: my quota is exhausted") == "Error: my quota is exhausted");
}

TEST_CASE("a mask never cuts a character in two") {
  const std::string text = "абвгдежзийклмнопрстуфхц";
  const std::string torn = text.substr(1, 30);  // begins and ends in the middle of a character
  CHECK(Echoes(torn).masked("x" + text + "y") == "x[…]" + text.substr(32) + "y");
}

TEST_CASE("any bytes are accepted, and an empty text repeats nothing") {
  CHECK(Echoes("").masked("as it is") == "as it is");
  for (const char* text : {"\\", "\\u", "\\u12", "\\ud800\\u", "\xFF\xFE\\", "\\\\\\\""}) {
    CHECK(Echoes(kPrompt).masked(text) == text);
    CHECK_NOTHROW(Echoes(text).masked(text));
  }
}
