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

TEST_CASE("an error that is a part of the prompt is kept where it is the whole message, and masked elsewhere") {
  const std::string prompt =
      "why does it say: You have hit your weekly limit, resets 10am\nplease explain: not logged in";
  Echoes echoes(prompt);
  for (const char* kept :
       {"You have hit your weekly limit, resets 10am", "Error: You have hit your weekly limit, resets 10am"})
    CHECK(echoes.masked_inside(kept) == kept);
  CHECK(echoes.masked_inside("user: You have hit your weekly limit, resets 10am") == "user: […]");
  CHECK(echoes.masked_inside("please explain: not logged in\nboom\n") == "[…]\nboom\n");
  CHECK(Echoes("my quota is exhausted").masked_inside("unexpected token near \"my quota is exhausted\"") ==
        "unexpected token near \"[…]\"");
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
