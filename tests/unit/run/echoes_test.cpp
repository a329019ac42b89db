#include "core/run/echoes.hpp"

#include <catch2/catch.hpp>

using namespace delegate;

namespace {
const std::string kPrompt =
    "summarise the plan for the northern harbour\nkeep \"it\" short: naïve über 😀 readers\nmy plan\n";
std::string masked(std::string_view line) { return Echoes(kPrompt).masked(line); }
constexpr auto kQuoted = Echoes::Kept::quoted_error;
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

TEST_CASE("escapes inside escapes, addresses and capitals do not hide it either") {
  const std::string prompt = "look at C:\\temp\\nightjar for me\nwhy \"is it\" so slow today";
  CHECK(Echoes(prompt).masked(R"("look at C:\\temp\\nightjar for me")") == R"("[…]")");
  CHECK(Echoes(prompt).masked(R"({\"p\":\"why \\\"is it\\\" so slow today\"})") == R"({\"p\":\"[…]\"})");
  CHECK(Echoes(prompt).masked("q=why%20%22is%20it%22%20so%20slow%20today&x=1") == "q=[…]&x=1");
  CHECK(Echoes(prompt).masked("WHY \"IS IT\" SO SLOW TODAY!") == "[…]!");
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
    CHECK(echoes.masked(kept, kQuoted) == kept);
  CHECK(echoes.masked("user: You have hit your weekly limit, resets 10am", kQuoted) == "user: […]");
  CHECK(echoes.masked("please explain: not logged in\nboom\n", kQuoted) == "[…]\nboom\n");
  CHECK(Echoes("my quota is exhausted").masked("unexpected token near \"my quota is exhausted\"", kQuoted) ==
        "unexpected token near \"[…]\"");
}

TEST_CASE("an error that the prompt quotes is still an error") {
  const std::string limit = "You've hit your usage limit. Try again at 9:46 PM.";
  for (const std::string prompt : {"usage limit", "Notes\nUsage limit\nmore", limit.c_str(),
                                   "Why does it say You've hit your usage limit when I have credits?"}) {
    INFO(prompt);
    CHECK(Echoes(prompt).masked(limit, kQuoted) == limit);
  }
  CHECK(Echoes("first\n" + limit + "\nlast").masked(limit + "\n", kQuoted) == limit + "\n");
  CHECK(Echoes("Why does it print quota exceeded on Mondays?")
            .masked("Why does it print quota exceeded on Mon", kQuoted) == "[…]");
  CHECK(Echoes("quota exceeded").masked("invalid value: quota exceeded", kQuoted) == "invalid value: […]");
  CHECK(Echoes("quota exceeded").masked("invalid value 'quota exceeded'", kQuoted) == "invalid value '[…]'");
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
