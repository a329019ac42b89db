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
  bool has_guessed = false;
};

enum class Model { any, thinker, separated };

Said say(std::string_view text, std::size_t step, Model model = Model::any, TextEnd end = TextEnd::whole) {
  SpokenText spoken;
  if (model == Model::thinker) spoken.expect_thinking();
  if (model == Model::separated) spoken.note_thought();
  Said said;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    said.is_taken_back = !spoken.add(said.answer, text.substr(0, step)) || said.is_taken_back;
    if (said.answer.size() > said.shown.size()) said.shown = said.answer;
  }
  spoken.finish(said.answer, end);
  said.has_guessed = spoken.has_guessed();
  said.ended_in_thought = spoken.ended_in_thought();
  return said;
}

void check(const std::string& text, const std::string& answer, Model model = Model::any) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{17}, std::string::npos}) {
    INFO(text << " by " << step);
    const Said said = say(text, step, model);
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
  check("<thinking>the tag </think> is quoted</thinking>Hello!", "Hello!", Model::thinker);
  check("<think>I may close with `</think>` here, hmm.</think>Hello!", "Hello!");
  check("<think>Like so:\n```\n</think>\n```\nhm</think>Hello!", "Hello!");
  check("<think>an odd ` tick</think>Hello!", "Hello!");
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
  check("analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello!", "Hello!");
  check("assistant<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello!",
        "Hello!");
  check("final<|message|>Hello!<|return|>", "Hello!");
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

TEST_CASE("elements of an answer stay, and so does what stands before a closing tag") {
  for (const char* text :
       {"<error><reason code=\"5\">disk full</reason><hint>free some</hint></error>", "<reason>Out of stock</reason>",
        "<reasoning>2+2</reasoning>\n<answer>4</answer>", "Write:\n<thought kind=\"a\">\nx\n</thought>\nThat is all.",
        "A template ends its thoughts with this line:\n</think>\nand then the answer follows.",
        "Use a fence:\n~~~\nx\n</think>\n~~~\nDone.", "So:\n\n    {{ thought }}\n    </think>\n\nThat is all.",
        "Okay, a fence:\n~~~\nx\n</think>\n~~~\nDone.", "Okay:\n\n    {{ thought }}\n    </think>\n\nThat is all.",
        "Okay, like so:\n<think kind=\"a\">\nx\n</think>\nDone."})
    check(text, text);
  check("Okay, hm.\n</think>\nIt ends with\n</think>\nand more.", "It ends with\n</think>\nand more.");
}

TEST_CASE("an element in which a model thinks is its answer if nothing follows it") {
  check("<reasoning>2+2</reasoning>\n<answer>4</answer>", "<answer>4</answer>", Model::thinker);
  check("<reason>Out of stock</reason>", "<reason>Out of stock</reason>", Model::thinker);
  check("<think>hm</think>", "", Model::thinker);
}

TEST_CASE("the end of a thought that a server did not separate is left out") {
  const std::string text = "the rest of my thoughts.\n</think>\n\nHello!";
  CHECK(say(text, 4, Model::separated).answer == "Hello!");
  CHECK(say(text, 4, Model::separated).is_taken_back);
  CHECK(say(text, 4, Model::separated).has_guessed);
  CHECK(say("Okay, hm.\n</think>\nHello!", 4).has_guessed);
  CHECK_FALSE(say("<think>Okay, hm.\n</think>\nHello!", 4).has_guessed);
}

TEST_CASE("of a thinking model nothing is shown before its thought has ended") {
  const std::string text = "Greetings are short.\n</think>\n\nHello!";
  check(text, "Hello!", Model::thinker);
  CHECK_FALSE(say(text, 4, Model::thinker).has_guessed);
  CHECK(say("Four.", 4, Model::thinker).answer == "Four.");
  CHECK_FALSE(say("Four.", 4, Model::thinker).ended_in_thought);
  const Said cut = say("The user wants a poem. I should", 4, Model::thinker, TextEnd::cut);
  CHECK(cut.answer.empty());
  CHECK(cut.ended_in_thought);
  CHECK(say("Roses are", 4, Model::any, TextEnd::cut).answer == "Roses are");
}
