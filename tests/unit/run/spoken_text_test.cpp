#include "core/run/spoken_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

// What a model thinks aloud in its content is no part of the answer, and is never shown as one.
using namespace delegate;

namespace {

struct Said {
  std::string answer;
  std::string shown;  // the longest text that was certain before the end
  bool is_taken_back = false;
  bool ended_in_thought = false;
};

Said say(std::string_view text, std::size_t step, bool is_thinker = false) {
  SpokenText spoken;
  if (is_thinker) spoken.expect_thinking();
  Said said;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    said.is_taken_back = !spoken.add(said.answer, text.substr(0, step)) || said.is_taken_back;
    if (said.answer.size() > said.shown.size()) said.shown = said.answer;
  }
  spoken.finish(said.answer);
  said.ended_in_thought = spoken.ended_in_thought();
  return said;
}

void check(const std::string& text, const std::string& answer) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{17}, std::string::npos}) {
    INFO(text << " by " << step);
    const Said said = say(text, step);
    CHECK(said.answer == answer);
    CHECK_FALSE(said.is_taken_back);
    CHECK(answer.starts_with(said.shown));
  }
}

}  // namespace

TEST_CASE("thoughts at the beginning are left out, however they are marked") {
  check("<think>\nLet me see.\n</think>\n\nHello!", "Hello!");
  check(" \n<think></think>Hello!", "Hello!");
  check("<think>a</think>\n<think>b</think>\nHello!", "Hello!");
  check("<thinking>the tag </think> is quoted</thinking>Hello!", "Hello!");
  check("[THINK]hm[/THINK]Hello!", "Hello!");
  check("<|START_THINKING|>hm<|END_THINKING|>Hello!", "Hello!");
  check("</think>\n\nHello!", "Hello!");
  check("Okay, the user says hi.\n</think>\n\nHello!", "Hello!");
  check("The user greets.</think>Hello!", "Hello!");
  check("We need `</think>` here.\n</think>\nHello!", "Hello!");
}

TEST_CASE("only the final channel is the answer") {
  check("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello!<|return|>",
        "Hello!");
  check("<|start|>assistant<|channel|>final <|constrain|>json<|message|>{\"a\": \"<|x|>\"}", "{\"a\": \"<|x|>\"}");
  check("<|channel|>commentary to=x<|message|>{}<|call|><|start|>assistant<|channel|>final<|message|>a < b", "a < b");
  check("<|channel|>analysis<|message|>Hm.<|end|>\nHello!", "Hello!");
  check("analysisThe user says hi.assistantfinalHello!", "Hello!");
}

TEST_CASE("an answer that only speaks of such marks stays as it is") {
  for (const char* text :
       {"Use the <think> tag like so: `<think>x</think>`.", "  \n indented", "Write </think> to close it.",
        "Like this:\n```\nx\n</think>\n```\n", "<b>bold</b>", "<", "<thin", "<|im", "<thinker>", "Okay, here it is.",
        "The user \"</think>\" is odd.", "analysis of a market", "a <|channel|> b", "See:\n<think>\nx\n</think>\n"})
    check(text, text);
}

TEST_CASE("thoughts without an end are no answer") {
  for (const char* text : {"<think>hm", "<|channel|>analysis<|message|>hm", "<|start|>assistant"}) {
    check(text, "");
    CHECK(say(text, 2).ended_in_thought);
  }
  CHECK_FALSE(say("Hello!", 2).ended_in_thought);
}

TEST_CASE("text that turns out to be a thought is taken back; of a thinking model it is never shown") {
  const std::string text = "Greetings are short.\n</think>\n\nHello!";
  CHECK(say(text, 4).answer == "Hello!");
  CHECK(say(text, 4).is_taken_back);
  CHECK(say(text, 4, true).answer == "Hello!");
  CHECK_FALSE(say(text, 4, true).is_taken_back);
  CHECK(say(text, 4, true).shown == "Hello!");
}
